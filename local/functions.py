"""The deployed functions: their code unpacked, their processes kept warm, their output kept.

A function's processes have its role's credentials, taken from the emulator's STS, so every call they make is
made as the role. When its code or configuration changes, those that work finish what they do, and new ones
take the next events.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any, Literal

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.logs.exceptions import ResourceAlreadyExistsException, ResourceNotFoundException
from moto.logs.models import logs_backends

from local import package
from local.clients import Clients
from local.container import Container, Function, Runtime
from local.emulator import ACCOUNT
from local.enforcement import Enforcement
from local.enforcement.acts_of_services import Start, start_function
from local.runtime_api import Outcome

_INSTANCES = max(2, os.cpu_count() or 2)
_LOG_STREAM = "embedded"


class FunctionNotFoundError(Exception):
    """No function of that name is deployed."""


def choose_runtime(wanted: Literal["auto", "awslambdaric", "loop"]) -> Runtime:
    """Return AWS's runtime client where it is installed, else the small loop; or what was asked for."""
    if wanted == "auto":
        return "awslambdaric" if find_spec("awslambdaric") else "loop"
    return wanted


@dataclass(slots=True, eq=False)
class _Pool:
    """The processes of one function: some idle, never more than the limit."""

    function: Function
    revision: tuple[object, ...]
    places: BoundedSemaphore
    idle: list[Container] = field(default_factory=list)
    all: list[Container] = field(default_factory=list)


