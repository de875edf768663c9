"""When a request is sent again, how long is waited, and when it is given up."""

import email.utils
import socket
import threading
import time
from typing import Any

import pytest

from client.problems import AbandonedError, ConflictError, NotFoundError, UnavailableError
from client.retries import RetryPolicy, retry_after_seconds

QUICK = RetryPolicy(first=0.002)


def statuses(server: Any) -> Any:
    return [request.method for request in server.requests]


@pytest.mark.parametrize("status", [429, 502, 503, 504, None])
def test_a_passing_failure_is_tried_again(server: Any, api_with: Any, plan: Any, status: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b'{"n":1}'
    server.planned.extend([plan(status), plan(status)])
    assert api_with(QUICK).get("acme", "r1").body == b'{"n":1}'
    assert statuses(server) == ["GET"] * 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 500])
def test_a_lasting_failure_is_not_tried_again(server: Any, api_with: Any, plan: Any, status: Any) -> None:
    server.planned.append(plan(status))
    with pytest.raises(Exception, match=f"status {status}"):
        api_with(QUICK).get("acme", "r1")
    assert len(server.requests) == 1


def test_each_attempt_is_signed_anew_and_sends_the_same_body(server: Any, api_with: Any, plan: Any) -> None:
    server.planned.extend([plan(503), plan(None)])
    api_with(QUICK).put("acme", "r1", body=b'{"n":1}')
    assert [request.body for request in server.requests] == [b'{"n":1}'] * 3
    assert server.records["acme", "r1"][1] == b'{"n":1}'


def test_attempts_are_bounded(server: Any, api_with: Any, plan: Any, problem_document: Any) -> None:
    server.planned.extend([plan(503, problem_document("unavailable", status=503))] * 20)
    with pytest.raises(UnavailableError, match=r"Detail\. \(Tried 4 times\.\)") as caught:
        api_with(RetryPolicy(attempts=4, first=0.001)).get("acme", "r1")
    assert len(server.requests) == 4
    assert caught.value.kind == "urn:sealed-records:problem:unavailable"
    assert caught.value.request_id == "req-1"


def test_an_endpoint_where_nobody_listens_is_unavailable(api_with: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UnavailableError, match="cannot connect to the endpoint; tried 3 times"):
        api_with(RetryPolicy(attempts=3, first=0.001), url=f"http://127.0.0.1:{port}").get("acme", "r1")


def test_no_answer_in_time_is_unavailable(server: Any, api_with: Any) -> None:
    server.hold.clear()
    with pytest.raises(UnavailableError, match=r"no answer in time \(--timeout\); tried 2 times"):
        api_with(RetryPolicy(attempts=2, first=0.001), timeout=0.1).get("acme", "r1")


def test_retry_after_is_waited(server: Any, api_with: Any, plan: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b"{}"
    server.planned.append(plan(429, headers={"Retry-After": "1"}))
    began = time.monotonic()
    api_with(QUICK).get("acme", "r1")
    assert 1.0 <= time.monotonic() - began < 5


def test_a_retry_after_beyond_patience_ends_the_attempts(server: Any, api_with: Any, plan: Any) -> None:
    server.planned.append(plan(503, headers={"Retry-After": "3600"}))
    with pytest.raises(UnavailableError, match="Tried once"):
        api_with(QUICK).get("acme", "r1")
    assert len(server.requests) == 1


def test_the_bound_of_a_wait_doubles_up_to_the_longest() -> None:
    policy = RetryPolicy(attempts=9, first=0.5, longest=6.0, draw=lambda bound: bound)
    assert [policy.wait_after(n) for n in range(1, 10)] == [0.5, 1.0, 2.0, 4.0, 6.0, 6.0, 6.0, 6.0, None]
    assert policy.wait_after(1, retry_after=3.0) == 3.5


def test_waits_are_spread_from_nothing_to_the_bound() -> None:
    policy = RetryPolicy(first=1.0)
    waits = [policy.wait_after(3) for _ in range(400)]
    assert 0 <= min(waits) < 0.4
    assert 3.6 < max(waits) <= 4.0


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, None), ("7", 7.0), (" 7 ", 7.0), ("soon", None), ("-1", None)]
)
def test_retry_after_is_read_as_seconds(value: Any, seconds: Any) -> None:
    assert retry_after_seconds(value) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    assert 8 < retry_after_seconds(email.utils.formatdate(time.time() + 10, usegmt=True)) <= 10
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_a_conflict_that_the_lost_first_attempt_may_have_made_says_so(
    server: Any, api_with: Any, plan: Any
) -> None:
    server.planned.append(plan(None, after_work=True))
    with pytest.raises(ConflictError, match="may have done this itself: read the record"):
        api_with(QUICK).put("acme", "r1", body=b"{}", if_none_match=True)


def test_a_conflict_without_a_doubtful_attempt_does_not_say_so(server: Any, api_with: Any, plan: Any) -> None:
    server.records["acme", "r1"] = "a" * 32, b"{}"
    server.planned.append(plan(429))
    with pytest.raises(ConflictError) as caught:
        api_with(QUICK).put("acme", "r1", body=b"{}", if_none_match=True)
    assert "may have" not in str(caught.value)


def test_a_delete_whose_first_answer_was_lost_counts_as_deleted(
    server: Any, api_with: Any, plan: Any
) -> None:
    server.records["acme", "r1"] = "a" * 32, b"{}"
    server.planned.append(plan(None, after_work=True))
    assert api_with(QUICK).delete("acme", "r1").status == 404
    server.planned.append(plan(429))
    with pytest.raises(NotFoundError):
        api_with(QUICK).delete("acme", "r1")


def test_stopping_ends_a_wait_at_once(server: Any, api_with: Any, plan: Any) -> None:
    server.planned.extend([plan(503)] * 10)
    api = api_with(RetryPolicy(first=15.0, draw=lambda bound: bound))
    threading.Timer(0.2, api.abandon).start()
    began = time.monotonic()
    with pytest.raises(AbandonedError):
        api.get("acme", "r1")
    assert time.monotonic() - began < 5
    assert len(server.requests) == 1
