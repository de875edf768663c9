"""The front: only what is correctly signed reaches a function; everything else gets API Gateway's answer."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from tests.local.names import PREFIX


@pytest.fixture
def get(aws: EmbeddedAws, probe: Any, sign: Any, acme: Credentials) -> Any:
    """A signed GET of the probe; arguments change how it is signed."""

    def signed(path: str = "/probe/echo", **changes: Any) -> Any:
        return sign(
            probe.front.url,
            changes.pop("method", "GET"),
            path,
            **{"key": acme, "region": aws.region, **changes},
        )

    return signed


def refused(answer: Any) -> str:
    """The message of a refusal, after checking that it is one."""
    assert answer.status == 403
    return str(json.loads(answer.body)["message"])


def test_a_signed_request_reaches_the_function(probe: Any, get: Any, send: Any) -> None:
    answer = send(probe.front.url, get())
    assert answer.status == 200
    identity = json.loads(answer.body)["event"]["requestContext"]["identity"]
    assert identity["userArn"] == f"arn:aws:iam::{ACCOUNT}:user/acme-caller"


def test_an_unsigned_request_is_refused(probe: Any, get: Any, send: Any) -> None:
    request = get()
    del request.headers["Authorization"]
    assert refused(send(probe.front.url, request)) == "Missing Authentication Token"


def test_another_signature_is_refused(probe: Any, get: Any, send: Any) -> None:
    request = get()
    flipped = request.headers["Authorization"][:-1] + (
        "0" if request.headers["Authorization"][-1] != "0" else "1"
    )
    request.headers["Authorization"] = flipped
    assert "does not match the signature you provided" in refused(send(probe.front.url, request))


def test_another_secret_is_refused(
    aws: EmbeddedAws, probe: Any, get: Any, send: Any, acme: Credentials
) -> None:
    forged = Credentials(acme.access_key, aws.credentials("globex").secret_key)
    assert "does not match" in refused(send(probe.front.url, get(key=forged)))


def test_an_unknown_key_is_refused(probe: Any, get: Any, send: Any) -> None:
    unknown = Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    assert "security token" in refused(send(probe.front.url, get(key=unknown)))


def test_the_deployers_credentials_are_no_way_in(probe: Any, get: Any, send: Any) -> None:
    assert "security token" in refused(send(probe.front.url, get(key=Credentials("embedded", "embedded"))))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_refused(probe: Any, get: Any, send: Any, minutes: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    assert refused(send(probe.front.url, get(at=at))).startswith("Signature ")


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_may_differ_by_less_than_five_minutes(probe: Any, get: Any, send: Any, minutes: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    assert send(probe.front.url, get(at=at)).status == 200


def test_a_body_changed_on_the_way_is_refused(probe: Any, get: Any, send: Any) -> None:
    request = get(method="PUT", body=b'{"amount": 1}')
    assert "does not match" in refused(send(probe.front.url, replace(request, body=b'{"amount": 9}')))


def test_a_stated_hash_of_another_body_is_refused(probe: Any, get: Any, send: Any) -> None:
    request = get(method="PUT", body=b"{}", headers={"X-Amz-Content-SHA256": "0" * 64})
    assert "x-amz-content-sha256" in refused(send(probe.front.url, request))


@pytest.mark.parametrize("changed", ["/probe/other", "/probe/echo?limit=1"])
def test_a_path_or_query_changed_on_the_way_is_refused(probe: Any, get: Any, send: Any, changed: str) -> None:
    assert "does not match" in refused(send(probe.front.url, replace(get(), path=changed)))


def test_a_method_changed_on_the_way_is_refused(probe: Any, get: Any, send: Any) -> None:
    assert "does not match" in refused(send(probe.front.url, replace(get(), method="DELETE")))


def test_an_amz_header_added_on_the_way_is_refused(probe: Any, get: Any, send: Any) -> None:
    request = get()
    request.headers["X-Amz-Meta"] = "added"
    assert "x-amz-meta" in refused(send(probe.front.url, request))


@pytest.mark.parametrize("scope", [{"region": "us-west-2"}, {"service": "dynamodb"}])
def test_a_signature_for_another_place_is_refused(
    probe: Any, get: Any, send: Any, scope: dict[str, str]
) -> None:
    assert "Credential should be scoped" in refused(send(probe.front.url, get(**scope)))


def test_a_session_is_taken_with_its_token_only(aws: EmbeddedAws, probe: Any, get: Any, send: Any) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-writer"
    session = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    key = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    answer = send(probe.front.url, get(key=key))
    assert answer.status == 200
    arn = json.loads(answer.body)["event"]["requestContext"]["identity"]["userArn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/{PREFIX}-writer/test"
    without = Credentials(key.access_key, key.secret_key)
    assert "security token" in refused(send(probe.front.url, get(key=without)))
    another = Credentials(key.access_key, key.secret_key, "another")
    assert "security token" in refused(send(probe.front.url, get(key=another)))


def test_a_deactivated_key_is_refused(aws: EmbeddedAws, probe: Any, get: Any, send: Any) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="leaver")
    made = iam.create_access_key(UserName="leaver")["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    assert send(probe.front.url, get(key=key)).status == 200
    iam.update_access_key(UserName="leaver", AccessKeyId=key.access_key, Status="Inactive")
    assert "security token" in refused(send(probe.front.url, get(key=key)))
    iam.delete_access_key(UserName="leaver", AccessKeyId=key.access_key)
    iam.delete_user(UserName="leaver")


@pytest.mark.parametrize("path", ["/nothing", "/probe", "/probe/a/b", "/probe/", "/"])
def test_a_path_that_is_not_deployed_is_refused_as_api_gateway_does(
    probe: Any, get: Any, send: Any, path: str
) -> None:
    assert refused(send(probe.front.url, get(path))) == "Missing Authentication Token"


def test_another_stage_is_forbidden(probe: Any, get: Any, send: Any) -> None:
    elsewhere = probe.front.url.removesuffix("v1") + "v2"
    assert refused(send(elsewhere, get())) == "Forbidden"


def test_a_body_over_ten_megabytes_is_too_large(probe: Any, get: Any, send: Any) -> None:
    answer = send(probe.front.url, get(method="PUT", body=bytes(10 * 1024 * 1024 + 1)))
    assert (answer.status, json.loads(answer.body)) == (413, {"message": "Request Too Long"})


def test_the_event_has_the_path_as_sent_and_the_parameters_decoded(probe: Any, get: Any, send: Any) -> None:
    answer = send(probe.front.url, get("/probe/a%2Fb%20c?x=1&x=%C3%A9&y="))
    event = json.loads(answer.body)["event"]
    assert event["path"] == "/probe/a%2Fb%20c"
    assert event["pathParameters"] == {"what": "a/b c"}
    assert event["queryStringParameters"] == {"x": "é", "y": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "é"], "y": [""]}
    assert event["resource"] == "/probe/{what}"
    assert event["isBase64Encoded"] is False


def test_the_function_sees_neither_signature_nor_token(probe: Any, get: Any, send: Any) -> None:
    event = json.loads(send(probe.front.url, get()).body)["event"]
    names = {name.lower() for name in event["headers"]}
    assert "x-amz-date" in names
    assert not names & {"authorization", "x-amz-security-token"}


def test_headers_of_the_function_reach_the_client(probe: Any, get: Any, send: Any) -> None:
    answer = send(probe.front.url, get())
    assert answer.headers["x-one"] == "1"
    assert answer.headers["x-two"] == "b"
    assert answer.headers["content-type"] == "application/json"


def test_refusals_of_the_deployed_api_are_problem_documents(
    aws: EmbeddedAws, send: Any, sign: Any, acme: Any
) -> None:
    request = sign(aws.api_url, "GET", "/tenants/acme/records", key=acme, region=aws.region)
    del request.headers["Authorization"]
    answer = send(aws.api_url, request)
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert problem["status"] == 403
    assert problem["request_id"] == answer.headers["x-amzn-requestid"]
