"""The three KMS keys, the roles, and who may use which key for what: "who may decrypt" is this one file.

What must stay true:
- Using the envelope key takes two consents: this key's policy and the IAM policy of the role. Neither is
  enough alone.
- Nobody who administers a key can use it, nor lend its use by a grant. Who may change a key policy can
  change that: the change is an event to alarm on, not one that a policy can prevent without locking its
  owner out.
- A role has the cryptographic actions of its duty alone, each only for the encryption contexts of records
  (record_contexts.py), of branch keys (branch_key_contexts.py), or of objects (object_contexts.py). Who makes
  and moves branch keys cannot open them.
- With the setting `tenant_sessions` the functions' own roles cannot use the key: only sessions can, each for
  the one tenant of its tag (tenant_sessions.py). Of objects every session is one tenant's (object_client.py).
- No AWS service uses the envelope key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks import names, service_keys
from stacks.branch_key_contexts import ACTIVE, BEACON, VERSIONS, for_branch_keys
from stacks.key_policies import (
    CRYPTOGRAPHY,
    DELEGATION,
    Conditions,
    account_may_administer,
    nobody_may,
    role_may,
    safeguards,
)
from stacks.object_client import add_object_client, allow_objects, may_use_storage_key
from stacks.object_contexts import for_objects
from stacks.record_contexts import for_records
from stacks.settings import Settings
from stacks.storage_key_rights import allow_environment, allow_storage_key
from stacks.table_rights import (
    Tables,
    tables_by_name,
    tables_of_reader,
    tables_of_reencryptor,
    tables_of_tenant_admin,
    tables_of_writer,
)
from stacks.tenant_sessions import OWN_TENANT, add_session_role, allow_tables

PLANNER = "planner"
# Without Decrypt: a branch key is made, copied and moved inside KMS.
BRANCH_KEY_ADMINISTRATION = ("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one role may do with the keys that reveal records, and for which encryption contexts."""

    sid: str
    actions: Sequence[str]
    conditions: Conditions
    of_branch_keys: bool = False


def uses_of_writer(settings: Settings, tenant: str | None = None) -> list[Use]:
    """New records: data keys from KMS, which it cannot open again, or the active branch keys."""
    # In the strategy `tenant` too: writers of the strategy `record` still run while the stacks are deployed.
    uses = [
        Use(
            sid="WriterMayMakeDataKeys",
            actions=["kms:GenerateDataKey"],
            conditions=for_records(settings, tenant=tenant),
        )
    ]
    if settings.writer_uses_branch_keys:
        uses.append(
            Use(
                sid="WriterMayOpenActiveBranchKeys",
                actions=["kms:Decrypt"],
                conditions=for_branch_keys(settings, types=[ACTIVE], tenant=tenant),
                of_branch_keys=True,
            )
        )
    return uses


def uses_of_reader(settings: Settings, tenant: str | None = None) -> list[Use]:
    """Stored records of both strategies."""
    return [
        Use(sid="ReaderMayDecrypt", actions=["kms:Decrypt"], conditions=for_records(settings, tenant=tenant)),
        Use(
            sid="ReaderMayOpenBranchKeys",
            actions=["kms:Decrypt"],
            conditions=for_branch_keys(settings, types=[ACTIVE, VERSIONS], tenant=tenant),
            of_branch_keys=True,
        ),
    ]


def uses_of_tenant_admin(settings: Settings, tenant: str | None = None) -> list[Use]:
    """Branch keys, without opening one."""
    return [
        Use(
            sid="TenantAdminMayMakeAndMoveBranchKeys",
            actions=BRANCH_KEY_ADMINISTRATION,
            conditions=for_branch_keys(settings, types=[ACTIVE, VERSIONS, BEACON], tenant=tenant),
            of_branch_keys=True,
        )
    ]


def uses_of_reencryptor(settings: Settings, tenant: str | None = None) -> list[Use]:
    """Stored records of both strategies, and new ones of both: it rewrites from any to any."""
    return [
        Use(
            sid="ReencryptorMayMakeDataKeys",
            actions=["kms:GenerateDataKey"],
            conditions=for_records(settings, tenant=tenant),
        ),
        Use(
            sid="ReencryptorMayDecrypt",
            actions=["kms:Decrypt"],
            conditions=for_records(settings, tenant=tenant),
        ),
        Use(
            sid="ReencryptorMayOpenBranchKeys",
            actions=["kms:Decrypt"],
            conditions=for_branch_keys(settings, types=[ACTIVE, VERSIONS], tenant=tenant),
            of_branch_keys=True,
        ),
    ]


