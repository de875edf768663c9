"""What the embedded AWS holds of a deployed resource, as ordinary calls of its service describe it."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from local.clients import Clients
from local.network_descriptions import DESCRIBE as NETWORK

Properties = Mapping[str, Any]
Describe = Callable[[Clients, str, Properties], Any]


def describe(clients: Clients, resource_type: str, physical_id: str, properties: Properties) -> Any:  # noqa: ANN401
    """Return what is described of a resource; nothing where no call describes its type.

    Parameters
    ----------
    properties
        Of the template, with references resolved.
    """
    found = _DESCRIBE.get(resource_type)
    return None if found is None else found(clients, physical_id, properties)


def _api(clients: Clients, given: Properties) -> tuple[Any, str]:
    return clients.client("apigateway"), str(given["RestApiId"])


def _bucket(clients: Clients, name: str, _given: Properties) -> list[Any]:
    s3 = clients.client("s3")
    found: list[Any] = [
        {"BucketName": each["Name"]} for each in s3.list_buckets()["Buckets"] if each["Name"] == name
    ]
    for call, written in (
        (s3.get_bucket_encryption, _bucket_encryption),
        (s3.get_bucket_lifecycle_configuration, _lifecycle),
        (s3.get_bucket_logging, dict),
        (s3.get_bucket_ownership_controls, dict),
        (s3.get_bucket_versioning, lambda answer: {"VersioningConfiguration": answer}),
        (s3.get_object_lock_configuration, lambda answer: {"ObjectLockEnabled": True, **answer}),
        (s3.get_public_access_block, dict),
    ):
        with suppress(ClientError):  # there is none
            found.append(written(call(Bucket=name)))
    return found


def _bucket_encryption(answer: Mapping[str, Any]) -> dict[str, Any]:
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return {"BucketEncryption": {"ServerSideEncryptionConfiguration": rules}}


def _lifecycle(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Write rules as templates do."""
    rules = [
        {
            **rule,
            "Prefix": rule.get("Filter", {}).get("Prefix"),
            "ExpirationInDays": rule.get("Expiration", {}).get("Days"),
            "ExpiredObjectDeleteMarker": rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker"),
            "Transitions": [
                {**each, "TransitionInDays": each.get("Days")} for each in rule.get("Transitions", [])
            ],
        }
        for rule in answer["Rules"]
    ]
    return {"LifecycleConfiguration": {"Rules": rules}}


