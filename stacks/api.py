"""The REST API in front of the functions: its routes, its stage and logs, and from where it may be reached.

What must stay true: every method wants a signed request, and IAM's consent to it; no log of the API tells
what is in a record; nothing is cached.
"""

import json
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from stacks import names
from stacks.acknowledgements import acknowledge
from stacks.gateway_responses import add_problem_documents
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION

STAGE = "v1"
COLLECTION = "/tenants/{tenant}/records"
RECORD = f"{COLLECTION}/{{record}}"
BRANCH_KEYS = "/branch-keys"
BRANCH_KEY = f"{BRANCH_KEYS}/{{tenant}}"
# AWS's policy of the role that CDK makes for `cloud_watch_role`.
LOGS_OF_ALL_APIS = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method of the API: the function of which duty serves it, and the parameters it takes."""

    verb: str
    path: str
    duty: str
    query: tuple[str, ...] = ()

    def parameters(self) -> dict[str, bool]:
        """What API Gateway checks before it calls: whether each parameter is required."""
        in_path = [part.strip("{}") for part in self.path.split("/") if part.startswith("{")]
        return {
            **{f"method.request.path.{name}": True for name in in_path},
            **{f"method.request.querystring.{name}": False for name in self.query},
        }


ROUTES = (
    Route(verb="GET", path=COLLECTION, duty="reader", query=("limit", "cursor", "prefix")),
    Route(verb="PUT", path=RECORD, duty="writer"),
    Route(verb="GET", path=RECORD, duty="reader"),
    Route(verb="DELETE", path=RECORD, duty="writer"),
    # A path of its own, so that no policy for records can reach it.
    Route(verb="GET", path=BRANCH_KEYS, duty="tenant-admin", query=("limit", "cursor")),
    Route(verb="PUT", path=BRANCH_KEY, duty="tenant-admin"),
    Route(verb="GET", path=BRANCH_KEY, duty="tenant-admin"),
    Route(
        verb="DELETE",
        path=BRANCH_KEY,
        duty="tenant-admin",
        query=("confirm", "delete-records", "cursor"),
    ),
    Route(verb="POST", path=f"{BRANCH_KEY}/versions", duty="tenant-admin"),
    Route(verb="POST", path=f"{BRANCH_KEY}/moves", duty="tenant-admin"),
)


def access_log_format() -> apigateway.AccessLogFormat:
    """One JSON line per request: who called what and how it ended. No path and no query: they hold ids."""
    field = apigateway.AccessLogField
    return apigateway.AccessLogFormat.custom(
        json.dumps(
            {
                "request_id": field.context_request_id(),
                "time": field.context_request_time_epoch(),
                "caller": field.context_identity_user_arn(),
                "method": field.context_http_method(),
                "resource": field.context_resource_path(),
                "status": field.context_status(),
                "refused_because": field.context_error_response_type(),
                "response_bytes": field.context_response_length(),
                "latency_ms": field.context_response_latency(),
                "function_latency_ms": field.context_integration_latency(),
            }
        )
    )


def add_api(
    stack: cdk.Stack, *, settings: Settings, log_key: kms.IKey, functions: dict[str, lambda_.Function]
) -> apigateway.RestApi:
    """Add the API with its stage.

    Parameters
    ----------
    stack
        The stack that it belongs to.
    settings
        Of the environment.
    log_key
        The key that its logs lie under.
    functions
        The functions by their duty.
    """
    access_log = _log_group(
        stack, "AccessLog", name=names.api_log_group(settings), settings=settings, key=log_key
    )
    api = apigateway.RestApi(
        stack,
        "Api",
        rest_api_name=f"{settings.prefix}-api",
        description="Records of many tenants, encrypted before they are stored",
        endpoint_configuration=_endpoint(stack, settings),
        policy=_reachable_from(settings),
        disable_execute_api_endpoint=False,
        # One role per account and Region writes the logs of every API there, so it is AWS's own policy, and
        # is kept.
        cloud_watch_role=settings.api_account_role,
        default_method_options=apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM),
        deploy_options=_stage(settings, access_log=access_log),
    )
    api.node.try_remove_child("Endpoint")  # CDK's own output, of a name that changes: ApiUrl takes its place
    # API Gateway would make this log group itself, without key and for ever, when it first has an error to
    # write.
    execution_log = _log_group(
        stack,
        "ExecutionLog",
        name=f"API-Gateway-Execution-Logs_{api.rest_api_id}/{STAGE}",
        settings=settings,
        key=log_key,
    )
    api.deployment_stage.node.add_dependency(execution_log)
    add_problem_documents(api)
    _add_routes(api, functions=functions)
    _accept(api, settings=settings)
    return api


def _log_group(
    stack: cdk.Stack, construct_id: str, *, name: str, settings: Settings, key: kms.IKey
) -> logs.LogGroup:
    return logs.LogGroup(
        stack,
        construct_id,
        log_group_name=name,
        encryption_key=key,
        retention=LOG_RETENTION[settings.log_retention_days],
        removal_policy=settings.removal_policy,
    )


def _endpoint(stack: cdk.Stack, settings: Settings) -> apigateway.EndpointConfiguration:
    if settings.api_vpc_endpoints:
        return apigateway.EndpointConfiguration(
            types=[apigateway.EndpointType.PRIVATE],
            vpc_endpoints=[
                ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
                    stack, f"ApiEndpoint{number}", vpc_endpoint_id=endpoint, port=443
                )
                for number, endpoint in enumerate(settings.api_vpc_endpoints, start=1)
            ],
        )
    # By itself the API has no IPv6 address: an allowed IPv6 network could not reach it.
    takes_ipv6 = any(":" in network for network in settings.api_allowed_cidrs)
    return apigateway.EndpointConfiguration(
        types=[apigateway.EndpointType.REGIONAL],
        ip_address_type=apigateway.IpAddressType.DUAL_STACK if takes_ipv6 else None,
    )


def _reachable_from(settings: Settings) -> iam.PolicyDocument | None:
    """Give the resource policy that binds the API to endpoints or networks; None: IAM alone decides.

    Inside one account API Gateway lets a signed request through when the caller's IAM policies *or* this
    policy allow it, and neither denies it. So an Allow that means the callers themselves (`*`, or a role)
    would stand in for their IAM policies, and open every tenant to every principal that it means. The Allow
    here names the account: that hands the decision to the account's IAM, which must allow the call as well.
    Other accounts are not named, and for them both policies would have to allow. The Allow takes nothing away
    from a caller whom IAM allows, and a private API cannot be deployed without a policy.
    """
    if settings.api_vpc_endpoints:
        elsewhere = {"StringNotEquals": {"aws:SourceVpce": list(settings.api_vpc_endpoints)}}
    elif settings.api_allowed_cidrs:
        elsewhere = {"NotIpAddress": {"aws:SourceIp": list(settings.api_allowed_cidrs)}}
    else:
        return None
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid="IamOfThisAccountDecides",
                principals=[iam.AccountRootPrincipal()],
                actions=["execute-api:Invoke"],
                resources=["execute-api:/*"],  # this API: its own policy cannot know its id
            ),
            iam.PolicyStatement(
                sid="NobodyFromElsewhere",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["execute-api:Invoke"],
                resources=["execute-api:/*"],
                conditions=elsewhere,
            ),
        ]
    )


def _stage(settings: Settings, *, access_log: logs.LogGroup) -> apigateway.StageOptions:
    error = apigateway.MethodLoggingLevel.ERROR
    rate, burst = settings.throttle_rate, settings.throttle_burst
    # Each method says them all, so that none depends on what `*` leaves to it.
    each = apigateway.MethodDeploymentOptions(
        logging_level=error,
        data_trace_enabled=False,
        caching_enabled=False,
        throttling_rate_limit=rate,
        throttling_burst_limit=burst,
    )
    return apigateway.StageOptions(
        stage_name=STAGE,
        access_log_destination=apigateway.LogGroupLogDestination(access_log),
        access_log_format=access_log_format(),
        # The execution log says why API Gateway could not answer. With data trace it would repeat bodies.
        logging_level=error,
        data_trace_enabled=False,
        caching_enabled=False,
        tracing_enabled=True,
        throttling_rate_limit=rate,
        throttling_burst_limit=burst,
        method_options={f"{route.path}/{route.verb}": each for route in ROUTES},
    )


def _add_routes(api: apigateway.RestApi, *, functions: dict[str, lambda_.Function]) -> None:
    # Parameters only: of a body API Gateway says just "invalid"; the function names what is wrong and where.
    validator = api.add_request_validator(
        "Parameters", validate_request_parameters=True, validate_request_body=False
    )
    # The console's test button would call without the caller's policies.
    integrations = {
        duty: apigateway.LambdaIntegration(function, allow_test_invoke=False)
        for duty, function in functions.items()
    }
    for route in ROUTES:
        api.root.resource_for_path(route.path).add_method(
            route.verb,
            integrations[route.duty],
            request_parameters=route.parameters(),
            request_validator=validator,
        )


def _accept(api: apigateway.RestApi, *, settings: Settings) -> None:
    nist, hipaa, pci = "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"
    acknowledge(
        api,
        reason="API Gateway checks the parameters. The function checks the body (lambda_src/service): it "
        "names field and limit, where API Gateway says no more than that the body is invalid.",
        nag=["AwsSolutions-APIG2"],
    )
    for method in api.methods:
        acknowledge(
            method,
            reason="IAM authorizes each call: it is signed with SigV4, and the caller's policy names the "
            "verb and the tenant of the caller's tag. There are no users with passwords.",
            nag=["AwsSolutions-COG4"],
        )
    account_role = api.node.try_find_child("CloudWatchRole")
    if account_role is not None:
        acknowledge(
            account_role,
            reason="API Gateway has one role per account and Region for the logs of every API there, and "
            "refuses one with less than this policy of AWS: it writes logs and reads what it wrote.",
            nag=[f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{LOGS_OF_ALL_APIS}]"],
        )
    stage = api.deployment_stage
    acknowledge(
        stage,
        reason="A cache would keep decrypted records in API Gateway, and give them out without asking KMS.",
        nag=[f"{pack}-APIGWCacheEnabledAndEncrypted" for pack in (nist, hipaa, pci)],
        checkov=["CKV_AWS_120"],
    )
    acknowledge(
        stage,
        reason="A client certificate proves API Gateway to an HTTP backend. Lambda is called by its API, "
        "signed and over TLS, and lets in this API's routes only.",
        nag=[f"{pack}-APIGWSSLEnabled" for pack in (nist, hipaa, pci)],
    )
    if not settings.waf:
        acknowledge(
            stage,
            reason="The setting waf is off here; every call is signed, throttled and validated without it.",
            nag=["AwsSolutions-APIG3", *(f"{pack}-APIGWAssociatedWithWAF" for pack in (nist, pci))],
        )
