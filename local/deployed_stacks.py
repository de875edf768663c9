"""The stacks that are deployed here: their settings, names and outputs, and the process that changes them."""

from collections.abc import Callable, Mapping
from typing import Any

from local.cdk_command import Deployment
from local.clients import Clients
from local.deploy import deploy, deploy_changes, stack_names, start_synthesizer
from local.synthesis import Synthesizer


class DeployedStacks:
    """The stacks of one environment.

    Parameters
    ----------
    deployment
        Where and what.
    settings
        Settings that are to be other than in cdk.json.
    """

    def __init__(self, deployment: Deployment, *, settings: Mapping[str, object]) -> None:
        self.names: list[str] = []
        self.outputs: dict[str, str] = {}
        self._deployment = deployment
        self._settings = dict(settings)
        self._synthesizer: Synthesizer | None = None

    def deploy(self, *, progress: Callable[[str], None]) -> None:
        """Deploy into an emulator that is empty."""
        synthesizer = self._started_synthesizer if self._settings else None
        deploy(self._deployment, changes=self._settings, synthesizer=synthesizer, progress=progress)
        self._read()

    def change(self, changes: Mapping[str, object]) -> None:
        """Update what these settings change; what was changed before stays changed."""
        wanted = {**self._settings, **changes}
        deploy_changes(self._deployment, changes=wanted, synthesizer=self._started_synthesizer)
        self._settings = wanted
        self._read()

    def resources(self) -> list[dict[str, Any]]:
        """Return every resource of the stacks, as ListStackResources has them."""
        client = Clients(self._deployment.endpoint, self._deployment.region).client("cloudformation")
        return [
            resource
            for name in self.names
            for page in client.get_paginator("list_stack_resources").paginate(StackName=name)
            for resource in page["StackResourceSummaries"]
        ]

    def close(self) -> None:
        """End the process that changes them."""
        if self._synthesizer is not None:
            self._synthesizer.close()
            self._synthesizer = None

    def _started_synthesizer(self) -> Synthesizer:
        if self._synthesizer is None:
            self._synthesizer = start_synthesizer(self._deployment)
        return self._synthesizer

    def _read(self) -> None:
        self.names = stack_names(self._deployment)
        clients = Clients(self._deployment.endpoint, self._deployment.region)
        described: list[dict[str, Any]] = clients.client("cloudformation").describe_stacks()["Stacks"]
        self.outputs = {
            output["OutputKey"]: output["OutputValue"]
            for stack in described
            if stack["StackName"] in self.names
            for output in stack.get("Outputs", [])
        }
