"""The whole application, composed: which stacks there are and what each hands to the next.

References point one way: keys -> storage -> network -> service, maintenance -> audit. A stack may name what
an earlier one made, never the reverse.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks import settings as settings_room
from stacks.audit import AuditStack
from stacks.keys import KeysStack
from stacks.maintenance import MaintenanceStack
from stacks.network import NetworkStack
from stacks.service import ServiceStack
from stacks.settings import Settings
from stacks.stack_names import stack_name
from stacks.storage import StorageStack


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The stacks of one environment."""

    settings: Settings
    keys: KeysStack
    storage: StorageStack
    network: NetworkStack | None
    service: ServiceStack
    maintenance: MaintenanceStack
    audit: AuditStack


def build(app: cdk.App, *, env: object) -> Application:
    """Add the stacks of an environment to `app`.

    Parameters
    ----------
    app
        The app; its context holds `environments`, as cdk.json gives it.
    env
        The name of one of them.

    Raises
    ------
    SettingsError
        If the environment does not exist or one of its settings is wrong.
    PackagingError
        If the functions' package cannot be built.
    """
    settings = settings_room.load(app.node.try_get_context("environments"), env=env)
    target = cdk.Environment(account=settings.account, region=settings.region)
    tags = {**dict(settings.tags), "project": settings.project, "environment": settings.environment}
    named = partial(stack_name, settings.environment)
    protected = settings.termination_protection
    if settings.permissions_boundary_arn is not None:
        boundary = iam.ManagedPolicy.from_managed_policy_arn(
            app, "Boundary", settings.permissions_boundary_arn
        )
        iam.PermissionsBoundary.of(app).apply(boundary)

    common: dict[str, Any] = {
        "settings": settings,
        "env": target,
        "tags": tags,
        "termination_protection": protected,
    }
    keys = KeysStack(app, named("Keys"), **common)
    storage = StorageStack(app, named("Storage"), keys=keys, **common)
    network = None
    if settings.vpc_cidr is not None:
        network = NetworkStack(app, named("Network"), keys=keys, storage=storage, **common)
    served: dict[str, Any] = {"keys": keys, "storage": storage, "network": network, **common}
    service = ServiceStack(app, named("Service"), **served)
    maintenance = MaintenanceStack(app, named("Maintenance"), **served)
    audit = AuditStack(
        app,
        named("Audit"),
        keys=keys,
        storage=storage,
        service=service,
        maintenance=maintenance,
        **common,
    )
    return Application(
        settings=settings,
        keys=keys,
        storage=storage,
        network=network,
        service=service,
        maintenance=maintenance,
        audit=audit,
    )
