"""What the stacks promise beside their policies: a protected table, a closed API, no secrets."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, Assembly, Resource, settings_of


def only(resources: dict[str, Resource]) -> Resource:
    (resource,) = resources.values()
    return resource


def functions(assembly: Assembly) -> dict[str, dict[str, Any]]:
    return {
        function["Properties"]["FunctionName"].removeprefix(f"{assembly.prefix}-"): function["Properties"]
        for function in assembly.resources("AWS::Lambda::Function").values()
    }


def test_production_is_protected_from_deletion(prod: Assembly, dev: Assembly) -> None:
    assert [stack.termination_protection for stack in prod.cloud.stacks] == [True] * 5
    assert not any(stack.termination_protection for stack in dev.cloud.stacks)


def test_every_stack_is_tagged(assembly: Assembly) -> None:
    for stack in assembly.cloud.stacks:
        project = settings_of(assembly.environment)["project"]
        assert stack.tags == {"project": project, "environment": assembly.environment}


def test_stacks_depend_on_each_other_one_way(assembly: Assembly) -> None:
    found = {
        stack.stack_name.rpartition("-")[2]: {
            other.id.rpartition("-")[2] for other in stack.dependencies if not other.id.endswith(".assets")
        }
        for stack in assembly.cloud.stacks
    }
    assert found == {
        "Keys": set(),
        "Storage": {"Keys"},
        "Service": {"Keys", "Storage"},
        "Maintenance": {"Keys", "Storage"},
        "Audit": {"Keys", "Storage", "Service", "Maintenance"},
    }


def test_no_resource_depends_on_itself(assembly: Assembly) -> None:
    for template in assembly.templates.values():
        needs = {name: references(resource) for name, resource in template["Resources"].items()}
        while free := [name for name, others in needs.items() if not others & needs.keys()]:
            for name in free:
                del needs[name]
        assert needs == {}


def references(value: Any) -> set[str]:
    """The logical ids that a part of a template needs."""
    match value:
        case {"Ref": str(target)}:
            return {target}
        case {"Fn::GetAtt": [target, _]}:
            return {target}
        case dict():
            depends = set(value.get("DependsOn", ()))
            return depends.union(*(references(inner) for inner in value.values()))
        case list():
            return set().union(*(references(inner) for inner in value))
        case _:
            return set()


@pytest.mark.parametrize(
    ("name", "keys", "days"),
    [
        ("records", ("tenant", "record"), None),
        ("key-store", ("branch-key-id", "type"), "key_store_recovery_days"),
    ],
)
def test_a_table_is_encrypted_and_can_be_restored(
    assembly: Assembly, name: str, keys: tuple[str, str], days: str | None
) -> None:
    table = assembly.table(name)["Properties"]
    assert table["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": assembly.key("storage")["Arn"],
    }
    assert table["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 35 if days is None else assembly.settings[days],
    }
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)
    ]


def test_in_production_data_outlives_its_stack(prod: Assembly) -> None:
    tables = list(prod.resources("AWS::DynamoDB::Table").values())
    assert [table["Properties"]["DeletionProtectionEnabled"] for table in tables] == [True, True]
    kinds = ("AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::Backup::BackupVault")
    kept = [*tables, *(resource for kind in kinds for resource in prod.resources(kind).values())]
    assert len(kept) >= 2 + 3 + 8 + 3 + 2
    for resource in kept:
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_a_development_environment_can_be_destroyed(dev: Assembly) -> None:
    for table in dev.resources("AWS::DynamoDB::Table").values():
        assert table["Properties"]["DeletionProtectionEnabled"] is False
        assert table["DeletionPolicy"] == "Delete"


def test_every_log_group_is_encrypted_and_ends(assembly: Assembly) -> None:
    groups = {
        group["Properties"]["LogGroupName"]: group["Properties"]
        for group in assembly.resources("AWS::Logs::LogGroup").values()
    }
    prefix = assembly.prefix
    served = {
        *(f"/aws/lambda/{prefix}-{name}" for name in assembly.functions),
        f"/aws/vendedlogs/states/{prefix}-reencryption",
        f"/aws/apigateway/{prefix}-api",
        "API-Gateway-Execution-Logs_<ApiF70053CD>/v1",
        *([f"aws-waf-logs-{prefix}"] if assembly.settings["waf"] else []),
    }
    assert set(groups) == {*served, f"/aws/cloudtrail/{prefix}-trail"}
    for name, properties in groups.items():
        assert properties["KmsKeyId"] == assembly.key("storage" if name in served else "audit")["Arn"]
        assert properties["RetentionInDays"] == {"dev": 30, "prod": 365}[assembly.environment]


def test_functions_run_on_arm_with_the_newest_python_and_their_own_role(assembly: Assembly) -> None:
    assert set(functions(assembly)) == set(assembly.functions)
    for name, function in functions(assembly).items():
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == "python3.14"
        assert function["Handler"] == f"service.{name.replace('-', '_')}.handler"
        role = "tenant-admin" if name == "rotation" else name
        assert function["Role"].endswith(f":role/{assembly.prefix}-{role}")
        assert function["LoggingConfig"]["LogGroup"] == f"/aws/lambda/{assembly.prefix}-{name}"
        if name not in ("rotation", "reencryptor", "planner"):
            assert function["Timeout"] < 29, "API Gateway gives up after 29 seconds"


def test_functions_are_told_names_and_arns_only(assembly: Assembly) -> None:
    for name, function in functions(assembly).items():
        assert function["Environment"]["Variables"] == {
            "RECORDS_TABLE": f"{assembly.prefix}-records",
            "LOGICAL_TABLE": "records",
            "ENVELOPE_KEY_ARN": assembly.key("envelope")["Arn"],
            "CURSOR_KEY": "<stack id>",
            "POWERTOOLS_SERVICE_NAME": f"records-{name}",
            "POWERTOOLS_METRICS_NAMESPACE": "SealedRecords",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "KEY_STRATEGY": "record",
            "KEY_STORE_TABLE": f"{assembly.prefix}-key-store",
            "LOGICAL_KEY_STORE": "branch-keys",
            "BRANCH_KEY_CACHE_SECONDS": "300",
            "BRANCH_KEY_CACHE_ENTRIES": "1000",
            **own_variables(assembly, name),
        }


def own_variables(assembly: Assembly, function: str) -> dict[str, str]:
    settings = assembly.settings
    own = {
        "tenant-admin": {
            "KEY_STORE_RECOVERY_DAYS": settings["key_store_recovery_days"],
            "KEY_STORE_BACKUP_DAYS": settings["key_store_backup_days"],
        },
        "rotation": {"BRANCH_KEY_ROTATION_DAYS": settings["branch_key_rotation_days"]},
        "planner": {"MAINTENANCE_BUCKET": f"{assembly.prefix}-runs-{ACCOUNT}"},
    }
    variables = dict(own.get(function, {}))
    if settings["tenant_sessions"] and function != "planner":
        duty = "tenant-admin" if function == "rotation" else function
        variables["SESSION_ROLE_ARN"] = f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{duty}-session"
        variables["TENANT_SESSION_ENTRIES"] = settings["tenant_session_entries"]
    return {name: str(value) for name, value in variables.items() if value is not None}


def test_functions_are_told_of_another_key_for_branch_keys(changed: Callable[..., Assembly]) -> None:
    arn = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd"
    elsewhere = changed("prod", key_strategy="tenant", branch_key_arn=arn)
    for function in functions(elsewhere).values():
        variables = function["Environment"]["Variables"]
        assert (variables["KEY_STRATEGY"], variables["BRANCH_KEY_ARN"]) == ("tenant", arn)


def routes(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The API's methods, by verb and path."""
    resources = assembly.resources("AWS::ApiGateway::Resource")

    def path(reference: str) -> str:
        properties = resources.get(reference.strip("<>"), {}).get("Properties")
        return f"{path(properties['ParentId'])}/{properties['PathPart']}" if properties else ""

    methods = assembly.resources("AWS::ApiGateway::Method").values()
    return {
        f"{method['Properties']['HttpMethod']} {path(method['Properties']['ResourceId'])}": method[
            "Properties"
        ]
        for method in methods
    }


