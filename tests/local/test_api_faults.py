"""KMS and DynamoDB throttle, fail, hang and refuse: the caller is told in time, and writes are whole."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

ATTEMPTS = 3
FUNCTION_SECONDS = 28

CALLS = {
    "put": ("kms", "GenerateDataKey"),
    "put, at the table": ("dynamodb", "PutItem"),
    "delete": ("dynamodb", "DeleteItem"),
    "get": ("kms", "Decrypt"),
    "get, at the table": ("dynamodb", "GetItem"),
    "list": ("kms", "Decrypt"),
    "list, at the table": ("dynamodb", "Query"),
}


def send(api: Any, call: str) -> Any:
    match call.split(",", maxsplit=1)[0]:
        case "put":
            return api.put("p-1", {"n": 2})
        case "delete":
            return api.delete("p-1")
        case "get":
            return api.get("p-1")
        case _:
            return api.page()


def served(reply: Any) -> bool:
    return reply.status in (200, 201, 204)


def throttling(service: str) -> str:
    return "ThrottlingException" if service == "kms" else "ProvisionedThroughputExceededException"


def outage(service: str) -> str:
    return "KMSInternalException" if service == "kms" else "InternalServerError"


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest, api: Any) -> str:
    api.put("p-1", {"n": 1})
    return str(request.param)


def test_throttling_that_passes_is_not_noticed(api: Any, call: str) -> None:
    service, operation = CALLS[call]
    api.aws.fail_next(service, operation, code=throttling(service))

    assert served(send(api, call))


def test_throttling_that_lasts_is_429(api: Any, call: str) -> None:
    service, operation = CALLS[call]
    before = api.items()
    api.aws.fail_next(service, operation, code=throttling(service), times=ATTEMPTS)

    refused = send(api, call)

    assert (refused.status, refused.slug) == (429, "throttled")
    assert int(refused.headers["retry-after"]) >= 1
    assert api.items() == before
    assert served(send(api, call))


def test_an_outage_that_lasts_is_503(api: Any, call: str) -> None:
    service, operation = CALLS[call]
    before = api.items()
    api.aws.fail_next(service, operation, code=outage(service), times=ATTEMPTS)

    refused = send(api, call)

    assert (refused.status, refused.slug) == (503, "temporarily-unavailable")
    assert int(refused.headers["retry-after"]) >= 1
    assert api.items() == before
    assert served(send(api, call))


def test_connections_that_break_are_503(api: Any, call: str) -> None:
    service, operation = CALLS[call]
    before = api.items()
    api.aws.fail_next(service, operation, reset=True, times=ATTEMPTS)

    refused = send(api, call)

    assert (refused.status, refused.slug) == (503, "temporarily-unavailable")
    assert api.items() == before
    assert served(send(api, call))


@pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"])
def test_a_key_that_may_not_be_used_is_503(api: Any, code: str) -> None:
    api.put("p-1", {"n": 1})
    before = api.items()
    for call in ("put", "get", "list"):
        api.aws.fail_next("kms", CALLS[call][1], code=code)

        refused = send(api, call)

        assert (refused.status, refused.slug) == (503, "key-unavailable")
        assert int(refused.headers["retry-after"]) >= 1
    assert api.items() == before


def test_a_service_that_hangs_is_503_within_the_functions_time(api: Any) -> None:
    api.put("p-1", {"n": 1})
    before, calls = api.items(), ("put", "get, at the table")
    for call in calls:
        service, operation = CALLS[call]
        api.aws.fail_next(service, operation, delay=2.5, code=outage(service), times=ATTEMPTS)
    began = time.monotonic()

    # Both at once: each waits for its own service.
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda call: send(api, call), calls))

    assert time.monotonic() - began < FUNCTION_SECONDS
    for refused in answers:
        assert (refused.status, refused.slug) == (503, "temporarily-unavailable")
    api.aws.clear_faults()
    assert api.items() == before


def test_both_services_hanging_at_once_is_still_answered_in_time(api: Any) -> None:
    api.aws.fail_next("kms", "GenerateDataKey", delay=2.5, code="KMSInternalException", times=ATTEMPTS - 1)
    api.aws.fail_next("dynamodb", "PutItem", delay=2.5, code="InternalServerError", times=ATTEMPTS)
    began = time.monotonic()

    refused = api.put("p-1", {"n": 1})

    assert (refused.status, refused.slug) == (503, "temporarily-unavailable")
    assert time.monotonic() - began < FUNCTION_SECONDS
    assert "not known" in refused.body["detail"]
    assert api.items() == []


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": "*"}])
def test_a_put_that_was_made_although_its_answer_was_late_is_a_success(api: Any, headers: Any) -> None:
    api.aws.fail_next("dynamodb", "PutItem", delay=2.5)

    written = api.put("p-1", {"n": 1}, headers=headers)
    time.sleep(1.5)  # until the late attempt has been carried out as well

    found = api.get("p-1")
    assert served(written)
    assert (found.body, found.headers["etag"]) == ({"n": 1}, written.headers["etag"])


def test_a_put_whose_every_answer_is_late_is_there_wholly(api: Any) -> None:
    api.aws.fail_next("dynamodb", "PutItem", delay=3, times=ATTEMPTS)

    refused = api.put("p-1", {"a": 1, "b": {"c": [1, 2, 3]}})
    time.sleep(3.5)

    assert refused.status == 503
    assert "not known" in refused.body["detail"]
    assert api.get("p-1").body == {"a": 1, "b": {"c": [1, 2, 3]}}


def test_a_failed_replacement_leaves_the_old_record_wholly(api: Any) -> None:
    etag = api.put("p-1", {"a": 1, "b": 1}).headers["etag"]
    api.aws.fail_next("dynamodb", "PutItem", code="InternalServerError", times=ATTEMPTS)

    refused = api.put("p-1", {"a": 2}, headers={"If-Match": etag})

    assert refused.status == 503
    assert (api.get("p-1").body, api.get("p-1").headers["etag"]) == ({"a": 1, "b": 1}, etag)
