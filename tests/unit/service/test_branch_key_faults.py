"""Outages behind branch keys: throttled, refused or out of reach; every answer says what is safe to do."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from envelope import KeyStoreError
from service.failures import problem_of

STORE_CALLS = {
    "GetItem": ("POST", "/branch-keys/acme/versions"),
    "Query": ("GET", "/branch-keys/acme"),
    "Scan": ("GET", "/branch-keys"),
    "TransactWriteItems": ("PUT", "/branch-keys/new"),
}
KMS_CALLS = {
    "GenerateDataKeyWithoutPlaintext": ("PUT", "/branch-keys/new"),
    "ReEncrypt": ("POST", "/branch-keys/acme/versions"),
}


@pytest.fixture
def stored(tenants: Any) -> Any:
    tenants.create("acme")
    tenants.put("acme", "p-1", {"name": "Ana"})
    tenants.forget()
    return tenants


def send(stored: Any, operation: str) -> Any:
    return stored.ask(*(STORE_CALLS | KMS_CALLS)[operation])


@pytest.mark.parametrize("operation", STORE_CALLS)
def test_a_throttled_key_store_is_429(stored: Any, faults_of: Any, operation: str) -> None:
    faults_of("admin", operation).answer(400, "ProvisionedThroughputExceededException")

    answer = send(stored, operation)

    assert (answer.status, answer.slug) == (429, "throttled")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("operation", STORE_CALLS)
@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_key_store_that_is_absent_or_refuses_is_a_problem_of_its_own(
    stored: Any, faults_of: Any, operation: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    faults_of("admin", operation).answer(400, code)

    answer = send(stored, operation)

    logged = capsys.readouterr().out
    assert (answer.status, answer.slug) == (503, "key-store-unavailable")
    assert f'"causes":["{code}"]' in logged
    assert "marker-in-message" not in logged + answer.text


@pytest.mark.parametrize("operation", STORE_CALLS)
def test_a_key_store_out_of_reach_is_503(stored: Any, faults_of: Any, operation: str) -> None:
    faults_of("admin", operation).unreachable()

    assert send(stored, operation).slug == "temporarily-unavailable"


@pytest.mark.parametrize("operation", KMS_CALLS)
@pytest.mark.parametrize(
    ("code", "slug"),
    [
        ("AccessDeniedException", "key-unavailable"),
        ("DisabledException", "key-unavailable"),
        ("ThrottlingException", "throttled"),
        ("KMSInternalException", "temporarily-unavailable"),
    ],
)
def test_kms_failures_change_nothing(
    stored: Any, faults_of: Any, operation: str, code: str, slug: str
) -> None:
    before = stored.key_store("acme")
    faults_of("admin", operation).answer(400, code)

    assert send(stored, operation).slug == slug
    assert stored.key_store("acme") == before
    assert stored.key_store("new") == {}


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("PUT", "/branch-keys/new", "branch-key-exists then means that it was"),
        ("POST", "/branch-keys/acme/versions", "one version more"),
    ],
)
def test_an_answer_that_is_lost_for_good_says_what_is_safe(
    stored: Any, faults_of: Any, method: str, path: str, says: str
) -> None:
    faults_of("admin", "TransactWriteItems").unreachable()

    answer = stored.ask(method, path)

    assert answer.status == 503
    assert says in answer.body["detail"]
    assert "Nothing was changed" not in answer.body["detail"]


def test_a_creation_whose_first_answer_was_lost_is_a_success(stored: Any, faults_of: Any) -> None:
    faults_of("admin", "TransactWriteItems").lose_answer()

    assert stored.ask("PUT", "/branch-keys/new").status == 201
    assert len(stored.key_store("new")) == 3


def test_a_shredding_that_is_cut_short_is_finished_by_the_same_request(stored: Any, faults_of: Any) -> None:
    fault = faults_of("admin", "TransactWriteItems")
    fault.lose_answer(times=99)

    cut = stored.shred("acme")
    fault.undo()
    again = stored.shred("acme")

    assert (cut.status, again.status) == (503, 200)
    assert "Send the same request again" in cut.body["detail"]
    assert set(stored.key_store("acme")) == {"shredded"}


def test_a_records_table_that_fails_while_counting_shreds_nothing(stored: Any) -> None:
    client = stored.admin._container.own.store.client

    def refuse(params: Any, **_: Any) -> None:
        if params["TableName"] == "unit-records":
            params["TableName"] = "absent"

    client.meta.events.register("provide-client-params.dynamodb.Query", refuse)
    answer = stored.shred("acme")
    client.meta.events.unregister("provide-client-params.dynamodb.Query", refuse)

    assert (answer.status, answer.slug) == (503, "table-unavailable")
    assert "branch:ACTIVE" in stored.key_store("acme")


@pytest.mark.parametrize("call", ["get", "list", "put"])
@pytest.mark.parametrize(
    ("status", "code", "slug"),
    [
        (400, "ProvisionedThroughputExceededException", "throttled"),
        (500, "InternalServerError", "temporarily-unavailable"),
        (400, "AccessDeniedException", "key-store-unavailable"),
        (400, "ResourceNotFoundException", "key-store-unavailable"),
    ],
)
def test_records_that_need_a_failing_key_store_say_so(
    stored: Any, call: str, status: int, code: str, slug: str, findings: Any
) -> None:
    failure = ClientError(
        {
            "Error": {"Code": code, "Message": "marker"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "GetItem",
    )
    function = stored.writer if call == "put" else stored.reader
    client = function._container.own.branch_keys._table._client

    def fail(params: Any, **_: Any) -> None:
        if params["TableName"] == "unit-key-store":
            raise failure

    client.meta.events.register("provide-client-params.dynamodb.GetItem", fail)
    answer = {
        "get": lambda: stored.get("acme", "p-1"),
        "list": lambda: stored.call("GET", "acme"),
        "put": lambda: stored.put("acme", "p-2", {}),
    }[call]()
    client.meta.events.unregister("provide-client-params.dynamodb.GetItem", fail)

    assert answer.slug == slug
    assert "marker" not in answer.text
    assert findings() == []
    assert stored.get("acme", "p-1").body == {"name": "Ana"}


@pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"])
@pytest.mark.parametrize("call", ["get", "list", "put"])
def test_a_branch_key_that_kms_refuses_is_no_integrity_failure(
    stored: Any, faults_of: Any, findings: Any, code: str, call: str
) -> None:
    faults_of("writer" if call == "put" else "reader", "Decrypt").answer(400, code)

    answer = {
        "get": lambda: stored.get("acme", "p-1"),
        "list": lambda: stored.call("GET", "acme"),
        "put": lambda: stored.put("acme", "p-2", {}),
    }[call]()

    assert (answer.status, answer.slug) == (503, "key-unavailable")
    assert findings() == []


def test_a_transaction_cancelled_by_throttling_is_429() -> None:
    def problem(reason: str) -> str:
        cancelled: Any = {
            "Error": {"Code": "TransactionCanceledException"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
            "CancellationReasons": [{"Code": "None"}, {"Code": reason}],
        }
        cause = ClientError(cancelled, "TransactWriteItems")
        return problem_of(KeyStoreError("the table failed", causes=[cause])).kind.slug

    assert problem("ProvisionedThroughputExceeded") == problem("ThrottlingError") == "throttled"
    assert problem("ValidationError") == "key-store-unavailable"


def test_an_error_that_nobody_foresaw_says_nothing_of_itself(
    stored: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("marker-in-message")

    monkeypatch.setattr(type(stored.admin._container.own.branch_keys), "describe", fail)

    answer = stored.ask("GET", "/branch-keys/acme")

    logged = capsys.readouterr()
    assert (answer.status, answer.slug) == (500, "internal-error")
    assert "marker" not in answer.text + logged.out + logged.err
    assert json.loads(logged.out.splitlines()[0])["error"] == "RuntimeError"