def test_each_route_goes_to_the_function_of_its_duty(assembly: Assembly) -> None:
    found = {
        route: re.search(r":function:([a-z-]+)/invocations", method["Integration"]["Uri"])
        for route, method in routes(assembly).items()
    }
    assert {
        route: match and match[1].removeprefix(f"{assembly.prefix}-") for route, match in found.items()
    } == {
        "GET /tenants/{tenant}/records": "reader",
        "PUT /tenants/{tenant}/records/{record}": "writer",
        "GET /tenants/{tenant}/records/{record}": "reader",
        "DELETE /tenants/{tenant}/records/{record}": "writer",
        "GET /branch-keys": "tenant-admin",
        "PUT /branch-keys/{tenant}": "tenant-admin",
        "GET /branch-keys/{tenant}": "tenant-admin",
        "DELETE /branch-keys/{tenant}": "tenant-admin",
        "POST /branch-keys/{tenant}/versions": "tenant-admin",
        "POST /branch-keys/{tenant}/moves": "tenant-admin",
    }


def test_every_method_wants_a_signed_request_and_is_validated(assembly: Assembly) -> None:
    (validator,) = assembly.resources("AWS::ApiGateway::RequestValidator")
    for route, method in routes(assembly).items():
        assert method["AuthorizationType"] == "AWS_IAM"
        assert method["RequestValidatorId"] == f"<{validator}>"
        if "{tenant}" in route:
            assert method["RequestParameters"]["method.request.path.tenant"] is True


