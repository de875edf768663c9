"""The scheduled run: what is due is rotated, and a run ends in order whatever happens."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from envelope import BranchKeyChangedError
from service.branch_key_rotation import BranchKeyRotation

DONE = {"rotated": 0, "failures": 0, "conflicts": 0, "due": 0, "complete": True}


@pytest.fixture
def aged(tenants: Any) -> Any:
    """Makes branch keys of an age in days."""

    def create(**days: int) -> None:
        store = tenants.admin._container.own.branch_keys
        real = store._now
        for tenant, age in days.items():
            store._now = lambda age=age: datetime.now(UTC) - timedelta(days=age)
            store.create(tenant)
        store._now = real

    return create


def versions(tenants: Any, tenant: str) -> int:
    return len([name for name in tenants.key_store(tenant) if name.startswith("branch:version:")])


def logged(capsys: pytest.CaptureFixture[str], message: str) -> list[Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line.get("message") == message]


def test_what_is_due_is_rotated_and_nothing_else(tenants: Any, aged: Any) -> None:
    aged(old=366, older=800, young=364)
    tenants.create("new", "gone")
    tenants.shred("gone")

    assert tenants.rotate_due() == {**DONE, "rotated": 2}
    assert [versions(tenants, name) for name in ("old", "older", "young", "new")] == [2, 2, 1, 1]
    assert tenants.rotate_due() == DONE


def test_records_are_read_and_written_after_a_run(tenants: Any, aged: Any) -> None:
    aged(acme=400)
    tenants.put("acme", "p-1", {"n": 1})
    tenants.rotate_due()
    tenants.forget()

    tenants.put("acme", "p-2", {"n": 2})

    assert [found["data"] for found in tenants.call("GET", "acme").body["records"]] == [{"n": 1}, {"n": 2}]


def test_a_run_writes_one_line_and_its_metrics(
    tenants: Any, aged: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    aged(acme=400)
    capsys.readouterr()

    tenants.rotate_due()

    line, metrics = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["message"], line["operation"]) == ("rotation", "rotate_branch_keys")
    assert {name: line[name] for name in DONE} == {**DONE, "rotated": 1}
    assert "acme" not in json.dumps([line, metrics])
    assert metrics["BranchKeysRotated"] == [1.0]
    assert metrics["BranchKeyRotationFailures"] == metrics["BranchKeysDue"] == [0.0]
    definition = metrics["_aws"]["CloudWatchMetrics"][0]
    assert (definition["Namespace"], definition["Dimensions"]) == ("SealedRecords", [["service"]])


def test_the_oldest_come_first_when_time_is_short(tenants: Any, aged: Any) -> None:
    aged(middle=500, oldest=900, youngest=400)
    seconds = iter([30, 30, *[10] * 20])

    class Running:
        @property
        def remaining_seconds(self) -> float:
            return next(seconds)

    failed = []
    run = BranchKeyRotation(
        tenants.rotation._container.own.branch_keys,
        store_of=lambda _: tenants.rotation._container.own.branch_keys,
        days=365,
        now=datetime.now(UTC),
        time_limit=Running(),  # type: ignore[arg-type]
        report=lambda tenant, _: failed.append(tenant),
    ).run()

    assert (run.rotated, run.due, run.failures, run.complete) == (2, 1, 0, True)
    assert [versions(tenants, name) for name in ("oldest", "middle", "youngest")] == [2, 2, 1]
    assert failed == []


def test_a_run_without_time_rotates_nothing_and_counts_what_is_due(tenants: Any, aged: Any) -> None:
    aged(acme=400, globex=500)

    assert tenants.rotate_due(milliseconds=10_000) == {**DONE, "due": 2}
    assert versions(tenants, "acme") == 1


def test_a_key_store_of_many_pages_is_seen_to_its_end(
    tenants: Any, aged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.branch_key_rotation.PAGE_SIZE", 2)
    aged(**{f"tenant{number}": 400 for number in range(5)})

    assert tenants.rotate_due() == {**DONE, "rotated": 5}


def test_a_run_that_sees_a_part_only_says_so(
    tenants: Any, aged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.branch_key_rotation.PAGE_SIZE", 2)
    aged(**{f"tenant{number}": 400 for number in range(5)})

    assert tenants.rotate_due(milliseconds=8_000) == {**DONE, "due": 2, "complete": False}


def test_two_runs_at_once_make_one_version(tenants: Any, aged: Any, start_tenants: Any) -> None:
    aged(acme=400, globex=500)
    other = start_tenants(ENVELOPE_KEY_ARN=tenants.key_arn)
    client = tenants.rotation._container.own.store.client
    summaries = []

    def run_too(**_: Any) -> None:
        client.meta.events.unregister("after-call.dynamodb.Scan", run_too)
        summaries.append(other.rotate_due())

    client.meta.events.register("after-call.dynamodb.Scan", run_too)
    summaries.append(tenants.rotate_due())

    assert summaries == [{**DONE, "rotated": 2}, {**DONE, "conflicts": 2}]
    assert [versions(tenants, name) for name in ("acme", "globex")] == [2, 2]


def test_a_conflict_is_no_failure(tenants: Any, aged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(acme=400, globex=500)
    store = tenants.rotation._container.own.branch_keys
    rotate = type(store).rotate

    def changed(self: Any, tenant: str) -> Any:
        if tenant == "acme":
            raise BranchKeyChangedError("somebody else")
        return rotate(self, tenant)

    monkeypatch.setattr(type(store), "rotate", changed)

    assert tenants.rotate_due() == {**DONE, "rotated": 1, "conflicts": 1}


def test_a_tenant_shredded_during_a_run_is_no_failure(tenants: Any, aged: Any) -> None:
    aged(acme=400)
    client = tenants.rotation._container.own.store.client

    def shred(**_: Any) -> None:
        client.meta.events.unregister("after-call.dynamodb.Scan", shred)
        tenants.shred("acme")

    client.meta.events.register("after-call.dynamodb.Scan", shred)

    assert tenants.rotate_due() == {**DONE, "conflicts": 1}
    assert set(tenants.key_store("acme")) == {"shredded"}


def test_an_edited_branch_key_is_reported_and_does_not_stop_the_others(
    tenants: Any, aged: Any, findings: Any
) -> None:
    aged(acme=900, globex=500)
    active = tenants.key_store("acme")["branch:ACTIVE"]
    tenants.plant_key({**active, "note": {"S": "x"}})

    assert tenants.rotate_due() == {**DONE, "rotated": 1, "failures": 1, "due": 1}
    assert findings() == [("acme", None, "BranchKeyItemError")]


@pytest.mark.parametrize("created", ["", "yesterday", "2020-13-01T00:00:00Z"])
def test_a_branch_key_without_a_time_is_reported(
    tenants: Any, aged: Any, findings: Any, created: str
) -> None:
    aged(acme=400)
    active = tenants.key_store("acme")["branch:ACTIVE"]
    tenants.plant_key({**active, "create-time": {"S": created}})

    summary = tenants.rotate_due()

    assert (summary["rotated"], summary["failures"]) == (0, 1)
    assert findings() == [("acme", None, "BranchKeyItemError")]


def test_a_refusal_by_kms_is_a_failure_of_each(
    tenants: Any, aged: Any, faults_of: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    aged(**{f"tenant{number}": 400 for number in range(5)})
    faults_of("rotation", "ReEncrypt").answer(400, "AccessDeniedException")
    capsys.readouterr()

    assert tenants.rotate_due() == {**DONE, "failures": 5, "due": 5}
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines()]
    failed = [line for line in lines if line.get("message") == "branch key not rotated"]
    assert sorted(line["tenant"] for line in failed) == [f"tenant{number}" for number in range(5)]
    assert {tuple(line["causes"]) for line in failed} == {("AccessDeniedException",)}
    assert "marker-in-message" not in out


def test_an_outage_ends_the_turns_but_not_the_count(tenants: Any, aged: Any, faults_of: Any) -> None:
    aged(**{f"tenant{number}": 400 for number in range(6)})
    faults_of("rotation", "ReEncrypt").answer(500, "KMSInternalException")

    assert tenants.rotate_due() == {**DONE, "failures": 3, "due": 6}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ProvisionedThroughputExceededException"])
def test_a_key_store_that_cannot_be_read_is_one_failure(
    tenants: Any, aged: Any, faults_of: Any, code: str
) -> None:
    aged(acme=400)
    faults_of("rotation", "Scan").answer(400, code)

    assert tenants.rotate_due() == {**DONE, "failures": 1, "complete": False}


def test_what_nobody_foresaw_ends_in_order_and_says_nothing_of_itself(
    tenants: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("marker-in-message")

    monkeypatch.setattr(type(tenants.rotation._container.own.branch_keys), "page", fail)

    assert tenants.rotate_due() == {**DONE, "failures": 1, "complete": False}
    captured = capsys.readouterr()
    assert "marker" not in captured.out + captured.err
    assert '"error":"RuntimeError"' in captured.out
    assert '"BranchKeyRotationFailures":[1.0]' in captured.out
