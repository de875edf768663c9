"""What answers requests: the functions, the API in front of them, and who may call it.

What must stay true: the writer cannot read the table, the reader cannot change it; every method wants a
signed request; a caller reaches only the tenant of its own tag; no log tells what is in a record.
"""

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks import packaging
from stacks.gateway_responses import add_problem_documents
from stacks.keys import KeysStack
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION

STAGE = "v1"
OWN_TENANT = "tenants/${aws:PrincipalTag/tenant}"
READ_CALLS = ("GET/{}/records", "GET/{}/records/*")
WRITE_CALLS = ("PUT/{}/records/*", "DELETE/{}/records/*")


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


class ServiceStack(cdk.Stack):
    """Functions `writer` and `reader`, the REST API with stage v1, and the policies for its callers."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        keys: KeysStack,
        records: dynamodb.ITable,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        self._settings = settings
        self._keys = keys
        self._records = records
        self._removal = cdk.RemovalPolicy.RETAIN if settings.retains_data else cdk.RemovalPolicy.DESTROY
        package = packaging.package(self)

        self.writer = self._function(
            "writer",
            role=keys.writer,
            package=package,
            table_actions=["dynamodb:PutItem", "dynamodb:DeleteItem"],
        )
        self.reader = self._function(
            "reader", role=keys.reader, package=package, table_actions=["dynamodb:GetItem", "dynamodb:Query"]
        )
        self.api = self._api()
        add_problem_documents(self.api)
        self._routes()

        read = self._callers("read", calls=READ_CALLS)
        write = self._callers("write", calls=WRITE_CALLS)
        self._output(
            "ApiUrl", f"https://{self.api.rest_api_id}.execute-api.{self.region}.{self.url_suffix}/{STAGE}"
        )
        self._output("ApiId", self.api.rest_api_id)
        self._output("RecordsReadPolicyArn", read.managed_policy_arn)
        self._output("RecordsWritePolicyArn", write.managed_policy_arn)
        self._output("WriterFunctionName", self.writer.function_name)
        self._output("ReaderFunctionName", self.reader.function_name)

    def _function(
        self, name: str, *, role: iam.Role, package: assets.Asset, table_actions: list[str]
    ) -> lambda_.Function:
        settings = self._settings
        title = name.capitalize()
        physical_name = f"{settings.prefix}-{name}"
        log_group = self._log_group(f"{title}Logs", name=f"/aws/lambda/{physical_name}")
        policy = iam.ManagedPolicy(
            self,
            f"{title}MayWork",
            description=f"What the function {name} does beside using keys.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="Records", actions=table_actions, resources=[self._records.table_arn]
                ),
                iam.PolicyStatement(
                    sid="OwnLogs",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log_group.log_group_arn],
                ),
            ],
        )
        function = lambda_.Function(
            self,
            title,
            function_name=physical_name,
            description=role.node.default_child.description,  # type: ignore[union-attr]
            runtime=packaging.RUNTIME,
            architecture=packaging.ARCHITECTURE,
            handler=f"service.{name}.handler",
            code=lambda_.Code.from_bucket(package.bucket, package.s3_object_key),
            # Its statements are written out in managed policies; CDK's additions would make KeysStack need
            # this stack.
            role=role.without_policy_updates(),
            memory_size=settings.function_memory_mb,
            timeout=cdk.Duration.seconds(settings.function_timeout_seconds),
            reserved_concurrent_executions=settings.reserved_concurrency,
            log_group=log_group,
            environment=self._environment(name),
        )
        function.node.add_dependency(policy)
        return function

    def _environment(self, name: str) -> dict[str, str]:
        """Names and ARNs only: whoever may describe the function reads them."""
        settings = self._settings
        environment = {
            "RECORDS_TABLE": self._records.table_name,
            "LOGICAL_TABLE": settings.logical_table,
            "ENVELOPE_KEY_ARN": self._keys.envelope_key.key_arn,
            "DECRYPT_KEY_ARNS": ",".join(settings.decrypt_key_arns),
            "PLAINTEXT_ATTRIBUTES": ",".join(settings.plaintext_attributes),
            # Binds a cursor to its list; no secret, since what confines a page to its tenant is the key
            # condition.
            "CURSOR_KEY": self.stack_id,
            "POWERTOOLS_SERVICE_NAME": f"records-{name}",
            "POWERTOOLS_METRICS_NAMESPACE": "SealedRecords",
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }
        return {variable: value for variable, value in environment.items() if value}

    def _log_group(self, construct_id: str, *, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            construct_id,
            log_group_name=name,
            encryption_key=self._keys.storage_key,
            retention=LOG_RETENTION[self._settings.log_retention_days],
            removal_policy=self._removal,
        )

    def _api(self) -> apigateway.RestApi:
        settings = self._settings
        access_log = self._log_group("AccessLog", name=f"/aws/apigateway/{settings.prefix}-api")
        api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=f"{settings.prefix}-api",
            description="Records of many tenants, encrypted before they are stored",
            endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
            disable_execute_api_endpoint=False,
            # One role per account and Region writes the logs of every API there, so it is AWS's own policy,
            # and is kept.
            cloud_watch_role=settings.api_account_role,
            default_method_options=apigateway.MethodOptions(
                authorization_type=apigateway.AuthorizationType.IAM
            ),
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=access_log_format(),
                # API Gateway's execution log repeats requests into a log group without our key.
                logging_level=apigateway.MethodLoggingLevel.OFF,
                data_trace_enabled=False,
                # Traces of the API alone: a function's would need a permission on every resource of the
                # account.
                tracing_enabled=True,
                throttling_rate_limit=settings.throttle_rate,
                throttling_burst_limit=settings.throttle_burst,
            ),
        )
        api.node.try_remove_child(
            "Endpoint"
        )  # CDK's own output, of a name that changes: ApiUrl takes its place
        return api

    def _routes(self) -> None:
        # Parameters only: of a body API Gateway says just "invalid"; the function names what is wrong and
        # where.
        validator = self.api.add_request_validator(
            "Parameters", validate_request_parameters=True, validate_request_body=False
        )
        collection = self.api.root.add_resource("tenants").add_resource("{tenant}").add_resource("records")
        record = collection.add_resource("{record}")
        writer, reader = self._integration(self.writer), self._integration(self.reader)
        tenant = {"method.request.path.tenant": True}
        paging = {f"method.request.querystring.{name}": False for name in ("limit", "cursor", "prefix")}
        one = {**tenant, "method.request.path.record": True}
        for resource, verb, integration, parameters in (
            (collection, "GET", reader, {**tenant, **paging}),
            (record, "PUT", writer, one),
            (record, "GET", reader, one),
            (record, "DELETE", writer, one),
        ):
            resource.add_method(verb, integration, request_parameters=parameters, request_validator=validator)

    def _integration(self, function: lambda_.Function) -> apigateway.LambdaIntegration:
        # The console's test button would call without the caller's policies.
        return apigateway.LambdaIntegration(function, allow_test_invoke=False)

    def _callers(self, right: str, *, calls: tuple[str, ...]) -> iam.ManagedPolicy:
        """The policy that ties a caller to its tenant: each verb by name, since `*` there would span slashes.

        Without the tag `tenant` the variable has no value and nothing matches.
        """
        return iam.ManagedPolicy(
            self,
            f"Records{right.capitalize()}",
            managed_policy_name=f"{self._settings.prefix}-records-{right}",
            description=f"Calls that {right} the records of the tenant that the caller's tag names.",
            statements=[
                iam.PolicyStatement(
                    sid=f"{right.capitalize()}OwnTenant",
                    actions=["execute-api:Invoke"],
                    resources=[
                        self.format_arn(
                            service="execute-api",
                            resource=self.api.rest_api_id,
                            resource_name=f"{STAGE}/{call.format(OWN_TENANT)}",
                        )
                        for call in calls
                    ],
                )
            ],
        )

    def _output(self, name: str, value: str) -> None:
        cdk.CfnOutput(self, name, value=value)
