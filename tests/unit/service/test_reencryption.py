"""Records are encrypted anew: which, how, and what stays as it was."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from envelope.item_header import parse_header
from service.machine_errors import SegmentRefused, Unavailable
from tests.unit.service.functions import TABLE, LambdaContext, Service, Tenants
from tests.unit.service.reencrypting import SECRET, Reencrypting, provider

Start = Callable[..., Reencrypting]


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
    assert {item["name"].get("S") for item in tenants.items()} == {SECRET}
    assert reencrypting(KEY_STRATEGY=strategy).counts()["rewritten"] == 3
    assert SECRET not in str(tenants.items())


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
    assert SECRET not in logged + json.dumps(answer)
    assert logged.count('"integrity failure"') == 4


def test_what_verifies_but_no_writer_of_this_service_wrote_is_told_of(
    reencrypting: Start, tenants: Tenants, old: Service
) -> None:
    foreign = old.writer._container.own.store.encryptor.encrypt(
        {"tenant": {"S": "acme"}, "record": {"S": "foreign"}, "name": {"S": SECRET}}
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
        raise LookupError(SECRET)

    monkeypatch.setattr(work.store.client, "scan", broken)
    with pytest.raises(Unavailable, match="internal-error") as raised:
        work.call()
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    logged = capsys.readouterr().out
    assert "LookupError" in logged
    assert SECRET not in logged


def test_the_table_that_is_worked_on_is_the_configured_one(reencrypting: Start) -> None:
    assert reencrypting().store.table == TABLE
