"""Whatever the policies: adding a Deny never allows more, and neither does removing an Allow."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local.policy import Consent, Policies, Request, decide
from tests.unit.policy.cases import (
    ACCOUNT,
    ANYONE,
    OTHER_ACCOUNT,
    Document,
    policy,
    role_arn,
    root,
    service,
    session,
    session_arn,
    user,
)

KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/k"
PRINCIPALS = [
    session(),
    session(tenant="acme"),
    session("other"),
    session(account=OTHER_ACCOUNT),
    user(),
    root(),
    root(OTHER_ACCOUNT),
    service("logs.amazonaws.com"),
    ANYONE,
]
NAMES: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": ACCOUNT},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    {"AWS": [role_arn(), f"arn:aws:iam::{OTHER_ACCOUNT}:root"]},
    {"AWS": session_arn()},
    {"Service": "logs.amazonaws.com"},
]
CONDITIONS: list[Any] = [
    {},
    {"StringEquals": {"kms:EncryptionContext:tenant": "acme"}},
    {"StringNotEquals": {"kms:EncryptionContext:tenant": "acme"}},
    {"StringEquals": {"kms:EncryptionContext:tenant": "${aws:PrincipalTag/tenant}"}},
    {"StringLikeIfExists": {"kms:EncryptionContext:tenant": "a*"}},
    {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["tenant"]}},
    {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": ["tenant"]}},
    {"Null": {"kms:EncryptionContextKeys": "true"}},
    {"Bool": {"aws:PrincipalIsAWSService": "true"}},
]


def elements(first: str, values: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.sampled_from([first, f"Not{first}"]), st.sampled_from(values)).map(
        lambda pair: {pair[0]: pair[1]}
    )


def statements(effects: list[str], *, of_resource: bool) -> st.SearchStrategy[Document]:
    parts = [
        elements("Action", ["*", "kms:*", "kms:Decrypt", "s3:*"]),
        elements("Resource", ["*", KEY, f"arn:aws:kms:*:{ACCOUNT}:key/*", "arn:aws:s3:::other"]),
        st.sampled_from(CONDITIONS).map(lambda condition: {"Condition": condition}),
        st.sampled_from(effects).map(lambda effect: {"Effect": effect}),
    ]
    if of_resource:
        parts.append(elements("Principal", NAMES))
    return st.tuples(*parts).map(
        lambda found: {name: value for part in found for name, value in part.items()}
    )


PLACES = ("identity", "boundary", "session", "resource")
Given = dict[str, list[Document] | None]


def documents() -> st.SearchStrategy[Given]:
    def of(place: str) -> st.SearchStrategy[Any]:
        lists = st.lists(statements(["Allow", "Allow", "Deny"], of_resource=place == "resource"), max_size=3)
        return lists if place == "identity" else st.none() | lists

    return st.fixed_dictionaries({place: of(place) for place in PLACES})


def requests() -> st.SearchStrategy[Request]:
    contexts: list[dict[str, Any]] = [
        {},
        {"kms:EncryptionContext:tenant": "acme", "kms:EncryptionContextKeys": ["tenant"]},
        {"kms:EncryptionContext:tenant": "globex", "kms:EncryptionContextKeys": ["tenant", "more"]},
    ]
    return st.builds(
        lambda principal, context: Request(
            principal=principal, action="kms:Decrypt", resource=KEY, account=ACCOUNT, context=context
        ),
        st.sampled_from(PRINCIPALS),
        st.sampled_from(contexts),
    )


def allowed(request: Request, given_: Given, consent: Consent) -> bool:
    made = {place: None if found is None else policy(*found, name=place) for place, found in given_.items()}
    identity = made["identity"]
    policies = Policies(
        identity=() if identity is None else (identity,),
        boundary=made["boundary"],
        session=None if made["session"] is None else (made["session"],),
        resource=made["resource"],
    )
    return decide(request, policies, consent=consent).allowed


CONSENTS = st.sampled_from(["either", "resource"])


@settings(max_examples=600, deadline=None)
@given(requests(), documents(), CONSENTS, st.sampled_from(PLACES), st.data())
def test_adding_a_deny_never_allows_more(
    request: Request, policies: Given, consent: Consent, place: str, data: st.DataObject
) -> None:
    more = data.draw(statements(["Deny"], of_resource=place == "resource"))
    denied = {**policies, place: [*(policies[place] or []), more]}
    if policies[place] is None:
        denied[place] = None if place in ("boundary", "session") else [more]
    assert allowed(request, policies, consent) or not allowed(request, denied, consent)


@settings(max_examples=600, deadline=None)
@given(requests(), documents(), CONSENTS, st.sampled_from(PLACES), st.data())
def test_removing_an_allow_never_allows_more(
    request: Request, policies: Given, consent: Consent, place: str, data: st.DataObject
) -> None:
    allows = [each for each in policies[place] or [] if each["Effect"] == "Allow"]
    if not allows:
        return
    gone = data.draw(st.sampled_from(allows))
    rest: Given = {**policies, place: [each for each in policies[place] or [] if each is not gone]}
    assert allowed(request, policies, consent) or not allowed(request, rest, consent)


@settings(max_examples=500, deadline=None)
@given(requests(), documents(), CONSENTS)
def test_without_any_allow_only_root_is_let_through(
    request: Request, policies: Given, consent: Consent
) -> None:
    none: Given = {
        place: None if found is None else [each for each in found if each["Effect"] == "Deny"]
        for place, found in policies.items()
    }
    if request.principal.kind != "root" or consent == "resource":
        assert not allowed(request, none, consent)
