"""`python -m local` as a person uses it, in two terminals; and what is left when it is killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials

from local.build_cache import ROOT
from local.principals import OPERATOR_KEY
from stacks.stack_names import stack_name
from tests.local.names import ENVIRONMENTS, PREFIX

READY = "Ctrl-C stops it"


@dataclass(frozen=True)
class Up:
    """A started `up`, and what it printed."""

    process: subprocess.Popen[str]
    directory: Path
    printed: str

    @property
    def state(self) -> dict[str, Any]:
        """What the state file says now."""
        content: dict[str, Any] = json.loads((self.directory / "state.json").read_text())
        return content


def run(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-m", "local", *arguments, "--state", str(state)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def start(state: Path) -> Up:
    """Start `up` and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--state", str(state)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if READY in line:
            return Up(process, state, "".join(lines))
    pytest.fail("up ended: " + "".join(lines))


def wait_until(true: Callable[[], bool], *, seconds: float) -> bool:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def list_records(up: Up, sign: Any, send: Any) -> Any:
    """List acme's records as its ready-made caller."""
    caller = up.state["callers"]["acme"]
    key = Credentials(caller["access_key"], caller["secret_key"])
    request = sign(up.state["api"], "GET", "/tenants/acme/records", key=key, region=up.state["region"])
    return send(up.state["api"], request)


@dataclass(frozen=True)
class Crash:
    """What a killed `up` has left."""

    directory: Path
    processes: list[int]


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory, sign: Any, send: Any, processes_below: Any) -> Crash:
    """An `up` with a warm function, killed so that it could clean up nothing."""
    up = start(tmp_path_factory.mktemp("state"))
    assert list_records(up, sign, send).status == 200
    # /proc may miss a child while processes come and go: ask again until the function is among them.
    assert wait_until(lambda: len(processes_below(up.process.pid)) > 1, seconds=5)
    processes = processes_below(up.process.pid)
    up.process.kill()
    up.process.communicate()
    return Crash(up.directory, processes)


def test_a_crash_leaves_no_process_behind(crash: Crash, is_alive: Any) -> None:
    assert len(crash.processes) > 1
    assert wait_until(lambda: not any(map(is_alive, crash.processes)), seconds=5)


def test_what_a_crash_left_is_noticed_and_removed(crash: Crash) -> None:
    assert (crash.directory / "state.json").exists()
    said = run("status", state=crash.directory)
    assert "ended without cleaning up" in said.stdout
    assert "Nothing runs" in said.stdout
    assert said.returncode == 3
    assert not (crash.directory / "state.json").exists()


@pytest.fixture(scope="module")
def up(crash: Crash) -> Iterator[Up]:
    """A running `up`, in the state directory that the crash left."""
    started = start(crash.directory)
    yield started
    started.process.terminate()
    started.process.communicate(timeout=30)


def test_up_says_how_to_call_and_how_to_stop(up: Up) -> None:
    state = up.state
    assert f"The API: {state['api']}" in up.printed
    assert f'curl --aws-sigv4 "aws:amz:{state["region"]}:execute-api"' in up.printed
    assert " put acme first -\n" in up.printed
    assert f"AWS_ACCESS_KEY_ID={state['callers']['acme']['access_key']}" in up.printed
    for name in ("SEALED_OBJECTS_BUCKET", "SEALED_OBJECT_ROLE_ARN", "SEALED_ENVELOPE_KEY_ARN"):
        assert re.search(rf"^  export {name}=\S+$", up.printed, re.MULTILINE), name
    assert "make down" in up.printed
    assert "every call is judged by the deployed policies" in up.printed


def test_the_state_file_is_its_owners_alone(up: Up) -> None:
    assert (up.directory / "state.json").stat().st_mode & 0o777 == 0o600


def test_status_says_what_runs(up: Up, sign: Any, send: Any) -> None:
    list_records(up, sign, send)
    said = run("status", state=up.directory)
    assert said.returncode == 0
    assert up.state["api"] in said.stdout
    assert f"pid {up.process.pid}" in said.stdout
    assert f"{PREFIX}-reader (1 warm)" in said.stdout
    assert stack_name("dev", "Service") in said.stdout
    assert "every call is judged by the deployed policies" in said.stdout


def test_a_second_up_says_that_one_runs(up: Up) -> None:
    said = run("up", state=up.directory)
    assert said.returncode == 3
    assert f"{up.state['api']} (pid {up.process.pid})" in said.stderr


@pytest.mark.parametrize("action", ["stop", "reset"])
def test_nobody_without_the_token_controls_it(up: Up, action: str, sign: Any, send: Any) -> None:
    url = up.state["control"]["url"]
    guess = sign(url, "POST", f"/{action}", key=Credentials("a", "b"), region="r")
    guess.headers["Authorization"] = "Bearer guess"
    assert send(url, guess).status == 403
    assert up.process.poll() is None