def _gateway_response(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    client, api = _api(clients, given)
    return [
        {"RestApiId": api},
        client.get_gateway_response(restApiId=api, responseType=given["ResponseType"]),
    ]


def _method(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    client, api = _api(clients, given)
    resource, verb = given["ResourceId"], given["HttpMethod"]
    where = {"RestApiId": api, "ResourceId": resource}
    return [where, client.get_method(restApiId=api, resourceId=resource, httpMethod=verb)]


def _api_resource(clients: Clients, physical_id: str, given: Properties) -> Any:  # noqa: ANN401
    client, api = _api(clients, given)
    return [{"RestApiId": api}, client.get_resource(restApiId=api, resourceId=physical_id)]


def _validator(clients: Clients, physical_id: str, given: Properties) -> Any:  # noqa: ANN401
    client, api = _api(clients, given)
    found = client.get_request_validator(restApiId=api, requestValidatorId=physical_id)
    return [{"RestApiId": api}, found]


def _deployment(clients: Clients, physical_id: str, given: Properties) -> Any:  # noqa: ANN401
    client, api = _api(clients, given)
    return [{"RestApiId": api}, client.get_deployment(restApiId=api, deploymentId=physical_id)]


def _stage(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    client, api = _api(clients, given)
    found = client.get_stage(restApiId=api, stageName=given["StageName"])
    settings = [
        {"HttpMethod": key.rpartition("/")[2], "ResourcePath": f"/{key.rpartition('/')[0]}", **value}
        for key, value in found.get("methodSettings", {}).items()
    ]
    return [{"RestApiId": api}, {**found, "methodSettings": settings}]


def _key(clients: Clients, key: str, _given: Properties) -> Any:  # noqa: ANN401
    kms = clients.client("kms")
    status = kms.get_key_rotation_status(KeyId=key)
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    enabled = {"EnableKeyRotation": status["KeyRotationEnabled"], "KeyPolicy": policy}
    return [kms.describe_key(KeyId=key), status, enabled]


def _alias(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    kms = clients.client("kms")
    [found] = [each for each in kms.list_aliases()["Aliases"] if each["AliasName"] == name]
    key = kms.describe_key(KeyId=found["TargetKeyId"])["KeyMetadata"]["Arn"]
    return [found, {"TargetKeyId": key}]


def _role(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    iam = clients.client("iam")
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    role = iam.get_role(RoleName=name)["Role"]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    arns = [each["PolicyArn"] for each in attached]
    return [{"ManagedPolicyArns": arns, "PermissionsBoundary": boundary}, role]


def _managed_policy(clients: Clients, arn: str, _given: Properties) -> Any:  # noqa: ANN401
    iam = clients.client("iam")
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    # moto looks among as many roles of the account as there may be entities.
    roles = iam.list_entities_for_policy(PolicyArn=arn, MaxItems=1000)["PolicyRoles"]
    names = {"ManagedPolicyName": policy["PolicyName"], "Roles": [role["RoleName"] for role in roles]}
    return [policy, {"PolicyDocument": version["Document"]}, names]


def _table(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    client = clients.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    encryption = table.get("SSEDescription", {})
    found = [
        table,
        {"BillingMode": table.get("BillingModeSummary", {}).get("BillingMode")},
        {
            "PointInTimeRecoverySpecification": {
                "PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
                **recovery,
            }
        },
        {
            "SSESpecification": {
                "SSEEnabled": encryption.get("Status") == "ENABLED",
                "SSEType": encryption.get("SSEType"),
                "KMSMasterKeyId": encryption.get("KMSMasterKeyArn"),
            }
        },
    ]
    with suppress(ClientError):  # there is none
        policy = client.get_resource_policy(ResourceArn=table["TableArn"])["Policy"]
        found.append({"ResourcePolicy": {"PolicyDocument": policy}})
    return found


def _function(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    found = clients.client("lambda").get_function(FunctionName=name)
    configuration = found["Configuration"]
    concurrency = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    network = configuration.get("VpcConfig", {})
    more = {"ReservedConcurrentExecutions": concurrency, "KmsKeyArn": configuration.get("KMSKeyArn")}
    signing = clients.client("lambda").get_function_code_signing_config(FunctionName=name)
    return [configuration, more, {"VpcConfig": network}, signing]


def _permission(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    function = given["FunctionName"]
    policy = json.loads(clients.client("lambda").get_policy(FunctionName=function)["Policy"])
    return [
        {
            "FunctionName": function,
            "Action": statement["Action"],
            "Principal": statement["Principal"].get("Service"),
            "SourceArn": statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"),
        }
        for statement in policy["Statement"]
        if statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn") == given.get("SourceArn")
    ]


def _log_group(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    groups = clients.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return [group for group in groups if group["logGroupName"] == name]


def _metric_filter(clients: Clients, name: str, given: Properties) -> Any:  # noqa: ANN401
    group = given["LogGroupName"]
    filters = clients.client("logs").describe_metric_filters(logGroupName=group)["metricFilters"]
    return [each for each in filters if each["filterName"] == name]


def _log_policy(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    policies = clients.client("logs").describe_resource_policies()["resourcePolicies"]
    return [each for each in policies if each["policyName"] == given["PolicyName"]]


def _topic(clients: Clients, arn: str, _given: Properties) -> Any:  # noqa: ANN401
    attributes = clients.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return [attributes, {"TopicName": arn.rpartition(":")[2]}]


def _topic_policy(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    sns = clients.client("sns")
    return [
        {"PolicyDocument": sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"], "Topics": [arn]}
        for arn in given["Topics"]
    ]


def _queue(clients: Clients, url: str, _given: Properties) -> Any:  # noqa: ANN401
    sqs = clients.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return [attributes, {"QueueName": url.rpartition("/")[2]}]


def _queue_policy(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    sqs = clients.client("sqs")
    return [
        {
            "PolicyDocument": sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"][
                "Policy"
            ],
            "Queues": [url],
        }
        for url in given["Queues"]
    ]


def _rule(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    events, name = clients.client("events"), given["Name"]
    return [events.describe_rule(Name=name), events.list_targets_by_rule(Rule=name)]


def _trail(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    client = clients.client("cloudtrail")
    trail = client.get_trail(Name=name)["Trail"]
    selectors = client.get_event_selectors(TrailName=name)
    more = {
        "TrailName": name,
        "EnableLogFileValidation": trail.get("LogFileValidationEnabled"),
        "KMSKeyId": trail.get("KmsKeyId"),
    }
    return [trail, selectors, client.get_trail_status(Name=name), more]


def _table_of_glue(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    name, database = given["TableInput"]["Name"], given["DatabaseName"]
    found = clients.client("glue").get_table(DatabaseName=database, Name=name)["Table"]
    return [found, {"TableInput": found}]


def _database_of_glue(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    found = clients.client("glue").get_database(Name=name)["Database"]
    return [found, {"DatabaseInput": found}]


def _named_query(clients: Clients, query_id: str, _given: Properties) -> Any:  # noqa: ANN401
    return clients.client("athena").get_named_query(NamedQueryId=query_id)["NamedQuery"]


def _work_group(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    found = clients.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    return [found, {"WorkGroupConfiguration": found["Configuration"]}]


def _schedule(clients: Clients, name: str, given: Properties) -> Any:  # noqa: ANN401
    return clients.client("scheduler").get_schedule(Name=name, GroupName=given.get("GroupName", "default"))


def _machine(clients: Clients, arn: str, _given: Properties) -> Any:  # noqa: ANN401
    found = clients.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    logging, encryption = found["loggingConfiguration"], found["encryptionConfiguration"]
    groups = [each["cloudWatchLogsLogGroup"]["logGroupArn"] for each in logging.get("destinations", [])]
    return {
        "StateMachineName": found["name"],
        "StateMachineType": found["type"],
        "RoleArn": found["roleArn"],
        "DefinitionString": found["definition"],
        "LoggingConfiguration": {
            "Level": logging["level"],
            "IncludeExecutionData": logging["includeExecutionData"],
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": group}} for group in groups],
        },
        "TracingConfiguration": {"Enabled": found["tracingConfiguration"]["enabled"]},
        "EncryptionConfiguration": {
            "Type": encryption["type"],
            "KmsKeyId": encryption.get("kmsKeyId"),
            "KmsDataKeyReusePeriodSeconds": encryption.get("kmsDataKeyReusePeriodSeconds"),
        },
        "Tags": clients.client("stepfunctions").list_tags_for_resource(resourceArn=arn)["tags"],
    }


def _dashboard(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    return clients.client("cloudwatch").get_dashboard(DashboardName=name)


def _vault(clients: Clients, name: str, _given: Properties) -> Any:  # noqa: ANN401
    backup = clients.client("backup")
    found = [backup.describe_backup_vault(BackupVaultName=name)]
    with suppress(ClientError):  # there is none
        policy = backup.get_backup_vault_access_policy(BackupVaultName=name)["Policy"]
        found.append({"AccessPolicy": policy})
    return [*found, {"LockConfiguration": found[0]}]


def _plan(clients: Clients, plan_id: str, _given: Properties) -> Any:  # noqa: ANN401
    found = clients.client("backup").get_backup_plan(BackupPlanId=plan_id)
    return {"BackupPlan": {**found["BackupPlan"], "BackupPlanRule": found["BackupPlan"].get("Rules")}}


def _acl(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    waf = clients.client("wafv2")
    listed = waf.list_web_acls(Scope=given["Scope"])["WebACLs"]
    [found] = [each for each in listed if each["Name"] == given["Name"]]
    return [
        {"Scope": given["Scope"]},
        waf.get_web_acl(Name=found["Name"], Scope=given["Scope"], Id=found["Id"])["WebACL"],
    ]


def _acl_association(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    found = clients.client("wafv2").get_web_acl_for_resource(ResourceArn=given["ResourceArn"])
    return {"ResourceArn": given["ResourceArn"], "WebACLArn": found["WebACL"]["ARN"]}


def _backup_selection(clients: Clients, selection: str, given: Properties) -> Any:  # noqa: ANN401
    backup = clients.client("backup")
    plan = given["BackupPlanId"]
    listed = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    [found] = [each["SelectionId"] for each in listed if each["SelectionId"] in selection]
    return backup.get_backup_selection(BackupPlanId=plan, SelectionId=found)


_DESCRIBE: Mapping[str, Describe] = {
    **NETWORK,
    "AWS::ApiGateway::Account": lambda c, _id, _g: c.client("apigateway").get_account(),
    "AWS::ApiGateway::Deployment": _deployment,
    "AWS::ApiGateway::GatewayResponse": _gateway_response,
    "AWS::ApiGateway::Method": _method,
    "AWS::ApiGateway::RequestValidator": _validator,
    "AWS::ApiGateway::Resource": _api_resource,
    "AWS::ApiGateway::RestApi": lambda c, api, _g: c.client("apigateway").get_rest_api(restApiId=api),
    "AWS::ApiGateway::Stage": _stage,
    "AWS::Athena::NamedQuery": _named_query,
    "AWS::Athena::WorkGroup": _work_group,
    "AWS::Backup::BackupPlan": _plan,
    "AWS::Backup::BackupSelection": _backup_selection,
    "AWS::Backup::BackupVault": _vault,
    "AWS::CloudTrail::Trail": _trail,
    "AWS::CloudWatch::Alarm": lambda c, name, _g: c.client("cloudwatch").describe_alarms(AlarmNames=[name]),
    "AWS::CloudWatch::Dashboard": lambda c, name, _g: c.client("cloudwatch").get_dashboard(
        DashboardName=name
    ),
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::Rule": _rule,
    "AWS::Glue::Database": _database_of_glue,
    "AWS::Glue::Table": _table_of_glue,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Alias": _alias,
    "AWS::KMS::Key": _key,
    "AWS::Lambda::CodeSigningConfig": lambda c, arn, _g: c.client("lambda").get_code_signing_config(
        CodeSigningConfigArn=arn
    ),
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::Logs::ResourcePolicy": _log_policy,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": lambda c, _id, given: {
        "Bucket": given["Bucket"],
        "PolicyDocument": c.client("s3").get_bucket_policy(Bucket=given["Bucket"])["Policy"],
    },
    "AWS::SNS::Subscription": lambda c, arn, _g: c.client("sns").get_subscription_attributes(
        SubscriptionArn=arn
    ),
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::StepFunctions::StateMachine": _machine,
    "AWS::Scheduler::ScheduleGroup": lambda c, name, _g: c.client("scheduler").get_schedule_group(Name=name),
    "AWS::WAFv2::LoggingConfiguration": lambda c, _id, given: c.client("wafv2").get_logging_configuration(
        ResourceArn=given["ResourceArn"]
    ),
    "AWS::WAFv2::WebACL": _acl,
    "AWS::WAFv2::WebACLAssociation": _acl_association,
}