def test_only_the_api_may_invoke_a_function_and_only_for_its_routes(assembly: Assembly) -> None:
    permissions = [found["Properties"] for found in assembly.resources("AWS::Lambda::Permission").values()]
    assert {permission["Principal"] for permission in permissions} == {"apigateway.amazonaws.com"}
    assert sorted(permission["SourceArn"].partition("/v1/")[2] for permission in permissions) == [
        "DELETE/branch-keys/*",
        "DELETE/tenants/*/records/*",
        "GET/branch-keys",
        "GET/branch-keys/*",
        "GET/tenants/*/records",
        "GET/tenants/*/records/*",
        "POST/branch-keys/*/moves",
        "POST/branch-keys/*/versions",
        "PUT/branch-keys/*",
        "PUT/tenants/*/records/*",
    ]


def test_the_api_is_regional_and_throttled(assembly: Assembly) -> None:
    api = only(assembly.resources("AWS::ApiGateway::RestApi"))["Properties"]
    stage = only(assembly.resources("AWS::ApiGateway::Stage"))["Properties"]
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert stage["StageName"] == "v1"
    methods = {
        f"{one['HttpMethod']} {one['ResourcePath'].replace('~1', '/')}" for one in stage["MethodSettings"]
    }
    assert methods == {"* /*", *(f"{route.split()[0]} /{route.split()[1]}" for route in routes(assembly))}
    for method in stage["MethodSettings"]:
        assert method["DataTraceEnabled"] is False
        assert (method["ThrottlingRateLimit"], method["ThrottlingBurstLimit"]) == {
            "dev": (50, 100),
            "prod": (200, 400),
        }[assembly.environment]


def test_the_access_log_holds_no_ids_of_records_and_no_data(assembly: Assembly) -> None:
    stage = only(assembly.resources("AWS::ApiGateway::Stage"))["Properties"]
    variables = set(json.loads(stage["AccessLogSetting"]["Format"]).values())
    assert variables == {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.identity.userArn",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.error.responseType",
        "$context.responseLength",
        "$context.responseLatency",
        "$context.integrationLatency",
    }
    assert stage["AccessLogSetting"]["DestinationArn"].endswith(
        f":log-group:/aws/apigateway/{assembly.prefix}-api"
    )


def test_the_api_itself_answers_with_problem_documents(assembly: Assembly) -> None:
    answers = [
        found["Properties"] for found in assembly.resources("AWS::ApiGateway::GatewayResponse").values()
    ]
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= {answer["ResponseType"] for answer in answers}
    for answer in answers:
        document = json.loads(answer["ResponseTemplates"]["application/json"])
        assert (
            answer["ResponseParameters"]["gatewayresponse.header.Content-Type"]
            == "'application/problem+json'"
        )
        assert re.fullmatch(r"urn:sealed-records:problem:[a-z-]+", document["type"])
        assert document["request_id"] == "$context.requestId"
        assert str(document.get("status")) == answer.get("StatusCode", "None")
        assert document["title"]
        assert document["detail"].endswith(".")


def test_who_is_throttled_is_told_when_to_return(assembly: Assembly) -> None:
    (throttled,) = [
        answer["Properties"]
        for answer in assembly.resources("AWS::ApiGateway::GatewayResponse").values()
        if answer["Properties"]["ResponseType"] == "THROTTLED"
    ]
    assert throttled["StatusCode"] == "429"
    assert throttled["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_the_outputs_have_their_documented_names(assembly: Assembly) -> None:
    outputs = {
        name: assembly.resolve(output["Value"], template=template)
        for template in assembly.templates.values()
        for name, output in template["Outputs"].items()
        if not name.startswith("ExportsOutput")
    }
    rotation = {"RotationFunctionName"} if "rotation" in assembly.functions else set()
    assert set(outputs) == rotation | {
        "MaintenanceBucketName",
        "MaintenanceOperatePolicyArn",
        "ReencryptionStateMachineArn",
        "KeyStoreTableName",
        "BranchKeysAdminPolicyArn",
        "TenantAdminFunctionName",
        "EnvelopeKeyArn",
        "RecordsTableName",
        "ApiUrl",
        "ApiId",
        "RecordsReadPolicyArn",
        "RecordsWritePolicyArn",
        "WriterFunctionName",
        "ReaderFunctionName",
        "AlarmTopicArn",
        "ArchiveBucketName",
        "AuditWorkGroupName",
        "ObjectClientRoleArn",
        "ObjectsBucketName",
        "ObjectsPolicyArn",
        "TrailArn",
    }
    assert outputs["WriterFunctionName"] == f"{assembly.prefix}-writer"
    assert outputs["ReaderFunctionName"] == f"{assembly.prefix}-reader"
    assert outputs["ApiUrl"] == f"https://{outputs['ApiId']}.execute-api.eu-central-1.amazonaws.com/v1"


def test_the_gateway_and_the_functions_mean_the_same_by_a_slug(assembly: Assembly) -> None:
    from service import problems

    known = {
        kind.urn: (kind.status, kind.title)
        for kind in vars(problems).values()
        if isinstance(kind, problems.ProblemType)
    }
    shared = 0
    for answer in assembly.resources("AWS::ApiGateway::GatewayResponse").values():
        document = json.loads(answer["Properties"]["ResponseTemplates"]["application/json"])
        if document["type"] in known and "status" in document:
            shared += 1
            assert document["status"] == known[document["type"]][0]
    assert shared >= 4
