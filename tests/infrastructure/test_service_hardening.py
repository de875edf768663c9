"""How functions, stage and API are hardened, and from where the API can be reached."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.policy_evaluation import Request, api_allows

OTHERS = "444455556666"
API = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:0123456789"
OWN_RECORD = f"{API}/v1/GET/tenants/acme/records/r-1"
ENDPOINT, OTHER_ENDPOINT = "vpce-0123456789abcdef0", "vpce-0fedcba9876543210"
NETWORKS = ["203.0.113.0/24", "2001:db8:1::/48"]
METHODS = {
    ("GET", "/~1tenants~1{tenant}~1records"),
    ("GET", "/~1tenants~1{tenant}~1records~1{record}"),
    ("PUT", "/~1tenants~1{tenant}~1records~1{record}"),
    ("DELETE", "/~1tenants~1{tenant}~1records~1{record}"),
    ("GET", "/~1branch-keys"),
    ("GET", "/~1branch-keys~1{tenant}"),
    ("PUT", "/~1branch-keys~1{tenant}"),
    ("DELETE", "/~1branch-keys~1{tenant}"),
    ("POST", "/~1branch-keys~1{tenant}~1versions"),
    ("POST", "/~1branch-keys~1{tenant}~1moves"),
}


def functions(assembly: Assembly) -> dict[str, dict[str, Any]]:
    return {
        found["Properties"]["FunctionName"].removeprefix(f"{assembly.prefix}-"): found["Properties"]
        for found in assembly.resources("AWS::Lambda::Function").values()
    }


def only(assembly: Assembly, kind: str) -> dict[str, Any]:
    (found,) = assembly.resources(kind).values()
    return found


def api(assembly: Assembly) -> dict[str, Any]:
    properties: dict[str, Any] = only(assembly, "AWS::ApiGateway::RestApi")["Properties"]
    return properties


def stage(assembly: Assembly) -> dict[str, Any]:
    return only(assembly, "AWS::ApiGateway::Stage")


# --- functions


def test_functions_have_the_limits_of_the_settings(assembly: Assembly) -> None:
    settings = assembly.settings
    for name, function in functions(assembly).items():
        seconds = {"rotation": 300, "planner": 900, "reencryptor": 900}
        # As many segments at once as a run says: with fewer places those that wait would fail.
        at_once = {"rotation": 1, "planner": 1, "reencryptor": None}
        reserved = settings["reserved_concurrency"]
        assert function["Timeout"] == seconds.get(name, settings["function_timeout_seconds"])
        assert function["MemorySize"] == settings["function_memory_mb"]
        expected = at_once.get(name, reserved) if reserved else reserved
        assert function.get("ReservedConcurrentExecutions") == expected


def test_functions_are_traced(assembly: Assembly) -> None:
    for function in functions(assembly).values():
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_their_environment_lies_under_the_storage_key(assembly: Assembly) -> None:
    for function in functions(assembly).values():
        assert function["KmsKeyArn"] == assembly.key("storage")["Arn"]


def test_a_function_is_made_after_its_log_group_and_its_permissions(assembly: Assembly) -> None:
    template = assembly.templates["Service"]["Resources"]
    for title, name in (("Writer", "writer"), ("Reader", "reader"), ("TenantAdmin", "tenant_admin")):
        (function,) = [
            found
            for found in template.values()
            if found["Type"] == "AWS::Lambda::Function" and name in found["Properties"]["Handler"]
        ]
        (group,) = [logical_id for logical_id in template if logical_id.startswith(f"{title}Logs")]
        assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": group}}
        assert [needed for needed in function["DependsOn"] if needed.startswith(f"{title}MayWork")]


@pytest.mark.parametrize(
    ("role", "table_actions"),
    [
        ("writer", ["dynamodb:DeleteItem", "dynamodb:PutItem"]),
        ("reader", ["dynamodb:GetItem", "dynamodb:Query"]),
    ],
)
def test_a_function_may_do_its_duty_log_and_trace(
    assembly: Assembly, role: str, table_actions: list[str]
) -> None:
    may = {
        statement["Sid"]: (statement["Action"], statement["Resource"])
        for each in (role, assembly.worker(role))
        for statement in assembly.identity_statements(each)
        if statement["Sid"] in ("Records", "OwnLogs", "Traces")
    }
    name = f"{assembly.prefix}-{role}"
    assert may == {
        "Records": (table_actions, f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{assembly.prefix}-records"),
        "OwnLogs": (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{name}:*",
        ),
        "Traces": (["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
    }


def test_a_functions_role_has_no_inline_policy(assembly: Assembly) -> None:
    assert not assembly.resources("AWS::IAM::Policy")
    assert not assembly.resources("AWS::IAM::RolePolicy")
    for role in assembly.resources("AWS::IAM::Role").values():
        assert "Policies" not in role["Properties"]


# --- stage


def test_every_method_is_throttled_by_itself_and_by_the_stage(assembly: Assembly) -> None:
    settings = {
        (setting["HttpMethod"], setting["ResourcePath"]): setting
        for setting in stage(assembly)["Properties"]["MethodSettings"]
    }
    assert set(settings) == {("*", "/*"), *METHODS}
    for setting in settings.values():
        assert setting["ThrottlingRateLimit"] == assembly.settings["throttle_rate"]
        assert setting["ThrottlingBurstLimit"] == assembly.settings["throttle_burst"]


def test_every_method_of_the_api_has_settings(assembly: Assembly) -> None:
    methods = assembly.resources("AWS::ApiGateway::Method").values()
    assert sorted(method["Properties"]["HttpMethod"] for method in methods) == sorted(
        verb for verb, _ in METHODS
    )


def test_the_execution_log_has_errors_and_no_data(assembly: Assembly) -> None:
    for setting in stage(assembly)["Properties"]["MethodSettings"]:
        assert setting["LoggingLevel"] == "ERROR"
        assert setting["DataTraceEnabled"] is False


def test_nothing_is_cached(assembly: Assembly) -> None:
    properties = stage(assembly)["Properties"]
    assert "CacheClusterEnabled" not in properties
    assert all(setting["CachingEnabled"] is False for setting in properties["MethodSettings"])


def test_the_api_is_traced(assembly: Assembly) -> None:
    assert stage(assembly)["Properties"]["TracingEnabled"] is True


def test_the_execution_log_is_ours_before_there_is_a_stage(assembly: Assembly) -> None:
    ((logical_id, group),) = [
        (logical_id, found["Properties"])
        for logical_id, found in assembly.resources("AWS::Logs::LogGroup").items()
        if found["Properties"]["LogGroupName"] == "API-Gateway-Execution-Logs_<ApiF70053CD>/v1"
    ]
    assert group["KmsKeyId"] == assembly.key("storage")["Arn"]
    assert group["RetentionInDays"] == assembly.settings["log_retention_days"]
    assert logical_id in stage(assembly)["DependsOn"]
    assert stage(assembly)["Properties"]["StageName"] == "v1"


# --- from where the API is reached


@pytest.fixture
def private(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", api_vpc_endpoints=[ENDPOINT])


@pytest.fixture
def bound(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", api_allowed_cidrs=NETWORKS)


MAY_READ = [
    {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{API}/v1/GET/tenants/acme/records/*"}
]


def lets_in(
    assembly: Assembly,
    *,
    account: str = ACCOUNT,
    resource: str = OWN_RECORD,
    identity: list[dict[str, Any]] | None = None,
    **origin: str,
) -> bool:
    asked = Request(
        principal=f"arn:aws:iam::{account}:role/caller",
        action="execute-api:Invoke",
        resource=resource,
        context={f"aws:{name}": value for name, value in origin.items()},
    )
    return api_allows(
        asked,
        api_policy=api(assembly)["Policy"]["Statement"],
        identity_policies=MAY_READ if identity is None else identity,
    )


def test_without_a_binding_iam_alone_decides(assembly: Assembly) -> None:
    assert "Policy" not in api(assembly)
    assert api(assembly)["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


def test_a_private_api_has_no_public_endpoint(private: Assembly) -> None:
    configuration = api(private)["EndpointConfiguration"]
    assert configuration == {"Types": ["PRIVATE"], "VpcEndpointIds": [ENDPOINT]}


def test_a_private_api_answers_its_endpoints_only(private: Assembly) -> None:
    assert lets_in(private, SourceVpce=ENDPOINT)
    assert not lets_in(private, SourceVpce=OTHER_ENDPOINT)
    assert not lets_in(private)


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8:1::7"])
def test_a_bound_api_answers_its_networks(bound: Assembly, address: str) -> None:
    assert lets_in(bound, SourceIp=address)


@pytest.mark.parametrize("address", ["203.0.114.7", "198.51.100.1", "2001:db8:2::7"])
def test_a_bound_api_answers_nobody_else(bound: Assembly, address: str) -> None:
    assert not lets_in(bound, SourceIp=address)
    assert not lets_in(bound)


def test_a_bound_api_takes_ipv6_where_an_ipv6_network_is_allowed(
    bound: Assembly, changed: Callable[..., Assembly]
) -> None:
    assert api(bound)["EndpointConfiguration"] == {"Types": ["REGIONAL"], "IpAddressType": "dualstack"}
    old = changed("prod", api_allowed_cidrs=["203.0.113.0/24"])
    assert api(old)["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


BINDINGS = {"private": {"SourceVpce": ENDPOINT}, "bound": {"SourceIp": "203.0.113.7"}}


@pytest.mark.parametrize("binding", BINDINGS)
def test_iam_must_still_allow_each_call(binding: str, request: pytest.FixtureRequest) -> None:
    assembly, origin = request.getfixturevalue(binding), BINDINGS[binding]
    assert lets_in(assembly, **origin)
    assert not lets_in(assembly, identity=[], **origin)
    assert not lets_in(assembly, resource=f"{API}/v1/GET/tenants/globex/records/r-1", **origin)
    assert not lets_in(assembly, resource=f"{API}/v1/PUT/tenants/acme/records/r-1", **origin)


@pytest.mark.parametrize("binding", BINDINGS)
def test_no_other_account_gets_in(binding: str, request: pytest.FixtureRequest) -> None:
    assembly, origin = request.getfixturevalue(binding), BINDINGS[binding]
    assert not lets_in(assembly, account=OTHERS, **origin)


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": f"arn:aws:iam::{ACCOUNT}:role/caller"}])
def test_an_allow_that_means_the_callers_would_replace_iam(principal: Any) -> None:
    """Why the policy names the account: this is how the evaluation tells the difference."""
    asked = Request(
        principal=f"arn:aws:iam::{ACCOUNT}:role/caller", action="execute-api:Invoke", resource=OWN_RECORD
    )
    allow = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
    }
    assert api_allows(asked, api_policy=[allow], identity_policies=[])


@pytest.mark.parametrize("binding", BINDINGS)
def test_the_policy_allows_the_account_and_denies_everyone_else_from_elsewhere(
    binding: str, request: pytest.FixtureRequest
) -> None:
    allow, deny = api(request.getfixturevalue(binding))["Policy"]["Statement"]
    assert allow["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert (deny["Effect"], deny["Principal"]) == ("Deny", {"AWS": "*"})
    for statement in (allow, deny):
        assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", "execute-api:/*")


def test_the_policy_comes_into_force_with_a_new_deployment(prod: Assembly, bound: Assembly) -> None:
    """API Gateway applies a resource policy when the API is deployed: CDK names the deployment anew."""
    (without,) = prod.resources("AWS::ApiGateway::Deployment")
    (with_policy,) = bound.resources("AWS::ApiGateway::Deployment")
    assert without != with_policy
