"""What answers requests: the functions, the API in front of them, and who may call it.

What must stay true: the writer cannot read the table, the reader cannot change it; every method wants a
signed request; a caller reaches only the tenant of its own tag; no log tells what is in a record.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.acknowledgements import acknowledge, wildcard
from stacks.api import STAGE, add_api
from stacks.code_signing import functions_code
from stacks.firewall import add_firewall
from stacks.functions import Surroundings, add_function
from stacks.keys import KeysStack
from stacks.network import NetworkStack
from stacks.settings import Settings

OWN_TENANT = "tenants/${aws:PrincipalTag/tenant}"
READ_CALLS = ("GET/{}/records", "GET/{}/records/*")
WRITE_CALLS = ("PUT/{}/records/*", "DELETE/{}/records/*")


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
        network: NetworkStack | None,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        self._settings = settings
        surroundings = Surroundings(
            settings=settings,
            keys=keys,
            records=records,
            network=network,
            code=functions_code(self, settings),
        )
        self.writer = add_function(
            self,
            "writer",
            role=keys.writer,
            surroundings=surroundings,
            table_actions=["dynamodb:PutItem", "dynamodb:DeleteItem"],
        )
        self.reader = add_function(
            self,
            "reader",
            role=keys.reader,
            surroundings=surroundings,
            table_actions=["dynamodb:GetItem", "dynamodb:Query"],
        )
        self.api = add_api(
            self,
            settings=settings,
            log_key=keys.storage_key,
            functions={"writer": self.writer, "reader": self.reader},
        )
        if settings.waf:
            add_firewall(self, settings=settings, stage=self.api.deployment_stage, log_key=keys.storage_key)
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

    def _callers(self, right: str, *, calls: tuple[str, ...]) -> iam.ManagedPolicy:
        """The policy that ties a caller to its tenant: each verb by name, since `*` there would span slashes.

        Without the tag `tenant` the variable has no value and nothing matches.
        """
        routes = [
            self.format_arn(
                service="execute-api",
                resource=self.api.rest_api_id,
                resource_name=f"{STAGE}/{call.format(OWN_TENANT)}",
            )
            for call in calls
        ]
        policy = iam.ManagedPolicy(
            self,
            f"Records{right.capitalize()}",
            managed_policy_name=f"{self._settings.prefix}-records-{right}",
            description=f"Calls that {right} the records of the tenant that the caller's tag names.",
            statements=[
                iam.PolicyStatement(
                    sid=f"{right.capitalize()}OwnTenant",
                    actions=["execute-api:Invoke"],
                    resources=routes,
                )
            ],
        )
        acknowledge(
            policy,
            reason="The `*` stands for a record of the caller's own tenant, after a slash; ids hold none.",
            nag=[wildcard(policy, route) for route in routes if route.endswith("*")],
        )
        return policy

    def _output(self, name: str, value: str) -> None:
        cdk.CfnOutput(self, name, value=value)
