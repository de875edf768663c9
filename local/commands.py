"""What ``python -m local`` does for each of its commands. Each returns the exit code."""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from local import control, state
from local.callers import AUDITOR, OPERATOR
from local.cdk_command import DeploymentError
from local.control import Command, Control, Settings, UnreachableError
from local.embedded import EmbeddedAws
from local.package import DependenciesError
from local.sealed import of_maintenance, of_objects
from local.settings import UnknownEnvironmentError

OK, FAILED, NOT_AS_ASKED = 0, 1, 3
_STOPPING_SECONDS = 20.0
# CloudTrail takes minutes.
_DELIVER_SECONDS = 5.0


def up(directory: Path, *, environment: str, runtime: Literal["auto", "awslambdaric", "loop"]) -> int:
    """Run the embedded AWS until it is told to stop."""
    with ExitStack() as stack:
        try:
            stack.enter_context(state.held(directory))
        except state.HeldError:
            return _already_runs(directory)
        _clean_up_after_a_crash(directory)
        # A signal before all is up ends it in order, like any failure.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _give_up)
        try:
            embedded = EmbeddedAws(
                environment=environment,
                directory=directory,
                runtime=runtime,
                deliver_every=_DELIVER_SECONDS,
                progress=_progress,
            )
            aws = stack.enter_context(embedded)
        except (UnknownEnvironmentError, DeploymentError, DependenciesError) as error:
            print(f"{error}\n\nNothing runs. Mend it and start again.", file=sys.stderr)
            return FAILED
        endpoint = Control(lambda: {"pid": os.getpid(), **aws.status()})
        endpoint.start()
        stack.callback(endpoint.stop)
        stack.callback(state.remove, directory)
        _write_state(directory, aws, endpoint)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: endpoint.interrupt())
        print(_ready(aws), flush=True)
        told = _serve(directory, aws, endpoint)
        state.remove(directory)
        told("stopped")
        _progress("stopping")
    return OK


def down(directory: Path) -> int:
    """Stop the one that runs."""
    running = _running(directory)
    if running is None:
        return NOT_AS_ASKED
    try:
        control.ask(running, "stop")
    except UnreachableError:
        return _does_not_answer(running)
    deadline = time.monotonic() + _STOPPING_SECONDS
    while state.is_held(directory) and time.monotonic() < deadline:
        time.sleep(0.05)
    if state.is_held(directory):
        print(f"It was told to stop and has not ended yet (pid {running.get('pid')}).", file=sys.stderr)
        return FAILED
    print("The embedded AWS has stopped.")
    return OK


def status(directory: Path) -> int:
    """Say what runs."""
    running = _running(directory)
    if running is None:
        return NOT_AS_ASKED
    try:
        found = control.ask(running, "status")
    except UnreachableError:
        return _does_not_answer(running)
    print(_described(found))
    return OK


def reset(directory: Path) -> int:
    """Empty all state: of the one that runs, which then deploys again, or what the last one left."""
    if not state.is_held(directory):
        with state.held(directory):
            state.empty(directory)
        print(f"Nothing runs; {directory} is empty now.")
        return OK
    code = _ordered(directory, "reset")
    if code == OK:
        print(f"Everything is empty and deployed anew. The API: {(state.read(directory) or {}).get('api')}")
    return code


def change(directory: Path, given: Sequence[str]) -> int:
    """Deploy with settings changed, while it serves."""
    code = _ordered(directory, "change", dict(_setting(each) for each in given))
    if code == OK:
        print(f"Deployed with {', '.join(given)}; what is stored stays. cdk.json is as it was.")
    return code


def _ordered(directory: Path, command: Command, settings: Settings | None = None) -> int:
    """Have the one that runs carry out a command, and say what went wrong."""
    running = _running(directory)
    if running is None:
        return NOT_AS_ASKED
    try:
        outcome = control.ask(running, command, settings)["outcome"]
    except UnreachableError:
        return _does_not_answer(running)
    if outcome != "done":
        print(outcome, file=sys.stderr)
        return FAILED
    return OK


def _setting(given: str) -> tuple[str, object]:
    """Read `name=value`: JSON, or else text."""
    name, _, text = given.partition("=")
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text


def _serve(directory: Path, aws: EmbeddedAws, endpoint: Control) -> Any:  # noqa: ANN401
    """Carry out commands until one says stop; return how to tell its sender."""
    while True:
        command, settings, tell = endpoint.next()
        if command == "stop":
            return tell
        try:
            if command == "reset":
                aws.reset()
            else:
                aws.change_settings(settings)
        except DeploymentError as error:
            tell(str(error))
            print(error, file=sys.stderr)
        else:
            if command == "reset":
                _write_state(directory, aws, endpoint)
                print(_ready(aws), flush=True)
            else:
                print(f"changed: {', '.join(settings)}", flush=True)
            tell("done")