def uses_of_object_client() -> list[Use]:
    """Objects of the tenant that the session's tag names: their data keys are made and opened by callers."""
    of_own_tenant = for_objects(tenant=OWN_TENANT)
    return [
        Use(
            sid="ObjectClientMayMakeDataKeysOfOwnTenant",
            actions=["kms:GenerateDataKey"],
            conditions=of_own_tenant,
        ),
        # A use of its own: the keys of old objects are for opening alone.
        Use(sid="ObjectClientMayDecryptOfOwnTenant", actions=["kms:Decrypt"], conditions=of_own_tenant),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a role is there for: what it may do with the envelope key and with the tables."""

    description: str
    uses: Callable[[Settings, str | None], list[Use]]
    tables: Callable[[Settings, Tables], list[iam.PolicyStatement]]

    def uses_of_own_tenant(self, settings: Settings) -> list[Use]:
        """What a session may do with the key for the tenant of its tag."""
        return [replace(use, sid=f"{use.sid}OfOwnTenant") for use in self.uses(settings, OWN_TENANT)]


DUTIES: Mapping[str, Duty] = {
    "writer": Duty(
        description="Encrypts and stores records; cannot decrypt or read them.",
        uses=uses_of_writer,
        tables=tables_of_writer,
    ),
    "reader": Duty(
        description="Reads and decrypts records; cannot write them.",
        uses=uses_of_reader,
        tables=tables_of_reader,
    ),
    "tenant-admin": Duty(
        description="Makes, rotates, moves and shreds branch keys; cannot open them or read records.",
        uses=uses_of_tenant_admin,
        tables=tables_of_tenant_admin,
    ),
    "reencryptor": Duty(
        description="Encrypts stored records anew, where nobody changed them meanwhile.",
        uses=uses_of_reencryptor,
        tables=tables_of_reencryptor,
    ),
}


def envelope_policy(settings: Settings, *, uses: Mapping[iam.Role, Sequence[Use]]) -> iam.PolicyDocument:
    """The policy of the only key whose use reveals records."""
    return iam.PolicyDocument(
        statements=[
            account_may_administer(),
            *(
                role_may(use.sid, role=role, actions=use.actions, conditions=use.conditions)
                for role, uses_of_role in uses.items()
                for use in uses_of_role
            ),
            nobody_may(
                "NobodyWithoutAnEncryptionContext",
                actions=CRYPTOGRAPHY,
                conditions={"Null": {"kms:EncryptionContextKeys": "true"}},
            ),
            nobody_may("NobodyLendsOrCopiesTheKey", actions=DELEGATION),
            *safeguards(settings),
        ]
    )


class KeysStack(cdk.Stack):
    """Keys `envelope`, `storage`, `audit`; the roles of all duties, and their sessions'.

    Beside them `object-client`, which callers take, not functions.

    The roles live beside the keys so that key policies can name them: from another stack that is a cycle.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        self._settings = settings

        self._functions = functions = {
            name: self._role(name, duty=duty.description) for name, duty in DUTIES.items()
        }
        self.writer, self.reader, self.tenant_admin, self.reencryptor = functions.values()
        self.planner = self._role(PLANNER, duty="Plans runs of re-encryption; reaches no record and no key.")
        if settings.tenant_sessions_changing:
            cdk.Annotations.of(self).add_warning_v2(
                "sealed-records:functions-reach-every-tenant",
                f"cdk.json: environments.{settings.environment}.tenant_sessions_changing is true: the "
                "functions' own roles reach every tenant. Set it to false when this is deployed, and deploy.",
            )
        uses: dict[iam.Role, list[Use]] = {}
        if settings.functions_hold_rights:
            uses |= {role: DUTIES[name].uses(settings, None) for name, role in functions.items()}
        if settings.sessions_hold_rights:
            uses |= {
                self._session_role(name, function_role=role): DUTIES[name].uses_of_own_tenant(settings)
                for name, role in functions.items()
            }

        self.object_client = add_object_client(self, settings)
        of_objects = {self.object_client: uses_of_object_client()}

        self.envelope_key = self._key(
            "envelope",
            audience="Wraps the data keys of records and of objects, and branch keys",
            policy=envelope_policy(settings, uses={**uses, **of_objects}),
        )
        self.storage_key = self._key(
            "storage",
            audience="Server-side encryption of tables, objects, logs, alarms and backups",
            policy=service_keys.storage_policy(
                settings, more=[may_use_storage_key(settings, self.object_client)]
            ),
        )
        self.audit_key = self._key(
            "audit",
            audience="Server-side encryption of the audit trail",
            policy=service_keys.audit_policy(settings),
        )

        for role, uses_of_role in {**uses, **of_objects}.items():
            self._allow_envelope(role, uses=uses_of_role)
        # Whatever their sessions do, tenant-admin itself lists who has branch keys, and the reencryptor finds
        # the records.
        through_dynamodb = dict.fromkeys([*uses, self.tenant_admin, self.reencryptor])
        allow_storage_key(self, key=self.storage_key, roles=list(through_dynamodb))
        allow_environment(self, settings, "writer", role=self.writer, key=self.storage_key)
        allow_environment(self, settings, "reader", role=self.reader, key=self.storage_key)
        # The schedule that rotates branch keys works with the same role, in a function of its own.
        allow_environment(
            self, settings, "tenant-admin", "rotation", role=self.tenant_admin, key=self.storage_key
        )
        for name, role in (("reencryptor", self.reencryptor), (PLANNER, self.planner)):
            allow_environment(self, settings, name, role=role, key=self.storage_key)
        allow_objects(self, settings, role=self.object_client, storage_key=self.storage_key)
        cdk.CfnOutput(
            self,
            "EnvelopeKeyArn",
            value=self.envelope_key.key_arn,
            description="The key that wraps the data keys of records and of objects",
        )
        cdk.CfnOutput(
            self,
            "ObjectClientRoleArn",
            value=self.object_client.role_arn,
            description="The role that callers take to store and read objects of their own tenant",
        )

    def workers(self, duty: str) -> list[str]:
        """The ARNs of the roles that hold a duty's rights.

        A session's is made of its name: a stack that referred to the role would keep CloudFormation from
        taking it away when the setting changes back.
        """
        settings, found = self._settings, []
        if settings.functions_hold_rights:
            found.append(self._functions[duty].role_arn)
        if settings.sessions_hold_rights:
            found.append(self.session_role_arn(duty))
        return found

    def session_role_arn(self, duty: str) -> str:
        """The ARN of the role that a duty's sessions have."""
        name = names.session_role(self._settings, duty)
        return self.format_arn(service="iam", region="", resource="role", resource_name=name)

    def branch_key_arns(self) -> list[str]:
        """Every key that branch keys may be wrapped under: to open them, and to move them."""
        settings = self._settings
        chosen = [] if settings.branch_key_arn is None else [settings.branch_key_arn]
        return list(dict.fromkeys([self.envelope_key.key_arn, *chosen, *settings.decrypt_key_arns]))

    def _session_role(self, duty: str, *, function_role: iam.Role) -> iam.Role:
        role = add_session_role(self, self._settings, duty, function_role=function_role)
        own = tables_by_name(self, self._settings, tenant=OWN_TENANT)
        allow_tables(self, duty, role=role, statements=DUTIES[duty].tables(self._settings, own))
        return role

    def _role(self, name: str, *, duty: str) -> iam.Role:
        return iam.Role(
            self,
            names.title(name),
            role_name=names.role(self._settings, name),
            description=duty,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )

    def _key(self, name: str, *, audience: str, policy: iam.PolicyDocument) -> kms.Key:
        settings = self._settings
        return kms.Key(
            self,
            f"{name.capitalize()}Key",
            alias=f"alias/{settings.prefix}/{name}",
            description=f"{settings.prefix}: {audience}",
            policy=policy,
            enable_key_rotation=True,
            rotation_period=cdk.Duration.days(settings.rotation_days),
            pending_window=cdk.Duration.days(settings.deletion_window_days),
            removal_policy=settings.removal_policy,
        )

    def _allow_envelope(self, role: iam.Role, *, uses: Sequence[Use]) -> None:
        """IAM's consent to what the key policy allows the role, under the same conditions."""
        iam.ManagedPolicy(
            self,
            f"{role.node.id}MayUseEnvelopeKey",
            description="The envelope key, for the encryption contexts of this duty.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid=use.sid,
                    actions=list(use.actions),
                    resources=self._keys_of(use),
                    conditions=use.conditions,
                )
                for use in uses
            ],
        )

    def _keys_of(self, use: Use) -> list[str]:
        if use.of_branch_keys:
            return self.branch_key_arns()
        old = self._settings.decrypt_key_arns if "kms:Decrypt" in use.actions else ()
        return [self.envelope_key.key_arn, *old]
