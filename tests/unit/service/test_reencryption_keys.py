"""While a key is refused, throttled or out nothing is judged; who names a bad key stops nobody else."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from envelope.item_header import parse_header
from service.machine_errors import Unavailable
from tests.unit.service.faults import Faults
from tests.unit.service.functions import Service, Tenants
from tests.unit.service.reencrypting import Reencrypting

Start = Callable[..., Reencrypting]


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
