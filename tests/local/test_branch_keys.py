"""Branch keys over the deployed API: rotated, moved and shredded while records are read and written."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

import pytest

from tests.local.branch_key_records import RECORDS, arns, check_all_read, version_of, with_records

# Long enough for what must happen before it is over, on a slow machine.
CACHE_SECONDS = 4
# Tenants whose move is stopped, each after another of its calls.
STOPPED = [f"stopped-{place}" for place in range(13)]


@dataclass(frozen=True)
class Keys:
    """The KMS keys of a move: where the branch keys are, and the one that is deployed now."""

    old: str
    new: str


@pytest.fixture(scope="module")
def keys(aws: Any, branch_keys: Any) -> Iterator[Keys]:
    """The strategy `tenant` under a KMS key of its own; `moving` and `mixed` are still under the old one."""
    new = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    for tenant in ("moving", "mixed", *STOPPED):
        assert branch_keys.create(tenant).status == 201
    for record in ("old-1", "old-2"):
        assert branch_keys.records("outside").put(record, {"strategy": "record"}).status == 201
    settings = {
        "key_strategy": "tenant",
        "branch_key_arn": new,
        "branch_key_cache_seconds": CACHE_SECONDS,
    }
    aws.change_settings(settings)
    yield Keys(aws.outputs["EnvelopeKeyArn"], new)
    aws.change_settings({"key_strategy": "record", "branch_key_arn": None, "branch_key_cache_seconds": 300})


def test_after_a_rotation_old_records_are_read_and_new_ones_use_the_new_version(
    branch_keys: Any, keys: Keys
) -> None:
    api = with_records(branch_keys, "rotated")
    before = api.own_items()

    rotated = branch_keys.rotate("rotated")

    assert rotated.status == 201
    described = branch_keys.describe("rotated").body
    assert described["version"] == rotated.body["version"]
    assert described["versions"][-2]["version"] == rotated.body["previous_version"]
    assert len(described["versions"]) == 3
    branch_keys.forget()
    assert api.put("r-new", {"n": "new"}).status == 201
    assert version_of(api, "r-new").hex() == rotated.body["version"].replace("-", "")
    assert len({version_of(api, name) for name in ("r-0", f"r-{RECORDS - 1}", "r-new")}) == 3
    check_all_read(api)
    assert [item for item in api.own_items() if item["record"]["S"] != "r-new"] == before


def test_a_branch_key_moves_to_another_kms_key_and_no_record_is_touched(
    aws: Any, branch_keys: Any, keys: Keys
) -> None:
    api = with_records(branch_keys, "moving", created=True)
    before = api.own_items()
    # The second version was made after the change of settings, with the active one: under the new key.
    assert arns(branch_keys, "moving") == {keys.old: 2, keys.new: 2}
    calls = branch_keys.counting()

    moved = branch_keys.move("moving", to=keys.new)

    assert moved.status == 200
    told = {name: moved.body[name] for name in ("moved", "already_there", "remaining", "records_touched")}
    assert told == {"moved": 2, "already_there": 2, "remaining": 0, "records_touched": 0}
    assert (moved.body["verified"], moved.body["moved_from"]) == (True, [keys.old])
    assert calls.now == {"ReEncrypt": 2 + 4}
    assert arns(branch_keys, "moving") == {keys.new: 4}
    assert api.own_items() == before
    branch_keys.forget()
    aws.client("kms").disable_key(KeyId=keys.old)
    try:
        check_all_read(api)
        assert api.put("r-0", {"n": 0}).status == 200
    finally:
        aws.client("kms").enable_key(KeyId=keys.old)


def test_a_move_that_stops_midway_leaves_what_readers_read_and_is_finished_by_the_same_call(
    aws: Any, branch_keys: Any, keys: Keys
) -> None:
    api = with_records(branch_keys, "mixed", created=True)
    aws.fail_next("kms", "ReEncrypt", code="KMSInternalException", times=3, skip=1)

    stopped = branch_keys.move("mixed", to=keys.new)

    assert stopped.status == 503
    assert arns(branch_keys, "mixed") == {keys.old: 1, keys.new: 3}
    branch_keys.forget()
    check_all_read(api)
    again = branch_keys.move("mixed", to=keys.new).body
    assert (again["moved"], again["already_there"], again["verified"]) == (1, 3, True)


def test_a_move_that_is_stopped_after_any_of_its_calls_is_finished_by_the_same_call(
    aws: Any, branch_keys: Any, keys: Keys
) -> None:
    first, *others = STOPPED
    steps = branch_keys.steps(lambda: branch_keys.move(first, to=keys.new))
    assert len(steps) == len(others)
    for tenant, (service, operation, skip) in zip(others, steps, strict=True):
        aws.fail_next(service, operation, code="AccessDeniedException", skip=skip)
        assert branch_keys.move(tenant, to=keys.new).status == 503
        assert branch_keys.move(tenant, to=keys.new).body["verified"]
        assert arns(branch_keys, tenant) == {keys.new: 3}


def test_a_move_to_a_key_that_is_not_deployed_is_refused(branch_keys: Any, keys: Keys) -> None:
    before = branch_keys.items("mixed")

    refused = branch_keys.move("mixed", to=keys.old)

    assert (refused.status, refused.slug) == (409, "key-not-deployed")
    assert branch_keys.items("mixed") == before


def test_shredding_first_names_the_number_of_records_that_it_would_leave_readable(
    branch_keys: Any, keys: Keys
) -> None:
    api = with_records(branch_keys, "outside")

    refused = branch_keys.shred("outside")

    assert (refused.status, refused.slug, refused.body["count"]) == (409, "records-outside-branch-key", 2)
    check_all_read(api)
    assert api.get("old-1").status == 200
    shredded = branch_keys.shred("outside", delete_records="true").body
    assert (shredded["state"], shredded["deleted_records"]) == ("shredded", 2)
    # What is left hung on the branch key: it is ciphertext now.
    assert {item["record"]["S"] for item in api.own_items()} == {f"r-{n}" for n in range(RECORDS)}
    branch_keys.forget()
    assert {api.get(f"r-{n}").status for n in range(RECORDS)} == {410}


def test_shredding_wants_the_tenants_name_again(branch_keys: Any, keys: Keys) -> None:
    before = branch_keys.items("mixed")
    for confirm in ("", "moving"):
        refused = branch_keys.shred("mixed", confirm=confirm)
        assert (refused.status, refused.slug) == (400, "confirmation-missing")
    assert branch_keys.items("mixed") == before


def test_a_shredded_tenant_is_gone_for_good_and_the_others_are_not(branch_keys: Any, keys: Keys) -> None:
    api, other = (with_records(branch_keys, tenant) for tenant in ("shredded", "spared"))
    before, kept = other.own_items(), branch_keys.items("spared")

    shredded = branch_keys.shred("shredded").body

    assert (shredded["state"], shredded["removed_items"]) == ("shredded", 4)
    assert set(branch_keys.items("shredded")) == {"shredded"}
    branch_keys.forget()
    for reply in (
        api.get("r-0"),
        api.put("r-0", {"n": 0}),
        api.page(),
        branch_keys.create("shredded"),
        branch_keys.rotate("shredded"),
        branch_keys.move("shredded", to=keys.new),
    ):
        assert (reply.status, reply.slug) == (410, "tenant-shredded")
    described = branch_keys.describe("shredded").body
    assert (described["state"], described["remaining_versions"]) == ("shredded", 0)
    assert branch_keys.shred("shredded").body["removed_items"] == 0
    check_all_read(other)
    assert (other.own_items(), branch_keys.items("spared")) == (before, kept)


def test_while_a_tenant_is_shredded_a_read_gives_the_record_or_says_that_it_is_gone(
    branch_keys: Any, keys: Keys
) -> None:
    api, stop, seen = with_records(branch_keys, "read-meanwhile"), Event(), Counter[Any]()

    def read() -> None:
        while not stop.is_set():
            reply = api.get("r-0")
            seen[reply.status, None if reply.status == 200 else reply.slug] += 1

    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(read) for _ in range(2)]
        time.sleep(0.2)
        answer = branch_keys.shred("read-meanwhile").body
        clear_at = datetime.fromisoformat(answer["caches_may_decrypt_until"]).timestamp()
        time.sleep(max(0.0, clear_at - time.time()) + 0.2)
        told, so_far = seen.copy(), dict(seen)
        time.sleep(0.3)
        stop.set()
        for each in reading:
            each.result()

    assert set(seen) == {(200, None), (410, "tenant-shredded")}
    assert seen[200, None] == told[200, None], f"a record was read after the caches' time: {so_far}"


def test_what_is_taken_away_takes_effect_when_the_caches_time_is_over(
    aws: Any, branch_keys: Any, keys: Keys
) -> None:
    kms, own = aws.client("kms"), {}
    tenants = ("key-disabled", "items-removed")
    for tenant in tenants:
        own[tenant] = branch_keys.records(tenant)
        assert branch_keys.create(tenant).status == 201
    for tenant in tenants:
        assert own[tenant].put("r-0", {"n": 0}).status == 201
        assert own[tenant].get("r-0").status == 200
    began = time.monotonic()

    branch_keys.remove("items-removed")
    kms.disable_key(KeyId=keys.new)
    try:
        warm = {tenant: own[tenant].get("r-0").status for tenant in tenants}
        assert time.monotonic() - began < CACHE_SECONDS, "too slow to see what is in memory"
        time.sleep(CACHE_SECONDS + 0.2)
        replies = {tenant: own[tenant].get("r-0") for tenant in tenants}
        writes = {tenant: own[tenant].put("r-0", {"n": 0}) for tenant in tenants}
    finally:
        kms.enable_key(KeyId=keys.new)

    assert set(warm.values()) == {200}
    assert (replies["key-disabled"].status, replies["key-disabled"].slug) == (503, "key-unavailable")
    assert (writes["key-disabled"].status, writes["key-disabled"].slug) == (503, "key-unavailable")
    assert replies["items-removed"].status == 500
    assert (writes["items-removed"].status, writes["items-removed"].slug) == (404, "branch-key-not-found")
    assert own["key-disabled"].get("r-0").status == 200