def test_reset_empties_everything_and_serves_again(up: Up, sign: Any, send: Any) -> None:
    session = boto3.session.Session(aws_access_key_id=OPERATOR_KEY, aws_secret_access_key="x")
    table = session.client("dynamodb", endpoint_url=up.state["endpoint"], region_name=up.state["region"])
    item = {"tenant": {"S": "acme"}, "record": {"S": "one"}}
    table.put_item(TableName=f"{PREFIX}-records", Item=item)
    said = run("reset", state=up.directory)
    assert (said.returncode, said.stderr) == (0, "")
    assert up.process.poll() is None
    assert table.scan(TableName=f"{PREFIX}-records")["Count"] == 0
    answer = list_records(up, sign, send)
    assert (answer.status, json.loads(answer.body)["records"]) == (200, [])


def test_settings_change_while_it_serves_and_a_wrong_one_is_named(up: Up, sign: Any, send: Any) -> None:
    said = run("change", "key_strategy=tenants", state=up.directory)
    assert said.returncode == 1
    assert "key_strategy" in said.stderr
    said = run("change", "key_strategy=tenant", "branch_key_cache_seconds=7", state=up.directory)
    assert (said.returncode, said.stderr) == (0, "")
    session = boto3.session.Session(aws_access_key_id=OPERATOR_KEY, aws_secret_access_key="x")
    functions = session.client("lambda", endpoint_url=up.state["endpoint"], region_name=up.state["region"])
    found = functions.get_function_configuration(FunctionName=f"{PREFIX}-writer")["Environment"]["Variables"]
    assert (found["KEY_STRATEGY"], found["BRANCH_KEY_CACHE_SECONDS"]) == ("tenant", "7")
    assert list_records(up, sign, send).status == 200
    assert run("change", "key_strategy", state=up.directory).returncode == 2


def test_the_auditor_asks_a_trail_that_delivers_by_itself(up: Up) -> None:
    key, deadline = up.state["callers"]["auditor"], time.monotonic() + 30
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": key["access_key"],
        "AWS_SECRET_ACCESS_KEY": key["secret_key"],
        "AWS_REGION": up.state["region"],
        "AWS_ENDPOINT_URL": up.state["endpoint"],
        "SEALED_AUDIT_WORKGROUP": f"{PREFIX}-audit",
    }
    asked = [sys.executable, "-m", "client", "audit", "key-changes", "--since", "1h", "--output", "json"]
    session = boto3.session.Session(aws_access_key_id=OPERATOR_KEY, aws_secret_access_key="x")
    kms = session.client("kms", endpoint_url=up.state["endpoint"], region_name=up.state["region"])
    key_id = kms.describe_key(KeyId=f"alias/{PREFIX}/envelope")["KeyMetadata"]["KeyId"]
    kms.update_key_description(KeyId=key_id, Description="Envelope")
    while True:
        said = subprocess.run(asked, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        if "UpdateKeyDescription" in said.stdout:
            return
        assert time.monotonic() < deadline, "the trail has delivered nothing"
        time.sleep(1)


def test_down_stops_it_and_leaves_nothing(up: Up, processes_below: Any, is_alive: Any) -> None:
    # The last test with this `up`.
    processes = processes_below(up.process.pid)
    said = run("down", state=up.directory)
    assert (said.returncode, said.stdout) == (0, "The embedded AWS has stopped.\n")
    assert up.process.wait(timeout=10) == 0
    assert not any(map(is_alive, processes))
    assert not (up.directory / "state.json").exists()


@pytest.mark.parametrize("command", ["status", "down"])
def test_when_nothing_runs_the_commands_say_so(tmp_path: Path, command: str) -> None:
    said = run(command, state=tmp_path / "state")
    assert said.returncode == 3
    assert "Nothing runs" in said.stdout


def test_reset_removes_what_the_last_one_left(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "a.log").write_text("left")
    (tmp_path / "emulator.log").write_text("left")
    assert run("reset", state=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.parametrize("command", ["up", "reset"])
def test_a_file_in_place_of_the_state_directory_is_named(tmp_path: Path, command: str) -> None:
    state = tmp_path / "file"
    state.touch()
    said = run(command, state=state)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == f"{state} cannot be the state directory: File exists\n"


def test_an_environment_that_does_not_exist_is_named(tmp_path: Path) -> None:
    # No environment can have this name, whatever a fork adds: stacks could not be called so.
    command = [sys.executable, "-m", "local", "up", "--env", "no-such", "--state", str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 1
    assert f"no environment 'no-such'; it has {', '.join(ENVIRONMENTS)}" in said.stderr
    assert "Nothing runs." in said.stderr


def test_a_tethered_command_ends_with_its_starter(tmp_path: Path, is_alive: Any) -> None:
    tether = ROOT / "local" / "tether.py"
    note = tmp_path / "pid"
    shell = ["sh", "-c", f"echo $$ > {note}; sleep 60; true"]
    tethered = (
        f"subprocess.Popen([sys.executable, {str(tether)!r}, *{shell!r}], stdin=subprocess.PIPE).wait()"
    )
    starter = subprocess.Popen([sys.executable, "-c", f"import subprocess, sys; {tethered}"])
    assert wait_until(lambda: note.exists() and note.read_text().strip().isdigit(), seconds=5)
    started = int(note.read_text())
    assert is_alive(started)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    assert wait_until(lambda: not is_alive(started), seconds=5)
