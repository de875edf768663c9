"""The embedded AWS as one thing: started in order, and stopped whatever happens.

    with EmbeddedAws() as aws:
        aws.client("dynamodb").scan(TableName=aws.outputs["RecordsTableName"])

Emulator, deployment, functions, front, callers: each needs the one before. One can run in a process at a
time, because moto keeps its state in modules.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from local import callers, deployed_api, package
from local.additions import cloudwatch, events
from local.build_cache import ROOT
from local.callers import Credentials
from local.clients import Clients
from local.deploy import Deployment, deploy, stack_names
from local.emulator import ACCOUNT, Emulator
from local.faults import Fault
from local.front import Front
from local.functions import Functions, choose_runtime
from local.journal import Request
from local.settings import region_of

Progress = Callable[[str], None]


class EmbeddedAws:
    """The deployed application on this machine.

    Parameters
    ----------
    environment
        Which of cdk.json's environments to deploy.
    directory
        Takes everything that is written; a temporary folder unless given.
    project
        The folder of ``app.py``, ``cdk.json`` and ``lambda_src``.
    runtime
        ``auto``: AWS's runtime client where there is one, else the small loop.
    progress
        Is told in a few words what is being done.
    """

    def __init__(
        self,
        *,
        environment: str = "dev",
        directory: Path | None = None,
        project: Path = ROOT,
        runtime: Literal["auto", "awslambdaric", "loop"] = "auto",
        progress: Progress = lambda _: None,
    ) -> None:
        self.environment = environment
        self.region = region_of(project, environment=environment)
        self.outputs: dict[str, str] = {}
        self.stacks: list[str] = []
        self._directory = directory
        self._project = project
        self._runtime = choose_runtime(runtime)
        self._progress = progress
        self._stack = ExitStack()
        self._emulator: Emulator | None = None
        self._functions: Functions | None = None
        self._front: Front | None = None
        self._callers: dict[str, Credentials] = {}

    def __enter__(self) -> Self:
        """Start everything; return when the API answers."""
        with ExitStack() as stack:
            if self._directory is None:
                made = tempfile.TemporaryDirectory(prefix="embedded-aws-", ignore_cleanup_errors=True)
                self._directory = Path(stack.enter_context(made))
            self._directory.mkdir(parents=True, exist_ok=True)
            self._progress("starting the emulator")
            self._emulator = Emulator(log_file=self._directory / "emulator.log")
            stack.callback(self._emulator.stop)
            self._emulator.start()
            stack.callback(self._withdraw)
            self._deploy()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self._stack.__exit__(kind, error, trace)

    @property
    def aws_endpoint(self) -> str:
        """The emulator's address, for AWS_ENDPOINT_URL."""
        return self._running.endpoint

    @property
    def api_url(self) -> str:
        """The deployed API's address here, with its stage."""
        if self._front is None:
            message = "The embedded AWS is not running."
            raise RuntimeError(message)
        return self._front.url

    @property
    def runtime(self) -> str:
        """What runs the functions: ``awslambdaric`` or ``loop``."""
        return self._runtime

    def client(self, service: str) -> Any:  # noqa: ANN401 - each service's client has its own type
        """Return a boto3 client with an operator's credentials."""
        return self._clients.client(service)

    def credentials(self, tenant: str) -> Credentials:
        """Return the access key of a ready-made caller."""
        return self._callers[tenant]

    def tenants(self) -> list[str]:
        """Return the tenants that have a ready-made caller."""
        return list(self._callers)

    def function_logs(self, name: str) -> str:
        """Return what a function has written; ``name`` is its physical name."""
        return self._functions.logs(name) if self._functions else ""

    def function_processes(self) -> dict[str, list[int]]:
        """Return the process ids of each function that has been called."""
        return self._functions.processes() if self._functions else {}

    def requests(self, service: str | None = None) -> list[Request]:
        """Return what the emulator was asked for, oldest first."""
        return self._running.journal.requests(service=service)

    def kms_calls(self) -> dict[str, int]:
        """Return how often each KMS operation was asked for since the start or the last reset."""
        return self._running.journal.counts(service="kms")

    def fail_next(
        self,
        service: str,
        operation: str,
        *,
        times: int = 1,
        code: str | None = None,
        delay: float = 0.0,
        reset: bool = False,
    ) -> None:
        """Let the next requests for an operation fail, wait or lose their connection."""
        fault = Fault(service, operation, times=times, code=code, delay=delay, reset=reset)
        self._running.faults.add(fault)

    def clear_faults(self) -> None:
        """Forget faults that have not happened yet."""
        self._running.faults.clear()

    def put_event(self, event: Mapping[str, Any]) -> None:
        """Put a whole event on the default bus as AWS would; PutEvents takes no source of AWS's."""
        events.put_event(event, account=ACCOUNT, region=self.region)

    def evaluate_alarms(self, *, at: datetime | None = None) -> None:
        """Look at every alarm as of a time in UTC. Values that are put are looked at when they come."""
        cloudwatch.evaluate(account=ACCOUNT, region=self.region, at=at)

    def reset(self) -> None:
        """Empty everything and deploy again. The emulator keeps its address, the API gets a new one."""
        self._withdraw()
        self._running.reset()
        self._deploy()

    def status(self) -> dict[str, Any]:
        """Describe what runs, in plain data."""
        return {
            "environment": self.environment,
            "region": self.region,
            "api": self.api_url,
            "endpoint": self.aws_endpoint,
            "runtime": self._runtime,
            "functions": {name: len(pids) for name, pids in self._deployed_functions().items()},
            "stacks": self.stacks,
            "kms_calls": self.kms_calls(),
        }

    @property
    def _running(self) -> Emulator:
        if self._emulator is None:
            message = "The embedded AWS is not running."
            raise RuntimeError(message)
        return self._emulator

    @property
    def _clients(self) -> Clients:
        return Clients(self._running.endpoint, self.region)

    @property
    def _folder(self) -> Path:
        if self._directory is None:
            message = "The embedded AWS is not running."
            raise RuntimeError(message)
        return self._directory

    def _deploy(self) -> None:
        deployment = Deployment(
            project=self._project,
            directory=self._folder / "cdk",
            environment=self.environment,
            region=self.region,
            endpoint=self._running.endpoint,
        )
        began = time.monotonic()
        source = self._project / "lambda_src"
        requirements = source / "requirements.txt"
        if not package.is_built(requirements):
            self._progress("installing the functions' dependencies for this machine (once for each lock)")
        package.dependencies(requirements)
        deploy(deployment, progress=self._progress)
        self._progress(f"deployed in {time.monotonic() - began:.0f} s")
        self.stacks = stack_names(deployment)
        self.outputs = self._read_outputs()
        self._functions = Functions(
            self._clients, directory=self._folder, source=source, runtime=self._runtime
        )
        api_id = self.outputs["ApiId"]
        stage = self.client("apigateway").get_stages(restApiId=api_id)["item"][0]["stageName"]
        api = deployed_api.read(self._clients, api_id=api_id, stage_name=stage, account=ACCOUNT)
        self._callers = callers.create(self._clients, outputs=self.outputs)
        self._front = Front(api, self._functions, region=self.region)
        self._front.start()

    def _withdraw(self) -> None:
        """Stop what serves the deployment."""
        if self._front is not None:
            self._front.stop()
            self._front = None
        if self._functions is not None:
            self._functions.stop()
            self._functions = None

    def _read_outputs(self) -> dict[str, str]:
        described = self.client("cloudformation").describe_stacks()["Stacks"]
        return {
            output["OutputKey"]: output["OutputValue"]
            for stack in described
            if stack["StackName"] in self.stacks
            for output in stack.get("Outputs", [])
        }

    def _deployed_functions(self) -> dict[str, list[int]]:
        names = [item["FunctionName"] for item in self.client("lambda").list_functions()["Functions"]]
        processes = self.function_processes()
        return {name: processes.get(name, []) for name in sorted(names)}
