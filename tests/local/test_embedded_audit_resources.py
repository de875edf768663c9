"""What records, keeps and tells of an audit can be read back from the embedded AWS through ordinary calls."""

import json

from local.embedded import EmbeddedAws
from tests.local.conftest import POLICY, Deploy


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
