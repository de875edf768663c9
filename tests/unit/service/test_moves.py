"""Moving a branch key to another KMS key: stopped anywhere, repeated, and not one record touched."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any


def move_to(key_arn: str) -> str:
    return json.dumps({"to": key_arn})


def seconds_from_now(text: str) -> float:
    return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()


def test_a_move_wraps_everything_under_the_deployed_key_and_touches_no_record(
    tenants: Any, start_tenants: Any
) -> None:
    tenants.create("acme")
    tenants.ask("POST", "/branch-keys/acme/versions")
    tenants.put("acme", "p-1", {"n": 1})
    records = tenants.items()
    new = tenants.kms.create_key()["KeyMetadata"]["Arn"]
    deployed = start_tenants(ENVELOPE_KEY_ARN=tenants.key_arn, BRANCH_KEY_ARN=new, KEY_STORE_BACKUP_DAYS="30")

    moved = deployed.ask("POST", "/branch-keys/acme/moves", body=move_to(new))

    assert moved.status == 200
    answer = moved.body
    assert (answer["moved"], answer["already_there"], answer["remaining"]) == (4, 0, 0)
    assert (answer["to"], answer["moved_from"]) == (new, [tenants.key_arn])
    assert (answer["verified"], answer["records_touched"]) == (True, 0)
    days = timedelta(days=30).total_seconds()
    assert days - 5 < seconds_from_now(answer["old_key_needed_until"]) <= days + 1
    assert 298 < seconds_from_now(answer["caches_clear_at"]) <= 301
    assert {item["kms-arn"]["S"] for item in tenants.key_store("acme").values()} == {new}
    assert tenants.items() == records
    assert deployed.get("acme", "p-1").body == {"n": 1}

    again = deployed.ask("POST", "/branch-keys/acme/moves", body=move_to(new)).body
    assert (again["moved"], again["already_there"], again["verified"]) == (0, 4, True)


def test_a_reader_reads_while_a_move_is_under_way(
    tenants: Any, start_tenants: Any, make_context: Any
) -> None:
    tenants.create("acme")
    tenants.put("acme", "p-1", {"n": 1})
    new = tenants.kms.create_key()["KeyMetadata"]["Arn"]
    deployed = start_tenants(ENVELOPE_KEY_ARN=tenants.key_arn, BRANCH_KEY_ARN=new)

    stopped = deployed.ask(
        "POST", "/branch-keys/acme/moves", body=move_to(new), context=make_context(7_000)
    ).body

    assert (stopped["moved"], stopped["remaining"], stopped["verified"]) == (0, 3, False)
    assert stopped["old_key_needed_until"] is None
    for item in list(tenants.key_store("acme").values())[:1]:
        assert item["kms-arn"]["S"] == tenants.key_arn
    assert deployed.get("acme", "p-1").body == {"n": 1}
    assert deployed.ask("POST", "/branch-keys/acme/moves", body=move_to(new)).body["verified"]


def test_a_move_to_a_key_that_is_not_deployed_is_refused(tenants: Any) -> None:
    tenants.create("acme")
    before = tenants.key_store("acme")
    other = tenants.kms.create_key()["KeyMetadata"]["Arn"]

    refused = tenants.ask("POST", "/branch-keys/acme/moves", body=move_to(other))

    assert (refused.status, refused.slug, refused.body["field"]) == (409, "key-not-deployed", "/to")
    assert tenants.key_arn in refused.body["detail"]
    assert tenants.key_store("acme") == before