def _write_state(directory: Path, aws: EmbeddedAws, endpoint: Control) -> None:
    callers = {name: aws.credentials(name) for name in (*aws.tenants(), OPERATOR, AUDITOR)}
    content = {
        "pid": os.getpid(),
        "endpoint": aws.aws_endpoint,
        "api": aws.api_url,
        "region": aws.region,
        "environment": aws.environment,
        "callers": {
            name: {"access_key": key.access_key, "secret_key": key.secret_key}
            for name, key in callers.items()
        },
        "control": {"url": endpoint.url, "token": endpoint.token},
    }
    state.write(directory, content)


def _clean_up_after_a_crash(directory: Path) -> None:
    left = state.read(directory)
    if left is not None:
        state.remove(directory)
        print(f"The last one (pid {left.get('pid')}) ended without cleaning up; its state is removed.")


def _already_runs(directory: Path) -> int:
    running = state.read(directory)
    if running is None:
        print("One is just starting or stopping with this state directory.", file=sys.stderr)
    else:
        print(
            f"One runs already: {running['api']} (pid {running['pid']}).\n"
            "`make status` says more, `make down` stops it.",
            file=sys.stderr,
        )
    return NOT_AS_ASKED


def _running(directory: Path) -> dict[str, Any] | None:
    """Return the state of the one that runs; say so if none does."""
    if not state.is_held(directory):
        if state.read(directory) is not None:
            state.remove(directory)
            print("The last one ended without cleaning up; its state is removed.")
        print("Nothing runs. `make up` starts it.")
        return None
    running = state.read(directory)
    if running is None:
        print("It is just starting or stopping; try again in a moment.")
    return running


def _does_not_answer(running: dict[str, Any]) -> int:
    print(f"The one that runs (pid {running.get('pid')}) does not answer.", file=sys.stderr)
    return FAILED


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(FAILED)


def _progress(text: str) -> None:
    print(f"  … {text}", flush=True)


def _ready(aws: EmbeddedAws) -> str:
    caller, operator = aws.credentials("acme"), aws.credentials(OPERATOR)
    auditor, workgroup = aws.credentials(AUDITOR), aws.outputs.get("AuditWorkGroupName", "")
    sealed = _sealed()
    key = "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"
    objects, maintenance = (
        "\n".join(f"  export {name}={value}" for name, value in told.items())
        for told in (of_objects(aws.outputs), of_maintenance(aws.outputs))
    )
    signed = f'curl --aws-sigv4 "aws:amz:{aws.region}:execute-api" --user "{key}"'
    return f"""
The API: {aws.api_url}

As a caller of tenant acme, in another terminal:

  export AWS_ACCESS_KEY_ID={caller.access_key} AWS_SECRET_ACCESS_KEY={caller.secret_key}
  export AWS_REGION={aws.region} AWS_DEFAULT_REGION={aws.region}
  export SEALED_ENDPOINT={aws.api_url}
  echo '{{"greeting": "hello"}}' | {sealed} put acme first -
  {sealed} get acme first
  {signed} "$SEALED_ENDPOINT/tenants/acme/records/first"

The same caller's large objects, which are encrypted where the command runs:

  export AWS_ENDPOINT_URL={aws.aws_endpoint}
{objects}
  {sealed} object put acme readme README.md
  {sealed} object cat acme readme --range 0-99

As the operator, of branch keys and of re-encryption, who can read no record:

  export AWS_ACCESS_KEY_ID={operator.access_key} AWS_SECRET_ACCESS_KEY={operator.secret_key}
  export AWS_ENDPOINT_URL={aws.aws_endpoint}
{maintenance}
  {sealed} tenant create acme
  {sealed} tenant list
  {sealed} maintenance reencrypt --dry-run

As the auditor, who can ask the trail and nothing else:

  export AWS_ACCESS_KEY_ID={auditor.access_key} AWS_SECRET_ACCESS_KEY={auditor.secret_key}
  export AWS_ENDPOINT_URL={aws.aws_endpoint} SEALED_AUDIT_WORKGROUP={workgroup}
  {sealed} audit who-decrypted --tenant acme --since 1h

Signatures are verified, and every call is judged by the deployed policies.
AWS_ENDPOINT_URL={aws.aws_endpoint} shows the emulator to the AWS tools.
Ctrl-C stops it, or `make down` in another terminal. Nothing is kept."""


def _sealed() -> str:
    """Return how the `sealed` command is called in a terminal that has not changed its PATH."""
    installed = Path(sys.executable).with_name("sealed")
    return str(installed) if installed.exists() else f"{sys.executable} -m client"


def _described(found: dict[str, Any]) -> str:
    functions = ", ".join(f"{name} ({count} warm)" for name, count in found["functions"].items())
    calls = ", ".join(f"{operation} {count}" for operation, count in found["kms_calls"].items())
    client = {"awslambdaric": "AWS's runtime client (awslambdaric)", "loop": "the small runtime loop"}
    return f"""It runs (pid {found["pid"]}), environment {found["environment"]}, Region {found["region"]}.
  API        {found["api"]}
  emulator   {found["endpoint"]}
  functions  {functions}, under {client[found["runtime"]]}
  stacks     {", ".join(found["stacks"])}
  KMS calls  {calls or "none yet"}
Signatures are verified, and every call is judged by the deployed policies."""
