"""One tenant at a time: in a session of a tenant, IAM and KMS refuse every other, whatever the code does."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from envelope import BranchKeyring, EnvelopeError
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from local.stored_item import record_context
from service.cursor import write_cursor
from tests.local.actors import Actor, Actors, document, refused
from tests.local.names import LOGICAL_KEY_STORE, PREFIX
from tests.local.reencryption_runs import Runs
from tests.local.tenant_compartments import InProcess, plant_by_kms, started
from tests.local.test_enforcement import TRUSTS_ANOTHER
from tests.local.test_trail import Archive

OWN, OTHER = "acme", "globex"
#: `make session-load` asks more.
REQUESTS = int(os.environ.get("SEALED_REQUESTS", "1000"))
DUTIES = ("writer", "reader", "tenant-admin")


def change(aws: EmbeddedAws, records: Any, *steps: dict[str, Any]) -> None:
    """Change settings step by step, while a tenant reads and writes; every answer has to be a good one."""
    for step in steps:
        with ThreadPoolExecutor(max_workers=1) as pool:
            changing = pool.submit(aws.change_settings, step)
            statuses: Counter[int] = Counter()
            while not changing.done():
                statuses[records.put("busy", {"of": OWN}).status] += 1
                statuses[records.get("busy").status] += 1
            changing.result()
        assert statuses.keys() <= {200, 201}, (step, statuses)
        assert statuses[200] > 1


@pytest.fixture(scope="module")
def sessions(aws: EmbeddedAws, branch_keys: Any) -> Iterator[EmbeddedAws]:
    """The deployment with sessions of one tenant each, in the strategy `tenant`; afterwards as it was."""
    branch_keys.create(OWN)
    change(
        aws,
        branch_keys.records(OWN),
        {"tenant_sessions": True, "tenant_sessions_changing": True},
        {"tenant_sessions_changing": False, "key_strategy": "tenant"},
    )
    yield aws
    aws.change_settings(
        {"tenant_sessions": False, "tenant_sessions_changing": False, "key_strategy": "record"}
    )
    branch_keys.remove(OWN)


@pytest.fixture(scope="module")
def two_tenants(sessions: EmbeddedAws, branch_keys: Any) -> Iterator[Any]:
    """Two tenants with a branch key and a record each, by both strategies' means."""
    branch_keys.records(OWN).empty()
    branch_keys.create(OTHER)
    for tenant in (OWN, OTHER):
        assert branch_keys.records(tenant).put("r", {"of": tenant}).status == 201
    yield branch_keys
    branch_keys.records(OWN).empty()
    branch_keys.remove(OTHER)


@pytest.fixture(scope="module")
def reader(two_tenants: Any, sessions: EmbeddedAws) -> Iterator[InProcess]:
    with started(sessions, "reader") as running:
        yield running


@pytest.fixture(scope="module")
def writer(two_tenants: Any, sessions: EmbeddedAws) -> Iterator[InProcess]:
    with started(sessions, "writer") as running:
        yield running


@pytest.fixture(scope="module")
def admin(two_tenants: Any, sessions: EmbeddedAws) -> Iterator[InProcess]:
    with started(sessions, "tenant-admin") as running:
        yield running


def denied(call: Callable[[], Any]) -> str:
    """What refused: IAM's or KMS's AccessDenied, and nothing that our own code found."""
    with pytest.raises((ClientError, EnvelopeError)) as caught:
        call()
    error = caught.value
    causes = list(getattr(error, "causes", None) or [error])
    [message] = [
        cause.response["Error"]["Message"]
        for cause in causes
        if isinstance(cause, ClientError) and cause.response["Error"]["Code"].startswith("AccessDenied")
    ]
    return str(message)


def test_requests_are_served_as_before(two_tenants: Any) -> None:
    for tenant in (OWN, OTHER):
        records = two_tenants.records(tenant)
        assert records.get("r").body == {"of": tenant}
        assert [each["record"] for each in records.page().body["records"]] == ["r"]
        replaced = records.put("r", {"of": tenant}, headers={"If-Match": records.get("r").headers["etag"]})
        assert replaced.status == 200
        assert records.put("passing", {}).status == 201
        assert records.delete("passing").status == 204


