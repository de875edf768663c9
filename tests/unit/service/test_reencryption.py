"""Records are encrypted anew: which, how, and what stays as it was."""

import json
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from envelope.item_header import parse_header
from service.machine_errors import SegmentRefused, Unavailable
from tests.unit.service.faults import Faults
from tests.unit.service.functions import TABLE, LambdaContext, Service, Tenants
from tests.unit.service.reencrypting import Reencrypting

Start = Callable[..., Reencrypting]
_SECRET = "plain-marker"


@pytest.fixture
def old(tenants: Tenants, record_strategy: Service) -> Service:
    """A deployment that was in strategy record, with three records of two tenants."""
    tenants.create("acme", "globex")
    for tenant, record in (("acme", "r-1"), ("acme", "r-2"), ("globex", "r-1")):
        record_strategy.put(tenant, record, {"name": _SECRET, "n": 1, "deep": {"list": [1, None, True]}})
    return record_strategy


def provider(item: dict[str, Any]) -> str:
    (entry,) = parse_header(item["aws_dbe_head"]["B"]).encrypted_data_keys
    return entry.provider_id


def providers(tenants: Tenants) -> set[str]:
    return {provider(item) for item in tenants.items()}


def test_records_go_from_one_strategy_to_the_other_and_back(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    before = [old.get(item["tenant"]["S"], item["record"]["S"]) for item in tenants.items()]
    assert reencrypting().counts() == {"seen": 3, "rewritten": 3}
    assert providers(tenants) == {"aws-kms-hierarchy"}
    after = [tenants.get(item["tenant"]["S"], item["record"]["S"]) for item in tenants.items()]
    # Content, revision and time: what callers see stays the same.
    assert [(answer.text, answer.headers["ETag"]) for answer in after] == [
        (answer.text, answer.headers["ETag"]) for answer in before
    ]
    assert reencrypting().counts() == {"seen": 3, "right": 3}
    assert reencrypting(KEY_STRATEGY="record").counts() == {"seen": 3, "rewritten": 3}
    assert providers(tenants) == {"aws-kms"}
    assert old.get("acme", "r-1").text == before[0].text


def test_every_rewrite_has_a_new_data_key_and_a_new_message_id(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    def drawn() -> set[bytes]:
        headers = [parse_header(item["aws_dbe_head"]["B"]) for item in tenants.items()]
        ids = {header.message_id for header in headers}
        return ids | {header.encrypted_data_keys[0].ciphertext for header in headers}

    before = drawn()
    reencrypting().call()
    assert len(before) == len(drawn()) == 6
    assert not before & drawn()


def test_records_under_an_older_version_of_a_branch_key_are_rewritten(
    reencrypting: Start, tenants: Tenants
) -> None:
    tenants.create("acme", "globex")
    tenants.put("acme", "r-1", {"n": 1})
    tenants.put("globex", "r-1", {"n": 1})
    assert tenants.ask("POST", "/branch-keys/acme/versions").status == 201
    assert reencrypting().counts() == {"seen": 2, "rewritten": 1, "right": 1}
    assert reencrypting().counts() == {"seen": 2, "right": 2}


def test_records_under_another_kms_key_are_rewritten(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    new = tenants.kms.create_key()["KeyMetadata"]["Arn"]
    moved = {"KEY_STRATEGY": "record", "ENVELOPE_KEY_ARN": new, "DECRYPT_KEY_ARNS": tenants.key_arn}
    assert reencrypting(**moved).counts() == {"seen": 3, "rewritten": 3}
    assert {
        parse_header(item["aws_dbe_head"]["B"]).encrypted_data_keys[0].provider_info
        for item in tenants.items()
    } == {new.encode()}


@pytest.mark.parametrize("strategy", ["record", "tenant"])
def test_an_attribute_becomes_readable_and_secret_again(
    reencrypting: Start, tenants: Tenants, old: Service, strategy: str
) -> None:
    reencrypting(KEY_STRATEGY=strategy).call()
    assert reencrypting(KEY_STRATEGY=strategy, PLAINTEXT_ATTRIBUTES="name").counts()["rewritten"] == 3
    assert {item["name"].get("S") for item in tenants.items()} == {_SECRET}
    assert reencrypting(KEY_STRATEGY=strategy).counts()["rewritten"] == 3
    assert _SECRET not in str(tenants.items())


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"tenant": "acme"}, {"seen": 2, "rewritten": 2}),
        ({"tenant": "nobody"}, {}),
        ({"strategy": "record"}, {"seen": 3, "rewritten": 3}),
        ({"strategy": "tenant"}, {"seen": 3, "filtered": 3}),
        ({"written_before": "2020-01-01T00:00:00.000000Z"}, {"seen": 3, "filtered": 3}),
        ({"written_before": "2099-01-01T00:00:00.000000Z"}, {"seen": 3, "rewritten": 3}),
        ({"kms_key": "arn:aws:kms:eu-central-1:123456789012:key/other"}, {"seen": 3, "filtered": 3}),
        ({"branch_key_version": "00000000-0000-4000-8000-000000000000"}, {"seen": 3, "filtered": 3}),
    ],
)
def test_filters_narrow_what_is_rewritten(
    reencrypting: Start, old: Service, chosen: dict[str, str], expected: dict[str, int]
) -> None:
    assert reencrypting().counts(**chosen) == expected


