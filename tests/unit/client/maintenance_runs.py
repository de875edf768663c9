"""A state machine and a bucket as the MaintenanceStack makes them, and the files that a run leaves there."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.stepfunctions.models import stepfunctions_backends

from client import following
from client.entry import main
from client.following import Pauses
from client.maintenanceplace import MaintenancePlace, MaintenanceSettings, open_place
from client.retries import RetryPolicy

REGION, ACCOUNT = "eu-west-1", "123456789012"
BUCKET = f"sealed-dev-maintenance-{ACCOUNT}-{REGION}"
RUN = "20260501T080000Z-0a1b2c3d"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/machine"
DEFINITION = json.dumps({"StartAt": "Plan", "States": {"Plan": {"Type": "Pass", "End": True}}})


class Deployment:
    """What the tests look at, and play the part of the machine in."""

    def __init__(self) -> None:
        self.states: Any = boto3.client("stepfunctions")
        self.s3: Any = boto3.client("s3")
        self.machine = self.states.create_state_machine(
            name="sealed-dev-reencryption", definition=DEFINITION, roleArn=ROLE
        )["stateMachineArn"]
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.settings = MaintenanceSettings(self.machine, BUCKET)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SEALED_REENCRYPTION_STATE_MACHINE_ARN": self.machine,
            "SEALED_MAINTENANCE_BUCKET": BUCKET,
        }

    def place(self, *, timeout: float = 5.0) -> MaintenancePlace:
        return open_place(self.settings, region=None, profile=None, timeout=timeout, connections=4)

    def started(self) -> list[tuple[str, Any]]:
        """Names and inputs of all executions, in the order in which they were started."""
        return [(found.name, json.loads(found.execution_input)) for found in self._executions()]

    def start(self, name: str, **job: Any) -> None:
        self.states.start_execution(stateMachineArn=self.machine, name=name, input=json.dumps(job))

    def end(
        self, status: str, *, name: str | None = None, error: str | None = None, cause: str | None = None
    ) -> None:
        """End an execution, the last one unless its name is given."""
        execution = next(
            found for found in reversed(self._executions()) if name is None or found.name == name
        )
        execution.status, execution.error, execution.cause = status, error, cause
        execution.stop_date = datetime.now(UTC)

    def status(self, name: str) -> str:
        return str(next(found.status for found in self._executions() if found.name == name))

    def put(self, run: str, key: str, document: Any) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"runs/{run}/{key}", Body=json.dumps(document).encode())

    def plan(self, run: str = RUN, *, segments: int = 2, items: int = 100, **members: Any) -> None:
        executions = [f"{self.machine.replace(':stateMachine:', ':execution:')}:{run}"]
        document = {
            "run": run,
            "job": {"dry_run": False, "filter": {"tenant": None}},
            "segments": segments,
            "items": items,
            "bytes": 51200,
            "began": "2026-05-01T08:00:01.000Z",
            "executions": executions,
        }
        self.put(run, "plan.json", {**document, **members})

    def result(self, segment: int, step: int, *, run: str = RUN, done: bool = True, **members: Any) -> None:
        self.put(
            run,
            f"results/{segment:07d}/{step:05d}.json",
            answer(segment, step, run=run, done=done, **members),
        )

    def summary(self, run: str = RUN, **members: Any) -> None:
        self.put(run, "summary.json", summary(run, **members))

    def _executions(self) -> list[Any]:
        return list(stepfunctions_backends[ACCOUNT][REGION].describe_state_machine(self.machine).executions)


def counts(**members: int) -> dict[str, int]:
    names = ("seen", "rewritten", "right", "filtered", "refused", "conflicts")
    return {**dict.fromkeys(names, 0), **members}


def answer(segment: int, step: int, *, run: str = RUN, done: bool = True, **members: Any) -> dict[str, Any]:
    document = {
        "run": run,
        "segment": segment,
        "step": step,
        "key": f"runs/{run}/results/{segment:07d}/{step:05d}.json",
        "done": done,
        "next": {"segment": segment, "start_key": None, "step": step + 1},
        "dry_run": False,
        "counts": counts(seen=50, rewritten=40, right=10),
        "bytes": {"seen": 25600, "rewritten": 20480},
        "units": {"read": 7, "write": 40},
        "kms_calls": 80,
        "refused": [],
        "began": "2026-05-01T08:00:02.000Z",
        "ended": "2026-05-01T08:00:04.500Z",
    }
    return {**document, **members}


def summary(run: str = RUN, **members: Any) -> dict[str, Any]:
    document = {
        "run": run,
        "state": "complete",
        "dry_run": False,
        "executions": [run],
        "segments": 2,
        "segments_done": 2,
        "began": "2026-05-01T08:00:01.000Z",
        "ended": "2026-05-01T08:00:09.000Z",
        "counts": counts(seen=100, rewritten=80, right=20),
        "bytes": {"seen": 51200, "rewritten": 40960},
        "units": {"read": 14, "write": 80},
        "kms_calls": 160,
        "refused": [],
        "refused_total": 0,
    }
    return {**document, **members}


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """Deploy, and set the environment that the command needs."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with mock_aws():
        deployment = Deployment()
        for name, value in deployment.environment.items():
            monkeypatch.setenv(name, value)
        yield deployment


class Turns:
    """What happens while the command waits: one act for each of its waits, in their order."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self._acts = list(acts)
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        assert self._acts, "the command waits for more than happens"
        self._acts.pop(0)()

    @property
    def all_done(self) -> bool:
        return not self._acts


def take_turns(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> Turns:
    """Let the command wait in no time, and let acts happen then."""
    turns = Turns(*acts)
    policy = RetryPolicy(attempts=4, first=2.0, longest=60.0, draw=lambda bound: bound)
    monkeypatch.setattr(following, "Pauses", lambda: Pauses(refused=policy, sleep=turns))
    return turns


class Result:
    """How the command ended."""

    def __init__(self, code: Any, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def sealed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Result:
    """Run `sealed maintenance` in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["maintenance", *arguments])
    printed = capsys.readouterr()
    return Result(left.value.code, printed.out, printed.err)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def both(*acts: Callable[[], object]) -> Callable[[], None]:
    """Return an act that is several."""

    def act() -> None:
        for each in acts:
            each()

    return act
