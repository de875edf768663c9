"""What templates declare can be read back from the embedded AWS through ordinary calls."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws

Deploy = Callable[[dict[str, Any]], dict[str, str]]
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}
NUMBERS = count()


@pytest.fixture
def deploy(aws: EmbeddedAws) -> Deploy:
    """Create a stack of these resources; return their physical ids."""

    def create(resources: dict[str, Any]) -> dict[str, str]:
        cloudformation, name = aws.client("cloudformation"), f"resources-{next(NUMBERS)}"
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        listed = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    return create


def test_a_bucket_with_all_that_protects_it(aws: EmbeddedAws, deploy: Deploy) -> None:
    s3 = aws.client("s3")
    ids = deploy(
        {
            "Logs": {"Type": "AWS::S3::Bucket", "Properties": {}},
            "Archive": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "ObjectLockEnabled": True,
                    "ObjectLockConfiguration": {
                        "ObjectLockEnabled": "Enabled",
                        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 365}},
                    },
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "BucketEncryption": {
                        "ServerSideEncryptionConfiguration": [
                            {
                                "ServerSideEncryptionByDefault": {
                                    "SSEAlgorithm": "aws:kms",
                                    "KMSMasterKeyID": "alias/audit",
                                },
                                "BucketKeyEnabled": True,
                            }
                        ]
                    },
                    "LoggingConfiguration": {
                        "DestinationBucketName": {"Ref": "Logs"},
                        "LogFilePrefix": "archive/",
                    },
                    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                    "PublicAccessBlockConfiguration": {
                        "BlockPublicAcls": True,
                        "BlockPublicPolicy": True,
                        "IgnorePublicAcls": True,
                        "RestrictPublicBuckets": True,
                    },
                    "LifecycleConfiguration": {
                        "Rules": [
                            {
                                "Id": "older",
                                "Status": "Enabled",
                                "ExpirationInDays": 366,
                                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                                "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                                "Transitions": [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}],
                            }
                        ]
                    },
                },
            },
            "ArchivePolicy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Archive"}, "PolicyDocument": POLICY},
            },
        }
    )
    where = {"Bucket": ids["Archive"]}
    lock = s3.get_object_lock_configuration(**where)["ObjectLockConfiguration"]
    retention = lock["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 365)
    assert s3.get_bucket_versioning(**where)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(**where)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == "alias/audit"
    logging = s3.get_bucket_logging(**where)["LoggingEnabled"]
    assert logging == {"TargetBucket": ids["Logs"], "TargetPrefix": "archive/"}
    owner = s3.get_bucket_ownership_controls(**where)["OwnershipControls"]["Rules"]
    assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert set(s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"].values()) == {True}
    life = s3.get_bucket_lifecycle_configuration(**where)["Rules"][0]
    assert life["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER_IR"}]
    assert life["Expiration"]["Days"] == 366
    assert life["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1
    assert life["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert json.loads(s3.get_bucket_policy(**where)["Policy"]) == POLICY
    # Kept, and not evaluated.
    s3.put_object(**where, Key="a", Body=b"b")


def test_a_trail_that_records_everything(aws: EmbeddedAws, deploy: Deploy) -> None:
    selectors = [
        {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
    ]
    ids = deploy(
        {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
            "Trail": {
                "Type": "AWS::CloudTrail::Trail",
                "Properties": {
                    "TrailName": "everything",
                    "S3BucketName": {"Ref": "Bucket"},
                    "IsLogging": True,
                    "IsMultiRegionTrail": True,
                    "IncludeGlobalServiceEvents": True,
                    "EnableLogFileValidation": True,
                    "KMSKeyId": "alias/audit",
                    "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-central-1:123456789012:log-group:trail:*",
                    "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/trail",
                    "AdvancedEventSelectors": selectors,
                },
            },
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"DisplayName": {"Fn::GetAtt": ["Trail", "Arn"]}},
            },
        }
    )
    cloudtrail = aws.client("cloudtrail")
    trail = cloudtrail.get_trail(Name=ids["Trail"])["Trail"]
    assert trail["IsMultiRegionTrail"]
    assert trail["LogFileValidationEnabled"]
    assert trail["HasCustomEventSelectors"]
    assert trail["KmsKeyId"] == "alias/audit"
    assert trail["CloudWatchLogsLogGroupArn"].endswith(":trail:*")
    assert cloudtrail.get_trail_status(Name=ids["Trail"])["IsLogging"]
    assert cloudtrail.get_event_selectors(TrailName=ids["Trail"])["AdvancedEventSelectors"] == selectors
    topic = aws.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert topic["DisplayName"] == trail["TrailARN"]


def test_a_topic_with_its_key_its_policy_and_its_subscribers(aws: EmbeddedAws, deploy: Deploy) -> None:
    ids = deploy(
        {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "alias/storage"}},
            "Policy": {
                "Type": "AWS::SNS::TopicPolicy",
                "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": POLICY},
            },
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": {"Ref": "Topic"},
                    "Protocol": "https",
                    "Endpoint": "https://example.invalid/alarms",
                },
            },
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
            "QueuePolicy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": POLICY},
            },
        }
    )
    sns = aws.client("sns")
    attributes = sns.get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert attributes["KmsMasterKeyId"] == "alias/storage"
    assert json.loads(attributes["Policy"]) == POLICY
    subscribed = sns.list_subscriptions_by_topic(TopicArn=ids["Topic"])["Subscriptions"]
    assert [each["Endpoint"] for each in subscribed] == ["https://example.invalid/alarms"]
    # Nothing leaves this machine: a URL that is subscribed receives nothing, and nothing fails.
    sns.publish(TopicArn=ids["Topic"], Message="x")
    url = aws.client("sqs").get_queue_url(QueueName=ids["Queue"].rpartition("/")[2])["QueueUrl"]
    kept = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(kept["Policy"]) == POLICY


def test_queries_over_a_table_of_the_catalog(aws: EmbeddedAws, deploy: Deploy) -> None:
    table = {
        "Name": "events",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"projection.enabled": True},
        "PartitionKeys": [{"Name": "day", "Type": "string"}],
        "StorageDescriptor": {"Columns": [{"Name": "eventname", "Type": "string"}], "Location": "s3://b/a"},
    }
    configuration = {
        "BytesScannedCutoffPerQuery": 10_000_000_000,
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {
            "OutputLocation": "s3://results/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "alias/audit"},
        },
    }
    ids = deploy(
        {
            "Database": {
                "Type": "AWS::Glue::Database",
                "Properties": {"CatalogId": "123456789012", "DatabaseInput": {"Name": "audit_test"}},
            },
            "Table": {
                "Type": "AWS::Glue::Table",
                "Properties": {
                    "CatalogId": "123456789012",
                    "DatabaseName": {"Ref": "Database"},
                    "TableInput": table,
                },
            },
            "Workgroup": {
                "Type": "AWS::Athena::WorkGroup",
                "Properties": {"Name": "audit-test", "WorkGroupConfiguration": configuration},
            },
            "Query": {
                "Type": "AWS::Athena::NamedQuery",
                "Properties": {
                    "Name": "who",
                    "Database": {"Ref": "Database"},
                    "WorkGroup": {"Ref": "Workgroup"},
                    "QueryString": "SELECT 1",
                },
            },
        }
    )
    glue, athena = aws.client("glue"), aws.client("athena")
    found = glue.get_table(DatabaseName=ids["Database"], Name=ids["Table"])["Table"]
    assert found["Parameters"] == {"projection.enabled": "true"}
    assert found["PartitionKeys"] == table["PartitionKeys"]
    assert found["StorageDescriptor"]["Location"] == "s3://b/a"
    kept = athena.get_work_group(WorkGroup=ids["Workgroup"])["WorkGroup"]["Configuration"]
    assert {name: kept[name] for name in configuration} == configuration
    [identity] = athena.list_named_queries(WorkGroup="audit-test")["NamedQueryIds"]
    query = athena.get_named_query(NamedQueryId=identity)["NamedQuery"]
    assert (identity, query["Name"], query["QueryString"]) == (ids["Query"], "who", "SELECT 1")


def test_a_firewall_and_what_it_protects(aws: EmbeddedAws, deploy: Deploy) -> None:
    visible = {"CloudWatchMetricsEnabled": True, "MetricName": "m", "SampledRequestsEnabled": False}
    rules = [
        {
            "Name": "rate",
            "Priority": 0,
            "Action": {"Block": {}},
            "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
            "VisibilityConfig": visible,
        },
        {
            "Name": "managed",
            "Priority": 1,
            "OverrideAction": {"None": {}},
            "Statement": {
                "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}
            },
            "VisibilityConfig": visible,
        },
    ]
    stage = f"arn:aws:apigateway:{aws.region}::/restapis/{aws.outputs['ApiId']}/stages/v1"
    logs = f"arn:aws:logs:{aws.region}:123456789012:log-group:aws-waf-logs-test"
    deploy(
        {
            "Acl": {
                "Type": "AWS::WAFv2::WebACL",
                "Properties": {
                    "Name": "test",
                    "Scope": "REGIONAL",
                    "DefaultAction": {"Allow": {}},
                    "VisibilityConfig": visible,
                    "Rules": rules,
                },
            },
            "Association": {
                "Type": "AWS::WAFv2::WebACLAssociation",
                "Properties": {"WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]}, "ResourceArn": stage},
            },
            "Logging": {
                "Type": "AWS::WAFv2::LoggingConfiguration",
                "Properties": {
                    "ResourceArn": {"Fn::GetAtt": ["Acl", "Arn"]},
                    "LogDestinationConfigs": [logs],
                    "RedactedFields": [{"SingleHeader": {"Name": "authorization"}}],
                },
            },
        }
    )
    waf = aws.client("wafv2")
    acl = waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]
    assert acl["Rules"] == rules
    kept = waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
    assert kept["LogDestinationConfigs"] == [logs]
    assert kept["RedactedFields"] == [{"SingleHeader": {"Name": "authorization"}}]


def test_a_vault_its_plan_and_what_the_plan_copies(aws: EmbeddedAws, deploy: Deploy) -> None:
    lock = {"MinRetentionDays": 35, "MaxRetentionDays": 36, "ChangeableForDays": 3}
    ids = deploy(
        {
            "Vault": {
                "Type": "AWS::Backup::BackupVault",
                "Properties": {
                    "BackupVaultName": "vault-test",
                    "EncryptionKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/k",
                    "AccessPolicy": POLICY,
                    "LockConfiguration": lock,
                },
            },
            "Plan": {
                "Type": "AWS::Backup::BackupPlan",
                "Properties": {
                    "BackupPlan": {
                        "BackupPlanName": "daily",
                        "BackupPlanRule": [
                            {
                                "RuleName": "daily",
                                "TargetBackupVault": {"Fn::GetAtt": ["Vault", "BackupVaultName"]},
                                "ScheduleExpression": "cron(0 3 * * ? *)",
                                "Lifecycle": {"DeleteAfterDays": 35},
                            }
                        ],
                    }
                },
            },
            "Selection": {
                "Type": "AWS::Backup::BackupSelection",
                "Properties": {
                    "BackupPlanId": {"Fn::GetAtt": ["Plan", "BackupPlanId"]},
                    "BackupSelection": {
                        "SelectionName": "records",
                        "IamRoleArn": "arn:aws:iam::123456789012:role/backup",
                        "Resources": ["arn:aws:dynamodb:eu-central-1:123456789012:table/t"],
                    },
                },
            },
        }
    )
    backup = aws.client("backup")
    vault = backup.describe_backup_vault(BackupVaultName="vault-test")
    assert {name: vault[name] for name in ("Locked", "MinRetentionDays", "MaxRetentionDays")} == {
        "Locked": True,
        "MinRetentionDays": 35,
        "MaxRetentionDays": 36,
    }
    assert json.loads(backup.get_backup_vault_access_policy(BackupVaultName="vault-test")["Policy"]) == POLICY
    [rule] = backup.get_backup_plan(BackupPlanId=ids["Plan"])["BackupPlan"]["Rules"]
    assert (rule["TargetBackupVaultName"], rule["Lifecycle"]["DeleteAfterDays"]) == ("vault-test", 35)
    [listed] = backup.list_backup_selections(BackupPlanId=ids["Plan"])["BackupSelectionsList"]
    found = backup.get_backup_selection(BackupPlanId=ids["Plan"], SelectionId=listed["SelectionId"])
    assert found["BackupSelection"]["Resources"] == ["arn:aws:dynamodb:eu-central-1:123456789012:table/t"]


def test_a_network_without_a_way_out(aws: EmbeddedAws, deploy: Deploy) -> None:
    ids = deploy(
        {
            "Vpc": {
                "Type": "AWS::EC2::VPC",
                "Properties": {"CidrBlock": "10.9.0.0/20", "EnableDnsHostnames": True},
            },
            "Subnet": {
                "Type": "AWS::EC2::Subnet",
                "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.0.0/24"},
            },
            "Routes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
            "RoutesOfSubnet": {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {"RouteTableId": {"Ref": "Routes"}, "SubnetId": {"Ref": "Subnet"}},
            },
            "Functions": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {
                    "GroupDescription": "functions",
                    "VpcId": {"Ref": "Vpc"},
                    "SecurityGroupEgress": [
                        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
                    ],
                },
            },
            "Endpoint": {
                "Type": "AWS::EC2::VPCEndpoint",
                "Properties": {
                    "VpcId": {"Ref": "Vpc"},
                    "ServiceName": "com.amazonaws.eu-central-1.kms",
                    "VpcEndpointType": "Interface",
                    "PrivateDnsEnabled": True,
                    "SubnetIds": [{"Ref": "Subnet"}],
                    "SecurityGroupIds": [{"Fn::GetAtt": ["Functions", "GroupId"]}],
                    "PolicyDocument": POLICY,
                },
            },
            "Out": {
                "Type": "AWS::EC2::SecurityGroupEgress",
                "Properties": {
                    "GroupId": {"Fn::GetAtt": ["Functions", "GroupId"]},
                    "IpProtocol": "tcp",
                    "FromPort": 80,
                    "ToPort": 80,
                    "DestinationSecurityGroupId": {"Fn::GetAtt": ["Functions", "GroupId"]},
                },
            },
        }
    )
    ec2 = aws.client("ec2")
    [endpoint] = ec2.describe_vpc_endpoints(VpcEndpointIds=[ids["Endpoint"]])["VpcEndpoints"]
    assert json.loads(endpoint["PolicyDocument"]) == POLICY
    assert endpoint["PrivateDnsEnabled"]
    [group] = ec2.describe_security_groups(GroupIds=[ids["Functions"]])["SecurityGroups"]
    assert sorted(rule["FromPort"] for rule in group["IpPermissionsEgress"]) == [80, 443]
    dns = ec2.describe_vpc_attribute(VpcId=ids["Vpc"], Attribute="enableDnsHostnames")
    assert dns["EnableDnsHostnames"]["Value"]
    [subnet] = ec2.describe_subnets(SubnetIds=[ids["Subnet"]])["Subnets"]
    assert not subnet["MapPublicIpOnLaunch"]


def test_a_code_signing_configuration(aws: EmbeddedAws, deploy: Deploy) -> None:
    profile = "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/p/v"
    ids = deploy(
        {
            "Signing": {
                "Type": "AWS::Lambda::CodeSigningConfig",
                "Properties": {
                    "AllowedPublishers": {"SigningProfileVersionArns": [profile]},
                    "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"},
                },
            }
        }
    )
    found = aws.client("lambda").get_code_signing_config(CodeSigningConfigArn=ids["Signing"])
    kept = found["CodeSigningConfig"]
    assert kept["AllowedPublishers"] == {"SigningProfileVersionArns": [profile]}
    assert kept["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}


def test_an_api_that_answers_endpoints_only(aws: EmbeddedAws, deploy: Deploy) -> None:
    ids = deploy(
        {
            "Api": {
                "Type": "AWS::ApiGateway::RestApi",
                "Properties": {
                    "Name": "private",
                    "Policy": POLICY,
                    "EndpointConfiguration": {"Types": ["PRIVATE"], "VpcEndpointIds": ["vpce-1"]},
                },
            }
        }
    )
    api = aws.client("apigateway").get_rest_api(restApiId=ids["Api"])
    assert json.loads(api["policy"]) == POLICY
    assert api["endpointConfiguration"]["types"] == ["PRIVATE"]
    assert api["endpointConfiguration"]["vpcEndpointIds"] == ["vpce-1"]


def test_a_type_that_is_not_known_stops_the_deployment(deploy: Deploy) -> None:
    with pytest.raises(ClientError, match="cannot create AWS::Nothing::AtAll"):
        deploy({"Nothing": {"Type": "AWS::Nothing::AtAll", "Properties": {}}})
