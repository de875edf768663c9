"""What guards a service can be read back from the embedded AWS through ordinary calls."""

import json

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from tests.local.conftest import POLICY, Deploy


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
