"""The matcher of EventBridge's patterns: each operator with what it matches and what it nearly does."""

from typing import Any

import pytest

from local.event_pattern import EventPatternError, check, matches

KEY = "arn:aws:kms:eu-central-1:111122223333:key/0000"
EVENT: dict[str, Any] = {
    "source": "aws.kms",
    "detail-type": "AWS API Call via CloudTrail",
    "account": "111122223333",
    "resources": [],
    "detail": {
        "eventName": "DisableKey",
        "eventVersion": "1.11",
        "readOnly": False,
        "errorCode": None,
        "count": 300,
        "sourceIPAddress": "192.0.2.17",
        "requestParameters": {"keyId": KEY, "tags": ["red", "blue"]},
        "resources": [
            {"ARN": KEY, "type": "AWS::KMS::Key"},
            {"ARN": "arn:aws:kms:eu-central-1:111122223333:alias/other", "type": "AWS::KMS::Alias"},
        ],
    },
}


def detail(**fields: Any) -> dict[str, Any]:
    return {"detail": fields}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.kms"]},
        {"source": ["aws.s3", "aws.kms"], "detail": {"eventName": ["DisableKey"]}},
        detail(readOnly=[False]),
        detail(errorCode=[None]),
        detail(count=[300.0]),
        detail(requestParameters={"tags": ["blue", "green"]}),
        detail(eventName=[{"prefix": "Disable"}]),
        detail(eventName=[{"prefix": {"equals-ignore-case": "dISABLE"}}]),
        detail(eventName=[{"suffix": "Key"}]),
        detail(eventName=[{"suffix": {"equals-ignore-case": "KEY"}}]),
        detail(eventName=[{"equals-ignore-case": "disablekey"}]),
        detail(eventName=[{"wildcard": "*able*"}]),
        detail(requestParameters={"keyId": [{"wildcard": "arn:*:kms:*:key/*"}]}),
        detail(eventName=[{"anything-but": "EnableKey"}]),
        detail(eventName=[{"anything-but": ["EnableKey", "Decrypt"]}]),
        detail(eventName=[{"anything-but": {"prefix": "Enable"}}]),
        detail(eventName=[{"anything-but": {"prefix": ["Enable", "Create"]}}]),
        detail(eventName=[{"anything-but": {"suffix": "Alias"}}]),
        detail(eventName=[{"anything-but": {"equals-ignore-case": ["enablekey"]}}]),
        detail(eventName=[{"anything-but": {"wildcard": "*Alias*"}}]),
        detail(requestParameters={"tags": [{"anything-but": "red"}]}),
        detail(count=[{"anything-but": [1, 2]}]),
        detail(count=[{"numeric": ["=", 300]}]),
        detail(count=[{"numeric": [">", 0, "<=", 300]}]),
        detail(sourceIPAddress=[{"cidr": "192.0.2.0/24"}]),
        detail(eventName=[{"exists": True}]),
        detail(errorCode=[{"exists": True}]),
        detail(errorMessage=[{"exists": False}]),
        detail(eventName=[{"exists": False}, "DisableKey"]),
        {"resources": [{"exists": False}]},
        detail(resources={"ARN": [KEY]}),
        detail(resources={"ARN": [KEY], "type": ["AWS::KMS::Key"]}),
        detail(**{"$or": [{"eventName": ["Decrypt"]}, {"readOnly": [False]}]}),
        detail(eventName=["DisableKey"], **{"$or": [{"count": [1]}, {"resources": {"ARN": [KEY]}}]}),
    ],
)
def test_a_pattern_matches(pattern: dict[str, Any]) -> None:
    assert matches(pattern, EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["AWS.KMS"]},
        {"source": ["aws.kms"], "detail": {"eventName": ["EnableKey"]}},
        {"detail": {"DetailType": ["anything"]}},
        detail(readOnly=["false"]),
        detail(readOnly=[0]),
        detail(count=["300"]),
        detail(errorCode=["null"]),
        detail(requestParameters={"tags": ["green"]}),
        detail(eventName=[{"prefix": "disable"}]),
        detail(count=[{"prefix": "3"}]),
        detail(eventName=[{"suffix": "key"}]),
        detail(eventName=[{"equals-ignore-case": "disablekeys"}]),
        detail(eventName=[{"wildcard": "able"}]),
        detail(eventName=[{"wildcard": "Disable\\*"}]),
        detail(eventName=[{"anything-but": "DisableKey"}]),
        detail(eventName=[{"anything-but": ["DisableKey", "Decrypt"]}]),
        detail(eventName=[{"anything-but": {"prefix": ["Disable", "Enable"]}}]),
        detail(eventName=[{"anything-but": {"suffix": "Key"}}]),
        detail(eventName=[{"anything-but": {"equals-ignore-case": "disablekey"}}]),
        detail(eventName=[{"anything-but": {"wildcard": ["Dis*"]}}]),
        detail(absent=[{"anything-but": "x"}]),
        detail(count=[{"numeric": [">", 300]}]),
        detail(eventName=[{"numeric": [">", 0]}]),
        detail(sourceIPAddress=[{"cidr": "192.0.3.0/24"}]),
        detail(eventName=[{"cidr": "192.0.2.0/24"}]),
        detail(eventName=[{"exists": False}]),
        detail(errorMessage=[{"exists": True}]),
        detail(requestParameters=[{"exists": True}]),
        {"resources": [{"exists": True}]},
        detail(resources={"ARN": [f"{KEY}0"]}),
        detail(resources={"ARN": [KEY], "type": ["AWS::KMS::Alias"]}),
        detail(resources={"ARN": [{"exists": False}]}),
        detail(
            resources={"ARN": [KEY]},
            **{"$or": [{"resources": {"type": ["AWS::KMS::Alias"]}}, {"count": [1]}]},
        ),
        detail(**{"$or": [{"eventName": ["Decrypt"]}, {"readOnly": [True]}]}),
        detail(eventName=["Decrypt"], **{"$or": [{"count": [300]}, {"readOnly": [False]}]}),
    ],
)
def test_a_pattern_does_not_match(pattern: dict[str, Any]) -> None:
    assert not matches(pattern, EVENT)


