"""The deployed API refuses whom its policies and IAM's do not let in, before a function has a look."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials

from local.embedded import EmbeddedAws
from tests.local.actors import Actor, Actors, allow

VERBS = ("GET", "PUT", "DELETE")
NOT_ALLOWED = (403, "access-denied")


@pytest.fixture(scope="module")
def callers(aws: EmbeddedAws) -> dict[str, Actor]:
    """People with the deployed policies, and what makes each of them special."""
    actors, iam = Actors(aws), aws.client("iam")

    def with_policies(name: str, *outputs: str, tags: dict[str, str]) -> Actor:
        made = actors.user(name, tags=tags)
        for output in outputs:
            iam.attach_user_policy(UserName=name, PolicyArn=aws.outputs[output])
        return made

    both = ("RecordsReadPolicyArn", "RecordsWritePolicyArn")
    return {
        "read only": with_policies("read-only", both[0], tags={"tenant": "acme"}),
        "write only": with_policies("write-only", both[1], tags={"tenant": "acme"}),
        "without a tenant": with_policies("without-a-tenant", *both, tags={}),
        "tenant *": with_policies("tenant-star", *both, tags={"tenant": "*"}),
        "tenant ac*": with_policies("tenant-ac-star", *both, tags={"tenant": "ac*"}),
        "tenant of another tag": with_policies("other-tag", *both, tags={"customer": "acme"}),
        "administrator of records": actors.user("records-administrator", allow("dynamodb:*", "kms:*")),
        "root of another account": actors.root("999999999999"),
    }


@pytest.fixture
def tried(api: Any) -> Any:
    """Ask as somebody; return status and the problem's name."""

    def ask(key: Credentials, method: str, path: str) -> tuple[int, str]:
        body = b'{"n": 1}' if method in ("PUT", "POST") else b""
        headers = {"Content-Type": "application/json"} if body else {}
        reply = replace(api, key=key).send_raw(method, path, body=body, headers=headers)
        return reply.status, reply.slug if reply.status >= 400 else ""

    return ask


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "path",
    [
        "/tenants/globex/records/r-1",
        "/tenants/acme-2/records/r-1",
        "/tenants/acmes/records/r-1",
        "/tenants/acm/records/r-1",
        "/tenants/ACME/records/r-1",
        "/tenants/acme%2F..%2Fglobex/records/r-1",
        "/tenants/globex%2F..%2Facme/records/r-1",
        "/tenants/acme%2Frecords/records/r-1",
        "/tenants/%2E%2E/records/r-1",
        "/tenants/*/records/r-1",
        "/tenants/%67lobex/records/r-1",
        "/tenants/acme%20/records/r-1",
    ],
)
def test_a_tenants_caller_has_no_other_tenants_paths(
    tried: Any, acme: Credentials, verb: str, path: str
) -> None:
    assert tried(acme, verb, path) == NOT_ALLOWED


@pytest.mark.parametrize("tenant", ["globex", "acme-2", "acmes"])
def test_a_tenants_caller_lists_no_other_tenant(tried: Any, acme: Credentials, tenant: str) -> None:
    assert tried(acme, "GET", f"/tenants/{tenant}/records") == NOT_ALLOWED


BRANCH_KEYS = [
    ("GET", "/branch-keys"),
    ("GET", "/branch-keys/acme"),
    ("PUT", "/branch-keys/acme"),
    ("DELETE", "/branch-keys/acme?confirm=acme"),
    ("POST", "/branch-keys/acme/versions"),
    ("POST", "/branch-keys/acme/moves"),
]


@pytest.mark.parametrize(("verb", "path"), BRANCH_KEYS)
def test_a_tenants_caller_has_no_branch_keys(tried: Any, acme: Credentials, verb: str, path: str) -> None:
    assert tried(acme, verb, path) == NOT_ALLOWED


@pytest.mark.parametrize("verb", VERBS)
def test_the_operator_of_branch_keys_has_no_records(tried: Any, branch_keys: Any, verb: str) -> None:
    assert tried(branch_keys.key, verb, "/tenants/acme/records/r-1") == NOT_ALLOWED


@pytest.mark.parametrize(
    ("who", "verbs"),
    [
        ("read only", ("PUT", "DELETE")),
        ("write only", ("GET",)),
        ("without a tenant", VERBS),
        ("tenant *", VERBS),
        ("tenant ac*", VERBS),
        ("tenant of another tag", VERBS),
        ("administrator of records", VERBS),
        ("root of another account", VERBS),
    ],
)
def test_who_lacks_the_verb_or_the_tenant_is_refused(
    tried: Any, callers: dict[str, Actor], who: str, verbs: tuple[str, ...]
) -> None:
    for verb in verbs:
        assert tried(callers[who].key, verb, "/tenants/acme/records/r-1") == NOT_ALLOWED


def test_who_has_them_is_let_in(tried: Any, callers: dict[str, Actor]) -> None:
    assert tried(callers["write only"].key, "PUT", "/tenants/acme/records/r-1") == (201, "")
    assert tried(callers["read only"].key, "GET", "/tenants/acme/records/r-1") == (200, "")
    assert tried(callers["write only"].key, "DELETE", "/tenants/acme/records/r-1") == (204, "")


def test_a_refusal_says_who_may_not_do_what(aws: EmbeddedAws, api: Any) -> None:
    before = len(aws.enforcement.refused())
    refused = api.send_raw("GET", "/tenants/globex/records/r-1")
    assert refused.status == 403
    [judged] = aws.enforcement.refused()[before:]
    assert judged.ask.action == "execute-api:Invoke"
    assert judged.ask.resource.endswith("/v1/GET/tenants/globex/records/r-1")
    assert judged.decision.outcome == "implicitly denied"


@pytest.fixture
def signed(aws: EmbeddedAws, sign: Any, acme: Credentials) -> Any:
    def make(**changes: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        given = {"key": acme, "region": aws.region, "body": b'{"n": 1}', "headers": headers, **changes}
        return sign(aws.api_url, "PUT", "/tenants/acme/records/replayed", **given)

    return make


def refused_as(answer: Any) -> str:
    assert answer.status == 403
    return str(json.loads(answer.body)["type"]).rpartition(":")[2]


def test_what_is_not_signed_as_it_should_be_is_refused(
    aws: EmbeddedAws, api: Any, signed: Any, send: Any
) -> None:
    now, url = datetime.now(UTC), aws.api_url
    unsigned = signed()
    del unsigned.headers["Authorization"]
    assert refused_as(send(url, unsigned)) == "not-signed"
    for attempt in (
        signed(at=now - timedelta(minutes=6)),
        signed(at=now + timedelta(minutes=6)),
        signed(region="us-east-1"),
        signed(service="dynamodb"),
        replace(signed(), body=b'{"n": 2}'),
        replace(signed(), path="/tenants/globex/records/replayed"),
        replace(signed(), method="DELETE"),
    ):
        assert refused_as(send(url, attempt)) == "invalid-signature"
    assert api.get("replayed").status == 404
    assert send(url, signed()).status == 201
