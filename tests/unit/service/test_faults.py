"""Throttling and outages: the SDK retries, the caller is told, and a write is there wholly or not at all."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from service import time_limit
from service.failures import problem_of

REQUESTS = {
    "GenerateDataKey": ("PUT", "new"),
    "PutItem": ("PUT", "new"),
    "DeleteItem": ("DELETE", "p-1"),
    "GetItem": ("GET", "p-1"),
    "Decrypt": ("GET", "p-1"),
    "Query": ("GET", None),
}


@pytest.fixture(params=REQUESTS)
def operation(request: pytest.FixtureRequest, service: Any) -> Any:
    service.put("acme", "p-1", {"n": 1})
    return request.param


def send(service: Any, operation: str, **details: Any) -> Any:
    method, record = REQUESTS[operation]
    return service.call(method, "acme", record, body='{"n":2}' if method == "PUT" else None, **details)


def throttling_code(operation: str) -> Any:
    return (
        "ThrottlingException"
        if operation in ("GenerateDataKey", "Decrypt")
        else "ProvisionedThroughputExceededException"
    )


def test_throttling_that_lasts_is_429_with_retry_after(service: Any, faults: Any, operation: str) -> None:
    fault = faults(operation)
    fault.answer(400, throttling_code(operation))
    before = service.items()

    answer = send(service, operation)

    assert (answer.status, answer.slug) == (429, "throttled")
    assert int(answer.headers["Retry-After"]) > 0
    assert fault.attempts == time_limit.MAX_ATTEMPTS
    assert service.items() == before


@pytest.mark.parametrize("status", [500, 503])
def test_an_outage_that_lasts_is_503_with_retry_after(
    service: Any, faults: Any, operation: str, status: Any
) -> None:
    fault = faults(operation)
    fault.answer(status, "InternalServerError")
    before = service.items()

    answer = send(service, operation)

    assert (answer.status, answer.slug) == (503, "temporarily-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert fault.attempts == time_limit.MAX_ATTEMPTS
    assert service.items() == before


def test_a_service_out_of_reach_is_503_with_retry_after(service: Any, faults: Any, operation: str) -> None:
    fault = faults(operation)
    fault.unreachable()

    answer = send(service, operation)

    assert (answer.status, answer.slug, answer.headers["Retry-After"]) == (
        503,
        "temporarily-unavailable",
        "5",
    )
    assert ("not known" in answer.body["detail"]) == (operation in ("PutItem", "DeleteItem"))


def test_a_fault_that_passes_is_not_seen(service: Any, faults: Any, operation: str) -> None:
    faults(operation).answer(500, "InternalServerError", times=2)

    assert send(service, operation).status in (200, 201, 204)


@pytest.mark.parametrize("operation", ["GenerateDataKey", "Decrypt"], indirect=True)
@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException", "NotFoundException"]
)
def test_a_key_that_kms_refuses_is_a_problem_of_its_own(
    service: Any, faults: Any, operation: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = faults(operation)
    fault.answer(400, code)

    answer = send(service, operation)

    assert (answer.status, answer.slug) == (503, "key-unavailable")
    assert fault.attempts == 1
    logged = capsys.readouterr().out
    assert f'"causes":["{code}"]' in logged
    assert "marker-in-message" not in logged + answer.text


@pytest.mark.parametrize("operation", ["PutItem", "DeleteItem", "GetItem", "Query"], indirect=True)
def test_a_table_that_dynamodb_refuses_is_a_problem_of_its_own(
    service: Any, faults: Any, operation: str
) -> None:
    faults(operation).answer(400, "AccessDeniedException")

    assert send(service, operation).slug == "table-unavailable"


def test_dynamodb_has_the_last_word_on_an_items_size(service: Any, faults: Any) -> None:
    fault = faults("PutItem")
    fault.answer(400, "ValidationException")
    unlike = service.put("acme", "big", {"n": 1})
    assert unlike.slug == "table-unavailable"

    refusal = {
        "Error": {"Code": "ValidationException", "Message": "Item size has exceeded the maximum allowed size"}
    }
    assert problem_of(ClientError(refusal, "PutItem")).kind.slug == "record-too-large"


def test_no_attempt_is_begun_that_could_outlast_the_request(
    service: Any, faults: Any, operation: str, make_context: Any
) -> None:
    fault = faults(operation)
    fault.unreachable(times=0)

    answer = send(service, operation, context=make_context(3_000))

    assert (answer.status, answer.slug) == (503, "temporarily-unavailable")


def test_an_unconditional_put_whose_answer_was_lost_is_a_success(service: Any, faults: Any) -> None:
    faults("PutItem").lose_answer()

    answer = service.put("acme", "new", {"n": 1})

    # Whether the lost attempt created or replaced cannot be known: 200 promises less.
    assert answer.status == 200
    assert service.get("acme", "new").headers["ETag"] == answer.headers["ETag"]


def test_a_create_whose_answer_was_lost_is_a_success(service: Any, faults: Any) -> None:
    fault = faults("PutItem")
    fault.lose_answer()

    answer = service.put("acme", "new", {"n": 1}, headers={"If-None-Match": "*"})

    assert (answer.status, fault.attempts) == (201, 2)
    assert service.get("acme", "new").headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("star", [False, True])
def test_a_replacement_whose_answer_was_lost_is_a_success(service: Any, faults: Any, star: Any) -> None:
    first = service.put("acme", "p-1", {"n": 1})
    faults("PutItem").lose_answer()

    answer = service.put(
        "acme", "p-1", {"n": 2}, headers={"If-Match": "*" if star else first.headers["ETag"]}
    )

    assert answer.status == 200
    assert service.get("acme", "p-1").body == {"n": 2}
    assert service.get("acme", "p-1").headers["ETag"] == answer.headers["ETag"]


def test_a_repeated_create_over_anothers_record_is_refused(service: Any, faults: Any) -> None:
    service.put("acme", "p-1", {"n": 1})
    faults("PutItem").lose_answer()

    answer = service.put("acme", "p-1", {"n": 2}, headers={"If-None-Match": "*"})

    assert (answer.status, answer.slug) == (409, "record-exists")
    assert service.get("acme", "p-1").body == {"n": 1}


@pytest.mark.parametrize("conditional", [False, True])
def test_a_deletion_whose_answer_was_lost_is_a_success(service: Any, faults: Any, conditional: Any) -> None:
    first = service.put("acme", "p-1", {"n": 1})
    faults("DeleteItem").lose_answer()

    answer = service.call(
        "DELETE", "acme", "p-1", headers={"If-Match": first.headers["ETag"]} if conditional else {}
    )

    assert answer.status == 204
    assert service.items() == []


def test_a_write_whose_every_answer_is_lost_is_there_wholly(service: Any, faults: Any) -> None:
    faults("PutItem").lose_answer(times=99)

    answer = service.put("acme", "new", {"n": 1}, headers={"If-None-Match": "*"})

    assert answer.status == 503
    assert "not known" in answer.body["detail"]
    assert service.get("acme", "new").body == {"n": 1}


def test_kms_calls_are_counted_with_their_retries(
    service: Any, faults: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    faults("GenerateDataKey").answer(500, "KMSInternalException", times=2)

    service.put("acme", "new", {"n": 1})

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kms_calls"] for line in lines if "kms_calls" in line] == [3]
    assert [line["KmsCalls"] for line in lines if "KmsCalls" in line] == [[3.0]]


def test_an_error_that_nobody_foresaw_says_nothing_of_itself(
    service: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("marker-in-message")

    monkeypatch.setattr(service.writer, "put_record", fail)

    answer = service.put("acme", "new", {"marker-name": "marker-value"})

    logged = capsys.readouterr()
    assert (answer.status, answer.slug) == (500, "internal-error")
    assert "marker" not in answer.text + logged.out + logged.err
    line = json.loads(logged.out.splitlines()[0])
    assert (line["level"], line["error"]) == ("ERROR", "RuntimeError")
    assert any(frame.startswith("put (writer.py:") for frame in line["frames"])


def test_even_an_event_that_is_none_is_answered(
    service: Any, make_context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = service.writer.handler({"marker": "marker"}, make_context(28_000))

    assert answer["statusCode"] == 404
    assert "marker" not in json.dumps(answer) + capsys.readouterr().out


def test_an_event_of_another_form_is_answered(
    service: Any, make_context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = {"resource": "/tenants/{tenant}/records/{record}", "httpMethod": "PUT"}
    event = {**path, "pathParameters": {"tenant": ["marker"]}}

    answer = service.writer.handler(event, make_context(28_000))

    assert answer["statusCode"] == 500
    assert "marker" not in json.dumps(answer) + capsys.readouterr().out