def test_a_filter_of_a_kms_key_and_of_a_version_takes_what_is_under_them(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    assert reencrypting().counts(kms_key=tenants.key_arn, tenant="acme") == {"seen": 2, "rewritten": 2}
    version = tenants.key_store("acme")["branch:ACTIVE"]["version"]["S"].removeprefix("branch:version:")
    back = reencrypting(KEY_STRATEGY="record")
    assert back.counts(branch_key_version=version) == {"seen": 3, "filtered": 1, "rewritten": 2}


def test_a_dry_run_tells_what_it_would_do_and_writes_nothing(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    before = tenants.items()
    answer = reencrypting().call(dry_run=True)
    assert (answer["counts"]["rewritten"], answer["units"]["write"]) == (3, 0)
    assert answer["bytes"]["rewritten"] > 0
    assert tenants.items() == before


def test_what_is_not_signed_stays(reencrypting: Start, tenants: Tenants, old: Service) -> None:
    beacon = {"aws_dbe_b_name": {"S": "a1b"}}
    tenants.plant({**tenants.item("acme", "r-1"), **beacon})
    assert reencrypting().counts() == {"seen": 3, "rewritten": 3}
    assert tenants.item("acme", "r-1")["aws_dbe_b_name"] == {"S": "a1b"}


def test_who_writes_at_the_same_time_wins(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    put, raced = work.store.client.put_item, []

    def put_item(**request: Any) -> Any:
        if not raced:
            raced.append(old.put("globex", "r-1", {"n": "newer"}).body["revision"])
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    assert work.counts(tenant="globex") == {"seen": 1, "rewritten": 1}
    answer = tenants.get("globex", "r-1")
    assert (answer.body["n"], answer.headers["ETag"]) == ("newer", f'"{raced[0]}"')
    assert provider(tenants.item("globex", "r-1")) == "aws-kms-hierarchy"


def test_a_record_that_is_deleted_meanwhile_does_not_come_back(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        old.call("DELETE", "globex", "r-1")
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    assert work.counts(tenant="globex") == {"seen": 1}
    assert tenants.get("globex", "r-1").status == 404


def test_a_record_that_changes_all_the_time_is_left_to_who_changes_it(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        old.put("globex", "r-1", {"n": 2})
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    assert work.counts(tenant="globex") == {"seen": 1, "conflicts": 1}
    assert tenants.get("globex", "r-1").body == {"n": 2}


@pytest.mark.parametrize("name", ["name", "deep", "revision", "aws_dbe_foot", "aws_dbe_b_x"])
def test_any_attribute_that_changes_after_the_read_keeps_the_write_out(
    reencrypting: Start,
    tenants: Tenants,
    old: Service,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    tenants.plant({**tenants.item("globex", "r-1"), "aws_dbe_b_x": {"S": "1"}})
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        changed = {name: {"S": "a" * 32} if name == "revision" else {"B": b"changed"}}
        tenants.plant({**tenants.item("globex", "r-1"), **changed})
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    work.counts(tenant="globex")
    left = tenants.item("globex", "r-1")
    assert left[name] in ({"S": "a" * 32}, {"B": b"changed"})
    # A beacon is not signed: the record is looked at again, and rewritten with the beacon as it is now.
    assert provider(left) == ("aws-kms-hierarchy" if name == "aws_dbe_b_x" else "aws-kms")


def test_a_record_of_more_attributes_than_can_be_compared_is_rewritten(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.put("acme", "wide", {f"a{number}": number for number in range(400)})
    work = reencrypting()
    assert work.counts(tenant="acme") == {"seen": 3, "rewritten": 3}
    assert tenants.get("acme", "wide").body == {f"a{number}": number for number in range(400)}
    old.put("acme", "wide", {f"a{number}": number for number in range(400)})
    put = work.store.client.put_item
    monkeypatch.setattr(
        work.store.client,
        "put_item",
        lambda **request: [old.put("acme", "wide", {"n": "newer"}), put(**request)][1],
    )
    work.counts(tenant="acme")
    assert tenants.get("acme", "wide").body == {"n": "newer"}


def test_a_lost_answer_is_no_conflict(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    work = reencrypting()
    faults = Faults(work.store.client, "PutItem")
    faults.lose_answer()
    assert work.counts(tenant="globex") == {"seen": 1, "rewritten": 1}
    assert faults.attempts == 2
    faults.undo()


def test_poison_is_left_alone_and_told_exactly(
    reencrypting: Start, tenants: Tenants, old: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    good = tenants.item("acme", "r-1")
    flipped = bytearray(good["name"]["B"])
    flipped[-1] ^= 1
    poison = [
        {**good, "name": {"B": bytes(flipped)}},
        {**tenants.item("acme", "r-2"), "record": {"S": "moved"}},
        {"tenant": {"S": "acme"}, "record": {"S": "headless"}},
        {"tenant": {"S": "acme"}, "record": {"S": "broken"}, "aws_dbe_head": {"B": b"\x02\x00broken"}},
        {"tenant": {"S": "../etc"}, "record": {"S": "r-1"}, "aws_dbe_head": good["aws_dbe_head"]},
    ]
    for item in poison:
        tenants.plant(item)
    answer = reencrypting().call()
    assert sorted((found["tenant"], found["record"], found["reason"]) for found in answer["refused"]) == [
        ("../etc", "r-1", "not-a-record"),
        ("acme", "broken", "does-not-verify"),
        ("acme", "headless", "does-not-verify"),
        ("acme", "moved", "does-not-verify"),
        ("acme", "r-1", "does-not-verify"),
    ]
    assert (answer["counts"]["refused"], answer["counts"]["rewritten"]) == (5, 2)
    assert all(item in tenants.items() for item in poison)
    logged = capsys.readouterr().out
    assert _SECRET not in logged + json.dumps(answer)
    assert logged.count('"integrity failure"') == 4


def test_what_verifies_but_no_writer_of_this_service_wrote_is_told_of(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    foreign = old.writer._container.own.store.encryptor.encrypt(
        {"tenant": {"S": "acme"}, "record": {"S": "foreign"}, "name": {"S": _SECRET}}
    )
    tenants.plant(foreign)
    answer = reencrypting().call()
    assert [(found["record"], found["reason"]) for found in answer["refused"]] == [
        ("foreign", "not-a-record")
    ]
    assert tenants.item("acme", "foreign") == foreign


def test_a_shredded_tenant_and_one_without_a_branch_key_are_told_of(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    old.put("nokey", "r-1", {"n": 1})
    work = reencrypting()
    answer = work.call()
    assert [(found["tenant"], found["reason"]) for found in answer["refused"]] == [("nokey", "no-branch-key")]
    assert answer["counts"]["rewritten"] == 3
    assert tenants.shred("acme").status == 200
    for strategy in ("record", "tenant"):
        answer = reencrypting(KEY_STRATEGY=strategy).call(tenant="acme")
        assert [found["reason"] for found in answer["refused"]] == ["shredded", "shredded"]


def test_a_record_that_would_become_too_large_is_told_of(
    reencrypting: Start, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.create("acme")
    tenants.put("acme", "r-1", {"text": "x" * 1000})
    monkeypatch.setattr("service.reencryption.MAX_ITEM_BYTES", 1400)
    answer = reencrypting(KEY_STRATEGY="record").call()
    assert [found["reason"] for found in answer["refused"]] == ["too-large"]


@pytest.mark.parametrize("strategy", ["record", "tenant"])
def test_while_the_key_is_refused_nothing_is_judged(
    reencrypting: Start, tenants: Tenants, old: Service, strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = reencrypting(KEY_STRATEGY=strategy, PLAINTEXT_ATTRIBUTES="n")
    kms = work.store.encryptor._keyring._kms._client
    faults = Faults(kms, "Decrypt")
    faults.answer(400, "DisabledException", times=10_000)
    with pytest.raises(Unavailable, match="key-unavailable"):
        work.call()
    faults.undo()
    assert work.counts() == {"seen": 3, "rewritten": 3}


def test_after_a_rotation_a_warm_function_knows_the_new_version(
    reencrypting: Start, tenants: Tenants
) -> None:
    tenants.create("acme")
    tenants.put("acme", "r-1", {"n": 1})
    work = reencrypting()
    assert work.counts() == {"seen": 1, "right": 1}
    assert tenants.ask("POST", "/branch-keys/acme/versions").status == 201
    assert work.counts() == {"seen": 1, "rewritten": 1}
    assert work.counts() == {"seen": 1, "right": 1}


def test_what_was_shredded_is_not_brought_back_by_a_branch_key_in_memory(
    reencrypting: Start, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.create("acme")
    for number in range(3):
        tenants.put("acme", f"r-{number}", {"n": number})
    work = reencrypting(KEY_STRATEGY="record")
    write, lock, shredded = work.store.client.transact_write_items, Lock(), []

    def transact(**request: Any) -> Any:
        with lock:
            if not shredded:
                shredded.append(tenants.shred("acme").status)
        return write(**request)

    monkeypatch.setattr(work.store.client, "transact_write_items", transact)
    answer = work.call()
    assert shredded == [200]
    assert [found["reason"] for found in answer["refused"]] == ["shredded"] * 3
    assert {provider(item) for item in tenants.items()} == {"aws-kms-hierarchy"}
    tenants.forget()
    assert tenants.get("acme", "r-1").status == 410


def test_taken_off_its_branch_key_a_record_is_written_as_carefully_as_any(
    reencrypting: Start, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.create("acme")
    for number in range(3):
        tenants.put("acme", f"r-{number}", {"n": number})
    work = reencrypting(KEY_STRATEGY="record")
    write, lock, changed = work.store.client.transact_write_items, Lock(), []

    def transact(**request: Any) -> Any:
        record = request["TransactItems"][0]["Put"]["Item"]["record"]["S"]
        with lock:
            if not changed:
                changed.append(tenants.put("acme", record, {}))
        return write(**request)

    monkeypatch.setattr(work.store.client, "transact_write_items", transact)
    assert work.counts() == {"seen": 3, "rewritten": 3}
    assert sum(tenants.get("acme", f"r-{number}").body == {} for number in range(3)) == 1
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    monkeypatch.setattr(work.store.client, "transact_write_items", write)
    assert work.counts() == {"seen": 3, "right": 3}


def test_a_record_in_another_form_than_the_one_read_is_left_to_who_wrote_it(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = reencrypting(KEY_STRATEGY="tenant")
    put = stopped.store.client.put_item

    def put_item(**request: Any) -> Any:
        monkeypatch.setattr(stopped.store.client, "put_item", put)
        # A newer version of the branch key, which this call does not know yet.
        assert tenants.put("globex", "r-1", {"n": "newer"}).status == 200
        assert tenants.ask("POST", "/branch-keys/globex/versions").status == 201
        tenants.forget()
        assert tenants.put("globex", "r-1", {"n": "newest"}).status == 200
        return put(**request)

    monkeypatch.setattr(stopped.store.client, "put_item", put_item)
    answer = stopped.call(tenant="globex")
    assert [found["reason"] for found in answer["refused"]] == ["written-meanwhile"]
    assert answer["counts"]["conflicts"] == 1
    assert tenants.get("globex", "r-1").body == {"n": "newest"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Item size has exceeded the maximum allowed size", "too-large"),
        ("One or more parameter values were invalid", "not-accepted"),
    ],
)
def test_a_record_that_the_table_does_not_take_keeps_nobody_else(
    reencrypting: Start,
    tenants: Tenants,
    old: Service,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    reason: str,
) -> None:
    work = reencrypting()
    put = work.store.client.put_item

    def put_item(**request: Any) -> Any:
        if request["Item"]["record"]["S"] == "r-2":
            error = {"Error": {"Code": "ValidationException", "Message": message}}
            raise ClientError(error, "PutItem")
        return put(**request)

    monkeypatch.setattr(work.store.client, "put_item", put_item)
    answer = work.call()
    assert [(found["record"], found["reason"]) for found in answer["refused"]] == [("r-2", reason)]
    assert (answer["done"], answer["counts"]["rewritten"]) == (True, 2)


def test_while_branch_keys_are_refused_nothing_is_judged(
    reencrypting: Start, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.create("acme")
    tenants.put("acme", "r-1", {"n": 1})
    for strategy, settings in (("tenant", {"PLAINTEXT_ATTRIBUTES": "n"}), ("record", {})):
        work = reencrypting(KEY_STRATEGY=strategy, **settings)
        faults = Faults(work.function._container.own.by_kms._keyring._kms._client, "Decrypt")
        faults.answer(400, "DisabledException", times=10_000)
        with pytest.raises(Unavailable, match="key-unavailable"):
            work.call()
        assert faults.attempts
        faults.undo()
        assert work.counts(dry_run=True) == {"seen": 1, "rewritten": 1}


@pytest.mark.parametrize("refusals", [1, 2, 3, 4])
def test_a_key_that_comes_back_in_the_middle_leaves_no_record_refused(
    reencrypting: Start, tenants: Tenants, old: Service, refusals: int
) -> None:
    work = reencrypting()
    faults = Faults(work.function._container.own.by_kms._keyring._kms._client, "Decrypt")
    faults.answer(400, "AccessDeniedException", times=refusals)
    # Which record meets which refusal is chance: a call may get nowhere, or not through.
    for _ in range(refusals):
        with suppress(Unavailable):
            assert work.call()["refused"] == []
    assert work.counts() == {"seen": 3, "right": 3}


def test_a_record_that_names_a_key_in_a_way_that_kms_refuses_stops_nobody_else(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    item = tenants.item("acme", "r-1")
    head = item["aws_dbe_head"]["B"]
    (entry,) = parse_header(head).encrypted_data_keys
    # As long as the other, and KMS refuses what it holds.
    refused = head.replace(entry.ciphertext, bytes(len(entry.ciphertext)))
    tenants.plant({**item, "aws_dbe_head": {"B": refused}})
    answer = reencrypting().call()
    assert answer["counts"]["rewritten"] == 2
    assert [(found["record"], found["reason"]) for found in answer["refused"]] in (
        [("r-1", "key-refused")],
        [("r-1", "does-not-verify")],
    )


@pytest.mark.parametrize(("operation", "times"), [("Decrypt", 3), ("PutItem", 3), ("Scan", 2)])
def test_what_is_throttled_is_tried_again(
    reencrypting: Start,
    tenants: Tenants,
    old: Service,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    times: int,
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    work = reencrypting()
    client = work.store.encryptor._keyring._kms._client if operation == "Decrypt" else work.store.client
    faults = Faults(client, operation)
    faults.answer(400, "ThrottlingException", times=times)
    assert work.counts() == {"seen": 3, "rewritten": 3}
    faults.undo()


@pytest.mark.parametrize("operation", ["Scan", "PutItem"])
def test_what_stays_out_of_reach_ends_the_call(
    reencrypting: Start, tenants: Tenants, old: Service, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    work = reencrypting()
    faults = Faults(work.store.client, operation)
    faults.answer(500, "InternalServerError", times=10_000)
    before = tenants.items()
    with pytest.raises(Unavailable) as raised:
        work.call()
    assert "marker" not in str(raised.value)
    assert raised.value.__cause__ is None
    faults.undo()
    assert tenants.items() == before
    assert work.counts() == {"seen": 3, "rewritten": 3}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"run": "r", "job": {}, "segment": 0, "start_key": None, "step": 1},
        {"run": "r", "job": [], "segment": 0, "start_key": None, "step": 1},
        {"run": "r", "job": {"filter": {"strategy": "other"}}, "segment": 0, "start_key": None, "step": 1},
        {"run": "r", "job": {"filter": {}}, "segment": 0, "start_key": {"tenant": "a"}, "step": 1},
    ],
)
def test_an_event_of_another_form_is_refused(reencrypting: Start, event: dict[str, Any]) -> None:
    with pytest.raises(SegmentRefused, match="no event of the state machine"):
        reencrypting().function.handler(event, LambdaContext())


def test_what_nobody_foresaw_says_nothing_of_itself(
    reencrypting: Start, tenants: Tenants, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = reencrypting()

    def broken(**_: Any) -> Any:
        raise LookupError(_SECRET)

    monkeypatch.setattr(work.store.client, "scan", broken)
    with pytest.raises(Unavailable, match="internal-error") as raised:
        work.call()
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    logged = capsys.readouterr().out
    assert "LookupError" in logged
    assert _SECRET not in logged


def test_the_table_that_is_worked_on_is_the_configured_one(reencrypting: Start) -> None:
    assert reencrypting().store.table == TABLE
