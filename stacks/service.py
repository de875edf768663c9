"""What answers requests: the functions, the API in front of them, and who may call it.

What must stay true: the writer cannot read the records, the reader cannot change them, tenant-admin sees
which key a record hangs on and nothing of what is in it; every method wants a signed request; a caller
reaches only the tenant of its own tag, and branch keys only as an operator; no log tells what is in a record.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.acknowledgements import acknowledge, wildcard
from stacks.api import STAGE, add_api
from stacks.code_signing import functions_code
from stacks.firewall import add_firewall
from stacks.functions import Surroundings, add_function, sessions
from stacks.keys import DUTIES, KeysStack
from stacks.network import NetworkStack
from stacks.settings import Settings
from stacks.storage import StorageStack
from stacks.table_rights import Tables, heads_of_branch_keys, key_store_times
from stacks.tenant_sessions import BEGINNING

OWN_TENANT = "tenants/${aws:PrincipalTag/tenant}"
READ_CALLS = ("GET/{}/records", "GET/{}/records/*")
WRITE_CALLS = ("PUT/{}/records/*", "DELETE/{}/records/*")
ADMIN_CALLS = (
    "GET/branch-keys",
    "GET/branch-keys/*",
    "PUT/branch-keys/*",
    "DELETE/branch-keys/*",
    "POST/branch-keys/*/versions",
    "POST/branch-keys/*/moves",
)


class ServiceStack(cdk.Stack):
    """Functions `writer`, `reader`, `tenant-admin`, the REST API with stage v1, its callers' policies."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        keys: KeysStack,
        storage: StorageStack,
        network: NetworkStack | None,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        self._settings = settings
        surroundings = Surroundings(
            settings=settings,
            keys=keys,
            storage=storage,
            network=network,
            code=functions_code(self, settings),
        )
        tables = Tables(records=storage.records.table_arn, key_store=storage.key_store.table_arn)

        def function(
            name: str, role: iam.Role, *more: iam.PolicyStatement, **own: object
        ) -> lambda_.Function:
            rights = DUTIES[name].tables(settings, tables) if settings.functions_hold_rights else []
            return add_function(
                self,
                name,
                role=role,
                surroundings=surroundings,
                tables=[*rights, *more],
                environment={**sessions(name, settings=settings, keys=keys), **own},
            )

        self.writer = function("writer", keys.writer)
        self.reader = function("reader", keys.reader)
        self.tenant_admin = function(
            "tenant-admin", keys.tenant_admin, heads_of_branch_keys(tables), **key_store_times(settings)
        )
        self.api = add_api(
            self,
            settings=settings,
            log_key=keys.storage_key,
            functions={"writer": self.writer, "reader": self.reader, "tenant-admin": self.tenant_admin},
        )
        if settings.waf:
            add_firewall(self, settings=settings, stage=self.api.deployment_stage, log_key=keys.storage_key)
        read = self._callers("read", calls=READ_CALLS)
        write = self._callers("write", calls=WRITE_CALLS)
        admin = self._operators()
        objects = self._object_callers(keys.object_client)
        self._output(
            "ApiUrl", f"https://{self.api.rest_api_id}.execute-api.{self.region}.{self.url_suffix}/{STAGE}"
        )
        self._output("ApiId", self.api.rest_api_id)
        self._output("RecordsReadPolicyArn", read.managed_policy_arn)
        self._output("RecordsWritePolicyArn", write.managed_policy_arn)
        self._output("BranchKeysAdminPolicyArn", admin.managed_policy_arn)
        self._output("ObjectsPolicyArn", objects.managed_policy_arn)
        self._output("WriterFunctionName", self.writer.function_name)
        self._output("ReaderFunctionName", self.reader.function_name)
        self._output("TenantAdminFunctionName", self.tenant_admin.function_name)

    def _callers(self, right: str, *, calls: tuple[str, ...]) -> iam.ManagedPolicy:
        """The policy that ties a caller to its tenant: each verb by name, since `*` there would span slashes.

        Without the tag `tenant` the variable has no value and nothing matches.
        """
        routes = [self._route(call.format(OWN_TENANT)) for call in calls]
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

    def _operators(self) -> iam.ManagedPolicy:
        """The policy of those who make and shred branch keys, of any tenant; no record is reached by it."""
        routes = [self._route(call) for call in ADMIN_CALLS]
        policy = iam.ManagedPolicy(
            self,
            "BranchKeysAdmin",
            managed_policy_name=f"{self._settings.prefix}-branch-keys-admin",
            description="Calls that make, describe, rotate, move and shred branch keys.",
            statements=[
                iam.PolicyStatement(sid="BranchKeys", actions=["execute-api:Invoke"], resources=routes)
            ],
        )
        acknowledge(
            policy,
            reason="The `*` stands for a tenant: this duty is for all of them, and reaches no record.",
            nag=[wildcard(policy, route) for route in routes if "*" in route],
        )
        return policy

    def _object_callers(self, role: iam.IRole) -> iam.ManagedPolicy:
        """The policy of callers who store objects: IAM's consent to take the one role, for their own tenant.

        That it is their own, the role's trust says; what they may do in it, the role's policies.
        """
        return iam.ManagedPolicy(
            self,
            "Objects",
            managed_policy_name=f"{self._settings.prefix}-objects",
            description="Sessions of the role that stores and reads objects, of the caller's own tenant.",
            statements=[
                iam.PolicyStatement(
                    sid="SessionsOfOwnTenant", actions=list(BEGINNING), resources=[role.role_arn]
                )
            ],
        )

    def _route(self, call: str) -> str:
        return self.format_arn(
            service="execute-api", resource=self.api.rest_api_id, resource_name=f"{STAGE}/{call}"
        )

    def _output(self, name: str, value: str) -> None:
        cdk.CfnOutput(self, name, value=value)