def test_records_are_encrypted_anew_in_sessions_of_their_tenants(
    sessions: EmbeddedAws, two_tenants: Any
) -> None:
    for tenant in (OWN, OTHER):
        plant_by_kms(sessions, tenant, "old", tenant)
    archive = Archive(sessions)
    sessions.forget_trail()
    summary = Runs(sessions).run()
    assert (summary["counts"]["rewritten"], summary["refused_total"]) == (2, 0)
    assert _callers(archive, "PutItem") == {("reencryptor-session", OWN), ("reencryptor-session", OTHER)}
    for tenant in (OWN, OTHER):
        assert two_tenants.records(tenant).get("old").body == {"of": tenant}
        assert two_tenants.records(tenant).delete("old").status == 204


def test_data_keys_of_kms_are_made_in_sessions_of_their_tenants(
    sessions: EmbeddedAws, two_tenants: Any
) -> None:
    archive = Archive(sessions)
    sessions.change_settings({"key_strategy": "record", "writer_keeps_branch_keys": True})
    sessions.forget_trail()
    summary = Runs(sessions).run()
    called = _callers(archive, "GenerateDataKey")
    sessions.change_settings({"key_strategy": "tenant", "writer_keeps_branch_keys": False})
    back = Runs(sessions).run()
    assert called == {("reencryptor-session", OWN), ("reencryptor-session", OTHER)}
    assert summary["counts"]["rewritten"] == back["counts"]["rewritten"] >= 2
    for tenant in (OWN, OTHER):
        assert two_tenants.records(tenant).get("r").body == {"of": tenant}


def _callers(archive: Archive, name: str) -> set[tuple[str, str]]:
    """By which of the re-encryption's roles, and for which tenants, an operation on records was called."""
    found = set()
    for each in archive.new():
        arn, parameters = each["userIdentity"].get("arn", ""), each.get("requestParameters") or {}
        if each["eventName"] != name or f"/{PREFIX}-reencryptor" not in arn:
            continue
        role = arn.split("/")[-2].removeprefix(f"{PREFIX}-")
        context = parameters.get("encryptionContext", {})
        tenant = parameters["key"]["tenant"] if "key" in parameters else context["aws-crypto-attr.tenant"]
        found.add((role, tenant))
    return found