def test_a_wildcard_takes_characters_off_their_meaning() -> None:
    assert matches({"path": [{"wildcard": "a\\*\\\\*"}]}, {"path": "a*\\b"})
    assert not matches({"path": [{"wildcard": "a\\*"}]}, {"path": "ab"})


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"source": "aws.kms"},
        {"source": []},
        {"detail": {}},
        {"source": [["aws.kms"]]},
        {"source": [{}]},
        {"source": [{"begins": "aws"}]},
        {"source": [{"prefix": "aws", "suffix": "kms"}]},
        {"source": [{"prefix": ["aws"]}]},
        {"source": [{"prefix": {"suffix": "aws"}}]},
        {"source": [{"exists": "true"}]},
        {"source": [{"wildcard": "a**"}]},
        {"source": [{"wildcard": "a\\b"}]},
        {"source": [{"wildcard": "a\\"}]},
        {"source": [{"anything-but": []}]},
        {"source": [{"anything-but": [1, "a"]}]},
        {"source": [{"anything-but": {"numeric": ["=", 1]}}]},
        {"source": [{"numeric": ["=", 1, "<"]}]},
        {"source": [{"numeric": ["!=", 1]}]},
        {"source": [{"cidr": "10.0.0.1/8"}]},
        {"$or": [{"source": ["a"]}]},
        {"$or": {"source": ["a"]}},
        {"source": ["a"], "$or": [{"source": ["b"]}, {"detail-type": ["c"]}]},
    ],
)
def test_what_is_no_pattern_is_an_error_and_names_the_place(pattern: dict[str, Any]) -> None:
    with pytest.raises(EventPatternError, match=r"^(source|detail|\$or|The event pattern): "):
        check(pattern)
