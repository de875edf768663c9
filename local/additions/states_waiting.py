"""Step Functions: waiting that ends when the execution does.

moto sleeps between the tries of a retry, and stops an execution by telling it, which it hears when its task
is done. Here what waits is woken: for a task, a map, the next try, a Wait state.
"""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning, ProgramStopped, ProgramTimedOut

from local.additions import stepfunctions

_LOOK_SECONDS = 0.25


class StoppedError(BaseException):
    """The execution was stopped while something in it waited. No state's handler of errors is to see it."""


def install() -> None:
    """Change how moto waits."""
    for name in ("set_stop", "set_timed_out", "set_error", "set_ended"):
        setattr(Environment, name, _waking(getattr(Environment, name)))
    RetrierDecl._eval_body = _retry  # type: ignore[method-assign]
    WaitFunction._wait_interval = _wait  # type: ignore[method-assign, assignment]


def wait_within(env: Environment, done: Event, *, seconds: float | None = None) -> bool:
    """Wait until something is done, and tell whether it is; the end of `env` is waited for no longer.

    Raises
    ------
    StoppedError
        The execution has ended meanwhile.
    """
    env.__dict__["awaits"] = done
    if env.is_running():
        done.wait(seconds)
    finished = done.is_set()
    if not env.is_running():
        raise StoppedError
    return finished


def _waking(original: Callable[..., None]) -> Callable[..., None]:
    def change(self: Environment, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        # Nothing that still comes from below makes a stopped execution a failed one.
        if isinstance(self._program_state, (ProgramStopped, ProgramTimedOut)):
            return
        original(self, *args, **kwargs)
        awaited: Event | None = self.__dict__.get("awaits")
        if awaited is not None and not isinstance(self._program_state, ProgramRunning):
            awaited.set()

    return change


def _sleep(env: Environment, seconds: float) -> None:
    until = time.monotonic() + seconds * stepfunctions.PACE[0]
    while env.is_running() and (left := until - time.monotonic()) > 0:
        env.program_state_event.wait(min(left, _LOOK_SECONDS))


def _wait(_self: WaitFunction, env: Environment, wait_seconds: float) -> None:
    _sleep(env, wait_seconds)


def _retry(self: RetrierDecl, env: Environment) -> None:
    """Try again after a while, if the error is one of this retrier's and tries are left."""
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() is MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for part in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        part.eval(env=env)
    _sleep(env, env.stack.pop())
    env.stack.append(RetrierOutcome.Executed)