def test_a_tenants_calls_are_made_in_its_own_session(sessions: EmbeddedAws, two_tenants: Any) -> None:
    sessions.forget_trail()
    archive = Archive(sessions)
    two_tenants.records(OTHER).get("r")
    tenant = f"new-{uuid4()}"[:20]
    two_tenants.create(tenant)
    records = list(archive.new())
    [begun] = [
        each["requestParameters"]
        for each in records
        if each["eventName"] == "AssumeRole" and "principalTags" in (each["requestParameters"] or {})
        if each["requestParameters"]["principalTags"] == {"tenant": tenant}
    ]
    assert begun["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-tenant-admin-session"
    assert begun["roleSessionName"] == tenant
    written = [
        each for each in records if each["eventName"] in ("GenerateDataKeyWithoutPlaintext", "GetItem")
    ]
    sessions_seen = {each["userIdentity"]["arn"].split("assumed-role/")[1] for each in written}
    assert f"{PREFIX}-tenant-admin-session/{tenant}" in sessions_seen
    assert f"{PREFIX}-reader-session/{OTHER}" in sessions_seen
    two_tenants.remove(tenant)


# --- with the code's own check taken away


@pytest.fixture
def unchecked(reader: InProcess, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """The reader as it would be without its own look at whose item it has in hand."""
    original = reader.record_reads._open

    def without_check(store: Any, path: Any, item: Any) -> Any:
        bound = {"tenant": item["tenant"], "record": item["record"]}
        return original(store, type(path)(tenant=bound["tenant"]["S"], record=bound["record"]["S"]), item)

    monkeypatch.setattr(reader.record_reads, "_open", without_check)
    return reader


def own(running: InProcess) -> Any:
    """What serves a request for our tenant."""
    return running.container.of(OWN)


def test_the_unchecked_reader_reads_its_own(unchecked: InProcess) -> None:
    path = unchecked.requests.RecordPath(tenant=OWN, record="r")
    assert json.loads(unchecked.record_reads.get_record(own(unchecked).store, path).data) == {"of": OWN}


def test_no_read_by_another_tenants_path_or_key(unchecked: InProcess) -> None:
    reads, store = unchecked.record_reads, own(unchecked).store
    path = unchecked.requests.RecordPath(tenant=OTHER, record="r")
    assert "dynamodb:GetItem" in denied(lambda: reads.get_record(store, path))
    for client in (store.client, own(unchecked).branch_keys._table._client):
        for key in ({"tenant": {"S": OTHER}, "record": {"S": "r"}},):
            assert "dynamodb:GetItem" in denied(
                lambda client=client, key=key: client.get_item(TableName=store.table, Key=key)  # type: ignore[misc]
            )


@pytest.mark.parametrize("cursor_of", [OWN, OTHER, None])
def test_no_page_of_another_tenant_whatever_the_cursor(unchecked: InProcess, cursor_of: str | None) -> None:
    key = unchecked.container.configuration.cursor_key
    cursor = cursor_of and write_cursor("a", tenant=cursor_of, prefix="", key=key)
    request = unchecked.requests.ListRequest(tenant=OTHER, limit=10, prefix="", cursor=None)
    store, limit = own(unchecked).store, unchecked.container.time_limit
    listing = unchecked.record_reads.list_records
    assert "dynamodb:Query" in denied(lambda: listing(store, request, cursor_key=key, time_limit=limit))
    if cursor is not None:
        # The cursor's own binding taken away as well: where the page begins is asked of DynamoDB as it comes.
        start = {"tenant": {"S": cursor_of}, "record": {"S": "a"}}
        assert "dynamodb:Query" in denied(
            lambda: store.client.query(
                TableName=store.table,
                KeyConditionExpression="tenant = :t",
                ExpressionAttributeValues={":t": {"S": OTHER}},
                ExclusiveStartKey=start,
            )
        )


def test_an_own_query_does_not_go_on_in_another_tenants_items(unchecked: InProcess) -> None:
    store = own(unchecked).store
    error = refused(
        store.client.query,
        TableName=store.table,
        KeyConditionExpression="tenant = :t",
        ExpressionAttributeValues={":t": {"S": OWN}},
        ExclusiveStartKey={"tenant": {"S": OTHER}, "record": {"S": "a"}},
    )
    assert error["Code"] == "ValidationException"


def test_no_context_of_another_tenant(unchecked: InProcess, sessions: EmbeddedAws, two_tenants: Any) -> None:
    store = own(unchecked).store
    theirs = plant_by_kms(sessions, OTHER, "by-kms", OTHER)
    ours = plant_by_kms(sessions, OWN, "by-kms", OWN)
    assert two_tenants.records(OWN).get("by-kms").body == {"of": OWN}
    assert store.encryptor.decrypt(ours)["of"] == {"S": OWN}
    mine = two_tenants.records(OWN).item("r")
    assert store.encryptor.decrypt(mine)["of"] == {"S": OWN}
    by_kms = denied(lambda: store.encryptor.decrypt(theirs))
    assert "kms:Decrypt" in by_kms
    assert "dynamodb:GetItem" in denied(lambda: store.encryptor.decrypt(two_tenants.records(OTHER).item("r")))


def test_no_branch_key_of_another_id(unchecked: InProcess, sessions: EmbeddedAws, two_tenants: Any) -> None:
    compartment = own(unchecked)
    version = two_tenants.items(OTHER)["branch:ACTIVE"]["version"]["S"].removeprefix("branch:version:")
    for call in (
        lambda: compartment.branch_keys.active(OTHER),
        lambda: compartment.branch_keys.version(OTHER, version),
        lambda: compartment.cache.active(OTHER),
        lambda: BranchKeyring(OTHER, compartment.cache).generate({"a": "b"}),
    ):
        assert "dynamodb:GetItem" in denied(call)
    # And whoever hands it the stored item meets KMS.
    kms = compartment.branch_keys._wrapping._kms

    def opened(tenant: str, **changes: str) -> Any:
        item = two_tenants.items(tenant)["branch:ACTIVE"]
        context = {name: next(iter(value.values())) for name, value in item.items() if name != "enc"}
        asked = {**context, "tablename": LOGICAL_KEY_STORE, **changes}
        return kms.decrypt(CiphertextBlob=item["enc"]["B"], EncryptionContext=asked)

    assert opened(OWN)["Plaintext"]
    for changes in ({}, {"branch-key-id": OWN}, {"aws-crypto-ec:tenant": OWN}):
        assert "kms:Decrypt" in denied(lambda changes=changes: opened(OTHER, **changes))  # type: ignore[misc]


def test_no_write_to_another_tenant(writer: InProcess) -> None:
    store = own(writer).store
    path = writer.requests.RecordPath(tenant=OTHER, record="r")
    put = writer.requests.PutRequest(path=path, data={}, precondition=None)
    assert "dynamodb:GetItem" in denied(lambda: writer.record_writes.put_record(store, put))
    item = {"tenant": {"S": OTHER}, "record": {"S": "r"}}
    assert "dynamodb:PutItem" in denied(lambda: store.client.put_item(TableName=store.table, Item=item))
    delete = writer.requests.DeleteRequest(path=path, precondition=None)
    assert "dynamodb:DeleteItem" in denied(lambda: writer.record_writes.delete_record(store, delete))
    kms = own(writer).branch_keys._wrapping._kms
    context = record_context(tenant=OTHER, record="r")
    key = writer.container.configuration.envelope_key_arn
    made = {
        "KeyId": key,
        "NumberOfBytes": 32,
        "EncryptionContext": {**context, "aws-crypto-attr.tenant": OWN},
    }
    assert kms.generate_data_key(**made)["Plaintext"]
    assert "kms:GenerateDataKey" in denied(
        lambda: kms.generate_data_key(**{**made, "EncryptionContext": context})
    )


def test_no_branch_key_of_another_tenant_is_administered(admin: InProcess, sessions: EmbeddedAws) -> None:
    compartment, other = own(admin), f"other-{uuid4()}"[:20]
    for call, action in (
        (lambda: compartment.branch_keys.create(other), "kms:GenerateDataKeyWithoutPlaintext"),
        (lambda: compartment.branch_keys.describe(OTHER), "dynamodb:Query"),
        (lambda: compartment.branch_keys.rotate(OTHER), "dynamodb:GetItem"),
        (lambda: compartment.branch_keys.move(OTHER), "dynamodb:GetItem"),
        (lambda: compartment.branch_keys.shred(OTHER), "dynamodb:Query"),
        (lambda: compartment.branch_keys.page(limit=10, after=None), "dynamodb:Scan"),
    ):
        assert action in denied(call), action
    item = {"branch-key-id": {"S": OTHER}, "type": {"S": "branch:ACTIVE"}}
    table = sessions.outputs["KeyStoreTableName"]
    client = compartment.store.client
    assert "dynamodb:PutItem" in denied(
        lambda: client.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}])
    )
    assert admin.container.own.branch_keys.page(limit=10, after=None).keys


