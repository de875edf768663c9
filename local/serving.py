"""What serves a deployment: the functions' processes, the front before them, and callers to try it with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local import callers, deployed_api
from local.additions import awslambda_invoke
from local.clients import Clients
from local.container import Runtime
from local.deployed_api import Api
from local.emulator import ACCOUNT
from local.enforcement import Enforcement
from local.front import Front
from local.functions import Functions
from local.invocations import Invocations


class Serving:
    """The functions and the API of one deployment.

    Parameters
    ----------
    clients
        Of the emulator that it is deployed in.
    outputs
        The stacks' outputs.
    directory
        Takes the functions' unpacked code and what they write.
    source
        The folder of the functions' sources.
    runtime
        What runs them.
    enforcement
        Of the emulator.
    instances
        How many processes of one function there are at most; None: as many as the machine has processors.
    """

    def __init__(
        self,
        clients: Clients,
        *,
        outputs: Mapping[str, str],
        directory: Path,
        source: Path,
        runtime: Runtime,
        enforcement: Enforcement,
        instances: int | None = None,
    ) -> None:
        self._clients = clients
        self.functions = Functions(
            clients,
            directory=directory,
            source=source,
            runtime=runtime,
            enforcement=enforcement,
            instances=instances,
        )
        self._withdraw = awslambda_invoke.run_with(Invocations(self.functions))
        self.callers = callers.create(clients, outputs=outputs)
        self.front = Front(self._api(outputs), self.functions, region=clients.region, enforcement=enforcement)

    def start(self) -> Self:
        """Begin to answer."""
        self.front.start()
        return self

    def add_caller(self, tenant: str, *, outputs: Mapping[str, str]) -> None:
        """Make a caller of another tenant."""
        self.callers[tenant] = callers.create_tenant(self._clients, tenant, outputs=outputs)

    def renew(self, outputs: Mapping[str, str]) -> None:
        """Serve what was changed, at the same address."""
        self.front.api = self._api(outputs)

    def stop(self) -> None:
        """Stop answering, and end every process."""
        self._withdraw()
        self.front.stop()
        self.functions.stop()

    def _api(self, outputs: Mapping[str, str]) -> Api:
        api_id = outputs["ApiId"]
        [stage] = self._clients.client("apigateway").get_stages(restApiId=api_id)["item"]
        return deployed_api.read(self._clients, api_id=api_id, stage_name=stage["stageName"], account=ACCOUNT)
