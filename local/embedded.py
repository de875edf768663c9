"""The embedded AWS as one thing: started in order, and stopped whatever happens.

    with EmbeddedAws() as aws:
        aws.client("dynamodb").scan(TableName=aws.outputs["RecordsTableName"])

Emulator, deployment, functions, front, callers: each needs the one before. One can run in a process at a
time, because moto keeps its state in modules.
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from local import package
from local.additions import cloudwatch, events, scheduler, stepfunctions
from local.build_cache import ROOT
from local.callers import TENANTS, Credentials
from local.cdk_command import Deployment
from local.clients import Clients
from local.deployed_stacks import DeployedStacks
from local.emulator import ACCOUNT, Emulator
from local.enforcement import Enforcement, acts_of_services, acts_of_step_functions
from local.faults import Fault, Trouble
from local.functions import choose_runtime
from local.journal import Request
from local.principals import MACHINE_KEY, OPERATOR_KEY
from local.privileges import Privileges
from local.serving import Serving
from local.settings import region_of
from local.state_machines import StateMachines
from local.trail.recorder import Recorder

Progress = Callable[[str], None]
_SCHEDULER = "scheduler.amazonaws.com"
_NOT_RUNNING = "The embedded AWS is not running."
# Tests look on by the one; by the other the machine reads what it is to serve.
_SPARED = (OPERATOR_KEY, MACHINE_KEY)


class EmbeddedAws:
    """The deployed application on this machine.

    Parameters
    ----------
    environment
        Which of cdk.json's environments to deploy.
    settings
        Settings of the environment that are to be other than in cdk.json.
    directory
        Takes everything that is written; a temporary folder unless given.
    project
        The folder of ``app.py``, ``cdk.json`` and ``lambda_src``.
    runtime
        ``auto``: AWS's runtime client where there is one, else the small loop.
    enforce
        Whether policies are enforced; without, to see what it costs.
    deliver_every
        After how many seconds the trail delivers by itself; None: only by ``deliver_trail``.
    instances
        How many processes of one function there are at most; None: as many as the machine has processors.
    progress
        Is told in a few words what is being done.
    """

    def __init__(
        self,
        *,
        environment: str = "dev",
        settings: Mapping[str, object] | None = None,
        directory: Path | None = None,
        project: Path = ROOT,
        runtime: Literal["auto", "awslambdaric", "loop"] = "auto",
        enforce: bool = True,
        deliver_every: float | None = None,
        instances: int | None = None,
        progress: Progress = lambda _: None,
    ) -> None:
        self.environment = environment
        self.region = region_of(project, environment=environment)
        self._directory = directory
        self._project = project
        self._runtime = choose_runtime(runtime)
        self._progress = progress
        self._instances = instances
        self._deliver_every = deliver_every
        self._stack = ExitStack()
        self._emulator: Emulator | None = None
        self._serving: Serving | None = None
        self._settings = dict(settings or {})
        self._stacks: DeployedStacks | None = None
        self.enforcement = Enforcement(enforce=enforce)
        self.privileges = Privileges()
        self._machines: StateMachines | None = None
        self._trail = Recorder(self.enforcement, region=self.region)

    def __enter__(self) -> Self:
        """Start everything; return when the API answers."""
        with ExitStack() as stack:
            if self._directory is None:
                made = tempfile.TemporaryDirectory(prefix="embedded-aws-", ignore_cleanup_errors=True)
                self._directory = Path(stack.enter_context(made))
            self._directory.mkdir(parents=True, exist_ok=True)
            self._progress("starting the emulator")
            self._emulator = Emulator(
                log_file=self._directory / "emulator.log",
                admit=self.enforcement.admit,
                observe=self._trail.observe,
            )
            stack.callback(self._emulator.stop)
            self._emulator.start()
            self._machines = StateMachines(self._clients, self.enforcement)
            stack.callback(stepfunctions.work_in(self._machines))
            stack.callback(self._withdraw)
            self._deploy()
            if self._deliver_every is not None:
                stack.callback(self._trail.deliver_every(self._deliver_every))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self._stack.__exit__(kind, error, trace)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of all stacks, by name."""
        return self._stacks.outputs if self._stacks else {}

    @property
    def stacks(self) -> list[str]:
        """The names of the stacks, in the order they were deployed."""
        return self._stacks.names if self._stacks else []

    @property
    def aws_endpoint(self) -> str:
        """The emulator's address, for AWS_ENDPOINT_URL."""
        return self._running.endpoint

    @property
    def api_url(self) -> str:
        """The deployed API's address here, with its stage."""
        return self._served.front.url

    @property
    def runtime(self) -> str:
        """What runs the functions: ``awslambdaric`` or ``loop``."""
        return self._runtime

    def client(self, service: str) -> Any:  # noqa: ANN401 - each service's client has its own type
        """Return a boto3 client with an operator's credentials."""
        return self._clients.client(service)

    def credentials(self, name: str) -> Credentials:
        """Return the access key of a ready-made caller: a tenant's, or the operator's, ``admin``."""
        return self._served.callers[name]

    def add_caller(self, tenant: str) -> Credentials:
        """Return the access key of a tenant's caller; one is made for a tenant that has none."""
        if tenant not in self._served.callers:
            self._served.add_caller(tenant, outputs=self.outputs)
        return self._served.callers[tenant]

    def tenants(self) -> list[str]:
        """Return the tenants that have a ready-made caller."""
        return list(TENANTS)

    def function_logs(self, name: str) -> str:
        """Return what a function has written; ``name`` is its physical name."""
        return self._served.functions.logs(name)

    def function_processes(self) -> dict[str, list[int]]:
        """Return the process ids of each function that has been called."""
        return self._served.functions.processes()

    def kill_function(self, name: str) -> int:
        """Kill the processes of a function that work on an event; return how many there were."""
        return self._served.functions.kill(name)

    def cut_connections(self, *, seconds: float = 0.0) -> int:
        """Break every request that is being answered, and new ones for a while; return how many there were.

        What is stored stays. Calls with the operator's key are spared, and the machine's own.
        """
        return self._running.connections.cut(seconds=seconds, spared=_SPARED)

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
        answer_lost: bool = False,
        skip: int = 0,
    ) -> None:
        """Let the next requests for an operation fail, wait or lose their connection: see ``Fault``."""
        fault = Fault(
            service,
            operation,
            times=times,
            code=code,
            delay=delay,
            reset=reset,
            answer_lost=answer_lost,
            skip=skip,
        )
        self._running.faults.add(fault)

    def trouble(
        self,
        service: str,
        *operations: str,
        one_in: int,
        codes: Sequence[str] = ("ThrottlingException", "InternalServerError"),
        seed: int = 0,
    ) -> None:
        """Let one in so many calls of a service fail until faults are cleared: see ``Trouble``.

        Without operations it is all of them. Calls with the operator's key are spared, and the machine's own.
        """
        trouble = Trouble(service, operations, one_in=one_in, codes=codes, seed=seed, spared=_SPARED)
        self._running.faults.trouble(trouble)

    def clear_faults(self) -> None:
        """Forget faults that have not happened yet."""
        self._running.faults.clear()
        stepfunctions.hasten_waits(1.0)

    def hasten_waits(self, factor: float) -> None:
        """Let executions wait this part of the time before they try again, until faults are cleared."""
        stepfunctions.hasten_waits(factor)

    def put_event(self, event: Mapping[str, Any]) -> None:
        """Put a whole event on the default bus as AWS would; PutEvents takes no source of AWS's."""
        events.put_event(event, account=ACCOUNT, region=self.region)

    def evaluate_alarms(self, *, at: datetime | None = None) -> None:
        """Look at every alarm as of a time in UTC. Values that are put are looked at when they come."""
        cloudwatch.evaluate(account=ACCOUNT, region=self.region, at=at)

    def change_settings(self, changes: Mapping[str, object]) -> None:
        """Deploy with these settings changed, while it serves; what was changed before stays changed.

        Data, keys, callers and addresses stay. A function whose configuration changed starts anew, as in
        Lambda. The first change takes a few seconds more than the others: it loads the CDK.

        Raises
        ------
        DeploymentError
            If a setting is wrong, and then nothing has changed; or if an update fails.
        """
        if self._stacks is None:
            raise RuntimeError(_NOT_RUNNING)
        self._stacks.change(changes)
        self._note_privileges(self._stacks)
        self._served.renew(self.outputs)

    def deliver_trail(self) -> int:
        """Let the trail deliver what waits, as CloudTrail does within minutes; return how many records."""
        return self._trail.deliver()

    def forget_trail(self) -> None:
        """Drop what the trail has not delivered yet: to look at what comes from now on."""
        self._trail.forget()

    def run_schedule(self, name: str) -> Any:  # noqa: ANN401 - what the function answers
        """Call what a deployed schedule calls, with its input, and return the answer.

        Of a state machine that is the ARN of the execution that has begun.

        Raises
        ------
        LookupError
            If there is no such schedule, or it is disabled.
        RefusedError
            If the schedule's role may not be taken, or may not start the function.
        RuntimeError
            If the function fails.
        """
        target = scheduler.target_of(name, account=ACCOUNT, region=self.region)
        role = acts_of_services.take_role(
            self.enforcement, _SCHEDULER, target.role_arn, session=name, source=target.group_arn
        )
        if ":stateMachine:" in target.arn:
            acts_of_step_functions.start(self.enforcement, role, target.arn)
            machine = stepfunctions.backend(ACCOUNT, self.region)
            return machine.start_execution(target.arn, None, target.input).execution_arn
        function = target.arn.rpartition(":function:")[2]
        acts_of_services.call_function(self.enforcement, role, function, region=self.region)
        outcome = self._served.functions.invoke(function, target.input.encode())
        if outcome.kind != "response":
            message = f"{function} failed ({outcome.kind}): {outcome.body.decode()}"
            raise RuntimeError(message)
        return json.loads(outcome.body)

    def reset(self) -> None:
        """Empty everything and deploy again. The emulator keeps its address, the API gets a new one."""
        self._withdraw()
        self._running.reset()
        self._trail.clear()
        if self._machines is not None:
            self._machines.forget()
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
            raise RuntimeError(_NOT_RUNNING)
        return self._emulator

    @property
    def _served(self) -> Serving:
        if self._serving is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._serving

    @property
    def _clients(self) -> Clients:
        return Clients(self._running.endpoint, self.region)

    @property
    def _folder(self) -> Path:
        if self._directory is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._directory

    def _deploy(self) -> None:
        deployment = Deployment(
            project=self._project,
            directory=self._folder / "cdk",
            environment=self.environment,
            region=self.region,
            endpoint=self._running.endpoint,
        )
        self._stacks = DeployedStacks(deployment, settings=self._settings)
        began = time.monotonic()
        source = self._project / "lambda_src"
        requirements = source / "requirements.txt"
        if not package.is_built(requirements):
            self._progress("installing the functions' dependencies for this machine (once for each lock)")
        package.dependencies(requirements)
        self._stacks.deploy(progress=self._progress)
        self._note_privileges(self._stacks)
        self._progress(f"deployed in {time.monotonic() - began:.0f} s")
        self._serving = Serving(
            replace(self._clients, key=MACHINE_KEY),
            outputs=self.outputs,
            directory=self._folder,
            source=source,
            runtime=self._runtime,
            enforcement=self.enforcement,
            instances=self._instances,
        ).start()

    def _note_privileges(self, stacks: DeployedStacks) -> None:
        prefix = stacks.outputs["RecordsTableName"].removesuffix("-records")
        self.privileges.note(stacks.resources(), prefix=prefix)

    def _withdraw(self) -> None:
        """Stop what serves the deployment, and what works in it."""
        stepfunctions.stop_all()
        if self._serving is not None:
            self._serving.stop()
            self._serving = None
        if self._stacks is not None:
            self._stacks.close()
            self._stacks = None

    def _deployed_functions(self) -> dict[str, list[int]]:
        names = [item["FunctionName"] for item in self.client("lambda").list_functions()["Functions"]]
        processes = self.function_processes()
        return {name: processes.get(name, []) for name in sorted(names)}