@pytest.mark.parametrize("duty", DUTIES)
def test_the_functions_own_role_reaches_no_record_and_no_branch_key(
    sessions: EmbeddedAws, two_tenants: Any, actors: Actors, duty: str
) -> None:
    actor = actors.role(duty)
    outputs, kms, dynamodb = sessions.outputs, actor.client("kms"), actor.client("dynamodb")
    record = {"tenant": {"S": OWN}, "record": {"S": "r"}}
    branch_key = {"branch-key-id": {"S": OWN}, "type": {"S": "branch:ACTIVE"}}
    for table, key in ((outputs["RecordsTableName"], record), (outputs["KeyStoreTableName"], branch_key)):
        for call in (
            lambda table=table, key=key: dynamodb.get_item(TableName=table, Key=key),
            lambda table=table, key=key: dynamodb.put_item(TableName=table, Item=key),
            lambda table=table, key=key: dynamodb.delete_item(TableName=table, Key=key),
            lambda table=table: dynamodb.scan(TableName=table),
        ):
            denied(call)
    context = record_context(tenant=OWN, record="r")
    named = {"KeyId": outputs["EnvelopeKeyArn"], "EncryptionContext": context}
    for call in (
        lambda: kms.generate_data_key(**named, NumberOfBytes=32),
        lambda: kms.generate_data_key_without_plaintext(**named, NumberOfBytes=32),
        lambda: kms.decrypt(**named, CiphertextBlob=b"x" * 100),
    ):
        assert "no identity-based policy allows" in denied(call)


