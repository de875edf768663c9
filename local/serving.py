"""What serves a deployment: the functions' processes, the front before them, and callers to try it with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local import callers, deployed_api
from local.additions import stepfunctions
from local.clients import Clients
from local.container import Runtime
from local.deployed_api import Api
from local.emulator import ACCOUNT
from local.enforcement import Enforcement
from local.front import Front
from local.functions import Functions
from local.state_machines import MachineCalls


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
    ) -> None:
        self._clients = clients
        self.functions = Functions(
            clients, directory=directory, source=source, runtime=runtime, enforcement=enforcement
        )
        self._machine_calls = MachineCalls(clients, self.functions, enforcement)
        self.callers = callers.create(clients, outputs=outputs)
        self.front = Front(self._api(outputs), self.functions, region=clients.region, enforcement=enforcement)

    def start(self) -> Self:
        """Begin to answer."""
        self.front.start()
        stepfunctions.hand_calls_to(self._machine_calls)
        return self

    def add_caller(self, tenant: str, *, outputs: Mapping[str, str]) -> None:
        """Make a caller of another tenant."""
        self.callers[tenant] = callers.create_tenant(self._clients, tenant, outputs=outputs)

    def renew(self, outputs: Mapping[str, str]) -> None:
        """Serve what was changed, at the same address."""
        self.front.api = self._api(outputs)

    def stop(self) -> None:
        """Stop answering, and end every process."""
        stepfunctions.hand_calls_to(None)
        self.front.stop()
        self.functions.stop()

    def _api(self, outputs: Mapping[str, str]) -> Api:
        api_id = outputs["ApiId"]
        [stage] = self._clients.client("apigateway").get_stages(restApiId=api_id)["item"]
        return deployed_api.read(self._clients, api_id=api_id, stage_name=stage["stageName"], account=ACCOUNT)
