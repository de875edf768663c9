"""The deployed application, and what the load needs of it: an address, callers, processes to look at.

It runs in a process of its own, so that sending the load takes nothing from the emulator's interpreter.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.managers import BaseManager
from multiprocessing.util import get_temp_dir
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Protocol, cast

from local.embedded import EmbeddedAws

OPERATOR = "admin"
Key = tuple[str, str]
_TIDYING = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API is, and the Region that signatures name."""

    url: str
    region: str


class Deployment(Protocol):
    """What is put under load."""

    def address(self) -> Address:
        """Return where the API is."""

    def operator_key(self) -> Key:
        """Return the access key of the operator of branch keys."""

    def tenant_key(self, tenant: str) -> Key:
        """Return the access key of a tenant's caller, who is made if there is none."""

    def function_processes(self) -> dict[str, list[int]]:
        """Return the process ids of each function that has been called."""

    def process_id(self) -> int:
        """Return the process id of the embedded AWS itself."""


class RunningDeployment:
    """A `Deployment` around an embedded AWS that runs in this process."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws

    def address(self) -> Address:
        """Return where the API is."""
        return Address(self._aws.api_url, self._aws.region)

    def operator_key(self) -> Key:
        """Return the access key of the operator of branch keys."""
        key = self._aws.credentials(OPERATOR)
        return key.access_key, key.secret_key

    def tenant_key(self, tenant: str) -> Key:
        """Return the access key of a tenant's caller, who is made if there is none."""
        key = self._aws.add_caller(tenant)
        return key.access_key, key.secret_key

    def function_processes(self) -> dict[str, list[int]]:
        """Return the process ids of each function that has been called."""
        return self._aws.function_processes()

    def process_id(self) -> int:
        """Return the process id of the embedded AWS itself."""
        return os.getpid()


class _OwnDeployment(RunningDeployment):
    """Starts and stops its embedded AWS: what the process apart holds."""

    def __init__(self, strategy: str) -> None:
        self._made = TemporaryDirectory(prefix="embedded-aws-", ignore_cleanup_errors=True)
        self._directory = Path(self._made.name)
        super().__init__(EmbeddedAws(settings={"key_strategy": strategy}, directory=self._directory))
        Thread(target=self._end_with_the_parent, daemon=True).start()

    def start(self) -> None:
        try:
            self._aws.__enter__()
        except BaseException:
            self._made.cleanup()
            raise

    def stop(self) -> None:
        self._aws.__exit__(None, None, None)
        self._made.cleanup()

    def _end_with_the_parent(self) -> None:
        """Whoever asked for it may be killed, and then nobody would be left to stop it and to tidy up."""
        parent = parent_process()
        if parent is None:
            return
        parent.join()
        # Functions that are still at work write into it meanwhile.
        for _ in range(_TIDYING):
            rmtree(self._directory, ignore_errors=True)
            if not self._directory.exists():
                break
        # Where the manager has its socket.
        rmtree(get_temp_dir(), ignore_errors=True)
        os._exit(1)


class _Manager(BaseManager):
    """Runs in the process apart, and is asked over a local socket."""


_Manager.register("deployment", _OwnDeployment)


@contextmanager
def _interruptions_later() -> Iterator[None]:
    """Let Ctrl-C wait, and keep it for good from processes that begin meanwhile: this one ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def apart(*, strategy: str) -> Iterator[Deployment]:
    """Deploy into an embedded AWS in a process of its own, and stop it at the end."""
    # A fork would inherit threads' locks.
    manager = _Manager(ctx=get_context("spawn"))
    with _interruptions_later():
        manager.start()
    with manager:
        deployment = cast("_OwnDeployment", manager.deployment(strategy))  # type: ignore[attr-defined]
        deployment.start()
        try:
            yield deployment
        finally:
            deployment.stop()