# --- who begins a session

TAG = [{"Key": "tenant", "Value": OWN}]
WRONG = {
    "without a tenant": {"Tags": []},
    "with another tag beside": {"Tags": [*TAG, {"Key": "more", "Value": "x"}]},
    "with another tag": {"Tags": [{"Key": "customer", "Value": OWN}]},
    "with a tag that a further session inherits": {"Tags": TAG, "TransitiveTagKeys": ["tenant"]},
    "under another tenant's name": {"Tags": TAG, "RoleSessionName": OTHER},
}


def begin(actor: Actor, duty: str, **changes: Any) -> Any:
    given = {"RoleSessionName": OWN, "Tags": TAG, **changes}
    role = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{duty}-session"
    return actor.client("sts").assume_role(RoleArn=role, **given)


@pytest.mark.parametrize("duty", DUTIES)
def test_a_function_begins_its_own_duty_s_sessions_alone(sessions: Any, actors: Actors, duty: str) -> None:
    actor = actors.role(duty)
    assert begin(actor, duty)["Credentials"]
    for other in {*DUTIES} - {duty}:
        assert refused(begin, actor, other)["Code"] == "AccessDenied"


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("how", WRONG)
def test_a_session_is_begun_for_one_tenant_and_nothing_else(
    sessions: Any, actors: Actors, duty: str, how: str
) -> None:
    assert refused(begin, actors.role(duty), duty, **WRONG[how])["Code"] == "AccessDenied"


def test_a_session_lasts_an_hour_at_most(sessions: Any, actors: Actors) -> None:
    assert refused(begin, actors.role("reader"), "reader", DurationSeconds=3601)["Code"] == "ValidationError"


def test_nobody_else_begins_one(sessions: Any, actors: Actors, person: Any) -> None:
    for actor in (person({"Effect": "Allow", "Action": "*", "Resource": "*"}), actors.root()):
        assert refused(begin, actor, "reader")["Code"] == "AccessDenied"