class Functions:
    """All functions that are deployed in the emulator."""

    def __init__(
        self,
        clients: Clients,
        *,
        directory: Path,
        source: Path,
        runtime: Runtime,
        enforcement: Enforcement,
        instances: int | None = None,
    ) -> None:
        self.runtime = runtime
        #: How many processes of one function there are at most; who comes later waits.
        self._instances = instances or _INSTANCES
        self._enforcement = enforcement
        self._clients = clients
        self._directory = directory
        self._source = source
        self._lock = Lock()
        self._pools: dict[str, _Pool] = {}
        self._outdated: list[_Pool] = []

    def invoke(self, name: str, event: bytes) -> Outcome:
        """Run a function on an event and return how it ended.

        Raises
        ------
        FunctionNotFoundError
            If no such function is deployed.
        RefusedError
            If Lambda may not take its role, or not open its environment.
        """
        with self._container(self._pool(name)) as container:
            return container.invoke(event)

    def check(self, name: str) -> None:
        """Do nothing for a function that is deployed.

        Raises
        ------
        FunctionNotFoundError
            If no such function is deployed.
        """
        self._revision(name)

    def kill(self, name: str) -> int:
        """Kill the processes of a function that work on an event; return how many there were."""
        with self._lock:
            pool = self._pools.get(name)
            busy = [each for each in (pool.all if pool is not None else ()) if each.busy]
        return sum(container.kill() for container in busy)

    def logs(self, name: str) -> str:
        """Return everything the function has written so far."""
        file = self._log_file(name)
        return file.read_text() if file.exists() else ""

    def processes(self) -> dict[str, list[int]]:
        """Return the process ids of each function that has been asked for."""
        with self._lock:
            return {
                name: [container.pid for container in pool.all if container.usable]
                for name, pool in self._pools.items()
            }

    def stop(self) -> None:
        """End every process and forget what was deployed."""
        with self._lock:
            pools = [*self._pools.values(), *self._outdated]
            self._pools, self._outdated = {}, []
        for pool in pools:
            for container in list(pool.all):
                container.close()

    def _pool(self, name: str) -> _Pool:
        with self._lock:
            revision, found = self._revision(name), self._pools.get(name)
            if found is not None and found.revision == revision:
                return found
            pool = self._pools[name] = _Pool(
                self._describe(name), revision, BoundedSemaphore(self._instances)
            )
            if found is None:
                return pool
            self._outdated.append(found)
            idle, found.idle = found.idle, []
        for container in idle:
            self._forget(found, container)
        return pool

    def _revision(self, name: str) -> tuple[object, ...]:
        """Return what a process is started with; Lambda replaces its processes when any of it changes."""
        try:
            function = lambda_backends[ACCOUNT][self._clients.region].get_function(name)
        except UnknownFunctionException as error:
            raise FunctionNotFoundError(name) from error
        return (
            function.code_sha_256,
            function.handler,
            function.role,
            function.memory_size,
            function.timeout,
            dict(function.environment_vars),
        )

    @contextmanager
    def _container(self, pool: _Pool) -> Iterator[Container]:
        with pool.places:
            with self._lock:
                container = pool.idle.pop() if pool.idle else None
            if container is not None and not container.usable:
                self._forget(pool, container)
                container = None
            if container is None:
                container = self._start(pool.function)
                with self._lock:
                    pool.all.append(container)
            try:
                yield container
            finally:
                with self._lock:
                    keep = container.usable and pool in self._pools.values()
                    if keep:
                        pool.idle.append(container)
                if not keep:
                    self._forget(pool, container)

    def _forget(self, pool: _Pool, container: Container) -> None:
        container.close()
        with self._lock:
            pool.all.remove(container)

    def _start(self, function: Function) -> Container:
        logged = self._may_start(function)
        return Container(
            function,
            runtime=self.runtime,
            variables=self._credentials(function),
            write=lambda text: self._write(function, text, logged=logged),
        )

    def _may_start(self, function: Function) -> bool:
        deployed = lambda_backends[ACCOUNT][self._clients.region].get_function(function.name)
        start = Start(
            arn=function.arn,
            role=function.role,
            session=function.name[:64],
            log_group=function.log_group,
            environment_key=deployed.kms_key_arn,
            traced=(deployed.tracing_config or {}).get("Mode") == "Active",
            region=self._clients.region,
        )
        return start_function(self._enforcement, start)

    def _credentials(self, function: Function) -> Mapping[str, str]:
        session = self._clients.client("sts").assume_role(
            RoleArn=function.role, RoleSessionName=function.name[:64]
        )["Credentials"]
        return {
            "AWS_REGION": self._clients.region,
            "AWS_DEFAULT_REGION": self._clients.region,
            "AWS_ENDPOINT_URL": self._clients.endpoint,
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }

    def _describe(self, name: str) -> Function:
        client = self._clients.client("lambda")
        found: dict[str, Any] = client.get_function_configuration(FunctionName=name)
        task_root = self._unpack(name, digest=found["CodeSha256"])
        paths = [task_root, package.dependencies(self._source / "requirements.txt")]
        if self.runtime == "awslambdaric":
            paths.append(package.runtime_client())
        return Function(
            name=found["FunctionName"],
            arn=found["FunctionArn"],
            handler=found["Handler"],
            timeout=found["Timeout"],
            memory_mb=found["MemorySize"],
            role=found["Role"],
            log_group=found["LoggingConfig"]["LogGroup"],
            environment={
                "AWS_EXECUTION_ENV": f"AWS_Lambda_{found['Runtime']}",
                **found.get("Environment", {}).get("Variables", {}),
            },
            task_root=task_root,
            paths=tuple(paths),
        )

    def _unpack(self, name: str, *, digest: str) -> Path:
        """Unpack the function's deployed code, once for all functions that share it."""
        target = self._directory / "code" / digest.replace("/", "_").rstrip("=")
        if not target.exists():
            deployed = lambda_backends[ACCOUNT][self._clients.region].get_function(name)
            target.mkdir(parents=True)
            # The code that a template has in itself is in a file of this name.
            names = {*package.own_names(self._source), "index.py"}
            package.unpack(deployed.code_bytes, names=names, target=target)
        return target

    def _log_file(self, name: str) -> Path:
        return self._directory / "functions" / f"{name}.log"

    def _write(self, function: Function, text: str, *, logged: bool) -> None:
        """Keep a function's output in a file and, as in AWS, in its log group if its role may write it."""
        file = self._log_file(function.name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as log:
            log.write(text)
        if logged:
            write_log(self._clients.region, group=function.log_group, stream=_LOG_STREAM, text=text)


def write_log(region: str, *, group: str, stream: str, text: str) -> None:
    """Append to a log stream of the emulator; a group that is not deployed takes nothing."""
    backend = logs_backends[ACCOUNT][region]
    event = {"timestamp": int(time.time() * 1000), "message": text.rstrip("\r\n")}
    with suppress(ResourceNotFoundException):
        with suppress(ResourceAlreadyExistsException):
            backend.create_log_stream(group, stream)
        backend.put_log_events(group, stream, [event])