def test_a_session_begins_no_other(sessions: Any, actors: Actors) -> None:
    key = begin(actors.role("reader"), "reader")["Credentials"]
    inner = Actor(sessions, Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"]))
    assert refused(begin, inner, "reader")["Code"] == "AccessDenied"


# --- STS fails, many at once, what it costs


@pytest.mark.parametrize("failure", [{"code": "Throttling"}, {"reset": True}, {"code": "ServiceUnavailable"}])
def test_while_sts_fails_known_tenants_go_on_and_others_are_asked_to_wait(
    sessions: EmbeddedAws, two_tenants: Any, failure: dict[str, Any]
) -> None:
    known, stranger = two_tenants.records(OWN), two_tenants.records(f"stranger-{uuid4()}"[:20])
    assert (known.get("r").status, known.put("r", {"of": OWN}).status) == (200, 200)
    sessions.fail_next("sts", "AssumeRole", times=1_000, **failure)
    try:
        answer = stranger.get("r")
        assert (answer.status, answer.slug) == (503, "temporarily-unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert known.get("r").body == {"of": OWN}
        assert known.put("r", {"of": OWN}).status == 200
    finally:
        sessions.clear_faults()
    assert stranger.get("r").status == 404


def test_of_sixty_four_threads_no_call_has_the_wrong_session(
    sessions: EmbeddedAws, reader: InProcess, two_tenants: Any
) -> None:
    sessions.forget_trail()
    archive = Archive(sessions)
    requests = [(OWN, OTHER)[number % 2] for number in range(REQUESTS)]
    random.Random(64).shuffle(requests)  # noqa: S311 - reproducible
    reader.container.time_limit.begin(remaining_ms=3_600_000)

    def read(tenant: str) -> bool:
        path = reader.requests.RecordPath(tenant=tenant, record="r")
        found = reader.record_reads.get_record(reader.container.of(tenant).store, path)
        return bool(json.loads(found.data) == {"of": tenant})

    with ThreadPoolExecutor(max_workers=64) as pool:
        assert all(pool.map(read, requests))
    seen: Counter[tuple[str, str]] = Counter()
    table = sessions.outputs["RecordsTableName"]
    for record in archive.new():
        parameters = record["requestParameters"] or {}
        if record["eventName"] == "GetItem" and parameters.get("tableName") == table:
            role, session = record["userIdentity"]["arn"].split("/")[1:]
            assert role == f"{PREFIX}-reader-session"
            seen[session, parameters["key"]["tenant"]] += 1
    # Each at least once: the SDK repeats a call whose answer is late.
    assert seen.keys() == {(OWN, OWN), (OTHER, OTHER)}
    assert min(seen.values()) >= REQUESTS // 2


@pytest.mark.parametrize("strategy", ["tenant", "record"])
def test_a_tenants_session_costs_one_call_of_sts_and_then_less_than_a_millisecond(
    sessions: EmbeddedAws, two_tenants: Any, strategy: str
) -> None:
    plant_by_kms(sessions, OWN, "by-kms", OWN)
    with started(sessions, "reader", KEY_STRATEGY=strategy) as running:
        limit = running.container.time_limit
        limit.begin(remaining_ms=600_000)
        running.container.of(OWN)
        assert limit.sts_calls == 1
        took = []
        for _ in range(1_000):
            began = time.perf_counter()
            running.container.of(OWN)
            took.append(time.perf_counter() - began)
        assert limit.sts_calls == 1
        assert sorted(took)[990] < 0.001
        for record in ("r", "by-kms"):
            path = running.requests.RecordPath(tenant=OWN, record=record)
            store = running.container.of(OWN).store
            assert json.loads(running.record_reads.get_record(store, path).data) == {"of": OWN}


# --- branch keys and the change of the setting


def test_a_branch_keys_life_in_sessions(sessions: EmbeddedAws, branch_keys: Any) -> None:
    tenant = f"life-{uuid4()}"[:20]
    records = branch_keys.records(tenant)
    assert branch_keys.create(tenant).status == 201
    assert records.put("r", {"n": 1}).status == 201
    assert branch_keys.rotate(tenant).status == 201
    assert records.get("r").body == {"n": 1}
    assert tenant in {each["tenant"] for each in branch_keys.call("GET", "?limit=100").body["tenants"]}
    key = sessions.outputs["EnvelopeKeyArn"]
    assert branch_keys.move(tenant, to=key).status == 200
    assert len(branch_keys.describe(tenant).body["versions"]) == 2
    plant_by_kms(sessions, tenant, "outside", "x")
    assert branch_keys.shred(tenant).status == 409
    assert branch_keys.shred(tenant, delete_records="true").body["deleted_records"] == 1
    assert branch_keys.describe(tenant).body["state"] == "shredded"
    branch_keys.remove(tenant)


def test_what_is_due_is_rotated_in_a_session_of_each_tenant(
    sessions: EmbeddedAws, branch_keys: Any, aged: Callable[[str, int], None]
) -> None:
    tenants = [f"aged-{number}-{uuid4()}"[:20] for number in range(2)]
    for tenant in tenants:
        aged(tenant, 400)
    archive = Archive(sessions)
    sessions.forget_trail()
    summary = sessions.run_schedule(f"{PREFIX}-rotation")
    assert (summary["rotated"], summary["failures"], summary["complete"]) == (2, 0, True)
    used = {
        each["userIdentity"]["arn"].split("assumed-role/")[1]
        for each in archive.new()
        if each["eventName"] == "GenerateDataKeyWithoutPlaintext"
    }
    assert used == {f"{PREFIX}-tenant-admin-session/{tenant}" for tenant in tenants}
    assert all(len(branch_keys.describe(tenant).body["versions"]) == 2 for tenant in tenants)


def test_a_refused_session_says_whom_to_ask(sessions: EmbeddedAws, two_tenants: Any) -> None:
    iam, name = sessions.client("iam"), f"{PREFIX}-reader-session"
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(TRUSTS_ANOTHER))
    try:
        answer = two_tenants.records(f"refused-{uuid4()}"[:20]).get("r")
        assert (answer.status, answer.slug) == (503, "session-unavailable")
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def test_the_setting_changes_back_while_it_serves(sessions: EmbeddedAws, two_tenants: Any) -> None:
    change(
        sessions,
        two_tenants.records(OWN),
        {"tenant_sessions": False, "tenant_sessions_changing": True},
        {"tenant_sessions_changing": False},
    )
    assert two_tenants.records(OTHER).get("r").body == {"of": OTHER}
