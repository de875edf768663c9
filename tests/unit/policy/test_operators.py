"""The condition operators, as the IAM User Guide documents them: a line for each rule or example."""

# ruff: noqa: FBT001 - one line for each example

from typing import Any

import pytest

from local.policy import PolicyError
from local.policy.operators import operator_named
from tests.unit.policy.cases import GUIDE

OPERATORS = f"{GUIDE}reference_policies_elements_condition_operators.html"
SEVERAL = f"{GUIDE}reference_policies_condition-single-vs-multi-valued-context-keys.html"
EXAMPLES = f"{GUIDE}reference_policies_condition_examples-multi-valued-context-keys.html"
VARIABLES = f"{GUIDE}reference_policies_variables.html"
LOGIC = f"{GUIDE}reference_policies_condition-logic-multiple-context-keys-or-values.html"

DATE = "2026-05-04T12:00:00Z"
TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms"

# Source, operator, the key's value in the request (None: absent), the policy's values, whether it holds.
Example = tuple[str, str, Any, list[str], bool]
DOCUMENTED: list[Example] = [
    (f"{OPERATORS}#Conditions_String", "StringEquals", "ana", ["ana"], True),
    (f"{OPERATORS}#Conditions_String", "StringEquals", "Ana", ["ana"], False),
    (f"{OPERATORS}#Conditions_String", "StringEquals", "ana", ["a*"], False),
    (f"{OPERATORS}#Conditions_String", "StringEquals", "ana", ["bob", "ana"], True),
    (f"{OPERATORS}#Conditions_String", "StringEquals", None, ["ana"], False),
    (f"{OPERATORS}#Conditions_String", "StringNotEquals", "ana", ["ana"], False),
    (f"{OPERATORS}#Conditions_String", "StringNotEquals", "bob", ["ana"], True),
    (f"{OPERATORS}#Conditions_String", "StringNotEquals", None, ["ana"], True),
    (f"{OPERATORS}#Conditions_String", "StringEqualsIgnoreCase", "ANA", ["ana"], True),
    (f"{OPERATORS}#Conditions_String", "StringEqualsIgnoreCase", "bob", ["ana"], False),
    (f"{OPERATORS}#Conditions_String", "StringNotEqualsIgnoreCase", "ANA", ["ana"], False),
    (f"{OPERATORS}#Conditions_String", "StringNotEqualsIgnoreCase", "bob", ["ana"], True),
    (f"{OPERATORS}#Conditions_String", "StringLike", "reports/may", ["reports/*"], True),
    (f"{OPERATORS}#Conditions_String", "StringLike", "Reports/may", ["reports/*"], False),
    (f"{OPERATORS}#Conditions_String", "StringLike", "may", ["ma?"], True),
    (f"{OPERATORS}#Conditions_String", "StringLike", "ma", ["ma?"], False),
    (f"{OPERATORS}#Conditions_String", "StringLike", "", ["*"], True),
    (f"{OPERATORS}#Conditions_String", "StringLike", "a.b", ["a?b"], True),
    (f"{OPERATORS}#Conditions_String", "StringLike", "a+b", ["a.b"], False),
    (f"{OPERATORS}#Conditions_String", "StringNotLike", "reports/may", ["reports/*"], False),
    (f"{OPERATORS}#Conditions_String", "StringNotLike", "other", ["reports/*"], True),
    (f"{OPERATORS}#Conditions_String", "StringNotLike", None, ["reports/*"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericEquals", "10", ["10"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericEquals", "10.0", ["10"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericNotEquals", "11", ["10"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericNotEquals", "10", ["10"], False),
    (f"{OPERATORS}#Conditions_Numeric", "NumericLessThan", "9", ["10"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericLessThan", "10", ["10"], False),
    (f"{OPERATORS}#Conditions_Numeric", "NumericLessThanEquals", "10", ["10"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericLessThanEquals", "11", ["10"], False),
    (f"{OPERATORS}#Conditions_Numeric", "NumericGreaterThan", "11", ["10"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericGreaterThan", "9", ["10"], False),
    (f"{OPERATORS}#Conditions_Numeric", "NumericGreaterThanEquals", "10", ["10"], True),
    (f"{OPERATORS}#Conditions_Numeric", "NumericLessThan", "many", ["10"], False),
    (f"{OPERATORS}#Conditions_Numeric", "NumericLessThan", None, ["10"], False),
    (f"{OPERATORS}#Conditions_Date", "DateEquals", DATE, [DATE], True),
    (f"{OPERATORS}#Conditions_Date", "DateNotEquals", DATE, [DATE], False),
    (f"{OPERATORS}#Conditions_Date", "DateLessThan", "2026-05-04T11:59:59Z", [DATE], True),
    (f"{OPERATORS}#Conditions_Date", "DateLessThan", DATE, [DATE], False),
    (f"{OPERATORS}#Conditions_Date", "DateLessThanEquals", DATE, [DATE], True),
    (f"{OPERATORS}#Conditions_Date", "DateGreaterThan", "2026-05-04T12:00:01Z", [DATE], True),
    (f"{OPERATORS}#Conditions_Date", "DateGreaterThan", "2026-05-04T14:00:01+02:00", [DATE], True),
    (f"{OPERATORS}#Conditions_Date", "DateGreaterThan", "2026-05-04T13:00:00+02:00", [DATE], False),
    (f"{OPERATORS}#Conditions_Date", "DateGreaterThanEquals", "2026-05-04", ["2026-05-04"], True),
    (f"{OPERATORS}#Conditions_Date", "DateEquals", "1777896000", [DATE], True),
    (f"{OPERATORS}#Conditions_Date", "DateEquals", "yesterday", [DATE], False),
    (f"{OPERATORS}#Conditions_Boolean", "Bool", "true", ["true"], True),
    (f"{OPERATORS}#Conditions_Boolean", "Bool", "false", ["true"], False),
    (f"{OPERATORS}#Conditions_Boolean", "Bool", "True", ["true"], True),
    (f"{OPERATORS}#Conditions_Boolean", "Bool", None, ["false"], False),
    (f"{OPERATORS}#Conditions_Boolean", "BoolIfExists", None, ["false"], True),
    (f"{OPERATORS}#Conditions_BinaryEquals", "BinaryEquals", "QmluYXJ5", ["QmluYXJ5"], True),
    (f"{OPERATORS}#Conditions_BinaryEquals", "BinaryEquals", "Qm9vbA==", ["QmluYXJ5"], False),
    (f"{OPERATORS}#Conditions_IPAddress", "IpAddress", "203.0.113.7", ["203.0.113.0/24"], True),
    (f"{OPERATORS}#Conditions_IPAddress", "IpAddress", "203.0.114.7", ["203.0.113.0/24"], False),
    (f"{OPERATORS}#Conditions_IPAddress", "IpAddress", "203.0.113.7", ["203.0.113.7"], True),
    (
        f"{OPERATORS}#Conditions_IPAddress",
        "IpAddress",
        "2001:db8:1234:5678::1",
        ["2001:DB8:1234:5678::/64"],
        True,
    ),
    (f"{OPERATORS}#Conditions_IPAddress", "IpAddress", "2001:db8:1::1", ["203.0.113.0/24"], False),
    (f"{OPERATORS}#Conditions_IPAddress", "IpAddress", "192.0.2.1", ["203.0.113.0/24", "192.0.2.0/24"], True),
    (f"{OPERATORS}#Conditions_IPAddress", "IpAddress", None, ["203.0.113.0/24"], False),
    (f"{OPERATORS}#Conditions_IPAddress", "NotIpAddress", "203.0.113.7", ["203.0.113.0/24"], False),
    (f"{OPERATORS}#Conditions_IPAddress", "NotIpAddress", "192.0.2.1", ["203.0.113.0/24"], True),
    (f"{OPERATORS}#Conditions_IPAddress", "NotIpAddress", None, ["203.0.113.0/24"], True),
    (f"{OPERATORS}#Conditions_ARN", "ArnEquals", TOPIC, [TOPIC], True),
    (f"{OPERATORS}#Conditions_ARN", "ArnEquals", TOPIC, ["arn:aws:sns:*:*:alarms"], True),
    (f"{OPERATORS}#Conditions_ARN", "ArnLike", TOPIC, ["arn:aws:sns:eu-*:111122223333:*"], True),
    (f"{OPERATORS}#Conditions_ARN", "ArnLike", TOPIC, ["arn:aws:sns:*:alarms:*"], False),
    (f"{OPERATORS}#Conditions_ARN", "ArnLike", f"{TOPIC}:more", ["arn:aws:sns:*:*:alarms*"], True),
    (f"{OPERATORS}#Conditions_ARN", "ArnLike", "alarms", ["arn:aws:sns:*:*:*"], False),
    (f"{OPERATORS}#Conditions_ARN", "ArnNotEquals", TOPIC, [TOPIC], False),
    (f"{OPERATORS}#Conditions_ARN", "ArnNotLike", TOPIC, ["arn:aws:sqs:*:*:*"], True),
    (f"{OPERATORS}#Conditions_ARN", "ArnNotLike", None, ["arn:aws:sqs:*:*:*"], True),
    (f"{OPERATORS}#Conditions_IfExists", "StringLikeIfExists", None, ["t1.*"], True),
    (f"{OPERATORS}#Conditions_IfExists", "StringLikeIfExists", "t1.micro", ["t1.*"], True),
    (f"{OPERATORS}#Conditions_IfExists", "StringLikeIfExists", "m2.large", ["t1.*"], False),
    (f"{OPERATORS}#Conditions_IfExists", "NumericLessThanEqualsIfExists", None, ["5"], True),
    (f"{OPERATORS}#Conditions_IfExists", "StringNotEqualsIfExists", None, ["a"], True),
    (f"{OPERATORS}#Conditions_Null", "Null", None, ["true"], True),
    (f"{OPERATORS}#Conditions_Null", "Null", "here", ["true"], False),
    (f"{OPERATORS}#Conditions_Null", "Null", None, ["false"], False),
    (f"{OPERATORS}#Conditions_Null", "Null", "here", ["false"], True),
    (f"{OPERATORS}#Conditions_Null", "Null", [], ["true"], True),
    (f"{OPERATORS}#Conditions_Null", "Null", ["a"], ["false"], True),
    (LOGIC, "StringEquals", "b", ["a", "b", "c"], True),
    (LOGIC, "StringNotEquals", "b", ["a", "b", "c"], False),
    (LOGIC, "StringNotEquals", "d", ["a", "b", "c"], True),
    (LOGIC, "StringNotLike", "b1", ["a*", "b*"], False),
    (SEVERAL, "ForAllValues:StringEquals", ["a", "b"], ["a", "b", "c"], True),
    (SEVERAL, "ForAllValues:StringEquals", ["a", "d"], ["a", "b", "c"], False),
    (SEVERAL, "ForAllValues:StringEquals", None, ["a"], True),
    (SEVERAL, "ForAllValues:StringEquals", [], ["a"], True),
    (EXAMPLES, "ForAllValues:StringEquals", [""], ["a"], True),
    (SEVERAL, "ForAllValues:StringNotEquals", ["d", "e"], ["a", "b"], True),
    (SEVERAL, "ForAllValues:StringNotEquals", ["a", "e"], ["a", "b"], False),
    (EXAMPLES, "ForAllValues:StringLike", ["key1.a", "key2.b"], ["key1*", "key2*"], True),
    (EXAMPLES, "ForAllValues:StringLike", ["key1.a", "other"], ["key1*", "key2*"], False),
    (SEVERAL, "ForAnyValue:StringEquals", ["a", "d"], ["a", "b"], True),
    (SEVERAL, "ForAnyValue:StringEquals", ["c", "d"], ["a", "b"], False),
    (SEVERAL, "ForAnyValue:StringEquals", None, ["a"], False),
    (SEVERAL, "ForAnyValue:StringEquals", [], ["a"], False),
    (SEVERAL, "ForAnyValue:StringNotEquals", ["a", "d"], ["a", "b"], True),
    (SEVERAL, "ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], False),
    (EXAMPLES, "ForAnyValue:StringEquals", ["environment", "cost"], ["environment", "webserver"], True),
    (EXAMPLES, "ForAnyValue:StringLike", ["webserver"], ["web*"], True),
    (SEVERAL, "ForAnyValue:StringEquals", "a", ["a", "b"], True),
    (SEVERAL, "ForAllValues:StringEquals", "c", ["a", "b"], False),
]


@pytest.mark.parametrize(("source", "name", "actual", "expected", "holds"), DOCUMENTED)
def test_an_operator_holds_as_documented(
    source: str, name: str, actual: Any, expected: list[str], holds: bool
) -> None:
    operator = operator_named(name, where="here")
    assert operator.holds(actual, expected, {}) is holds, source


# Variables: the operator, the request's keys, the value, the policy's value, whether it holds.
KEYS = {
    "aws:username": "ana",
    "aws:principaltag/team": "red",
    "aws:principaltag/wild": "*",
    "aws:tagkeys": ["red"],
}
WITH_VARIABLES: list[tuple[str, str, str, bool]] = [
    ("StringEquals", "ana", "${aws:username}", True),
    ("StringEquals", "bob", "${aws:username}", False),
    ("StringEquals", "home/ana", "home/${AWS:UserName}", True),
    ("StringLike", "home/ana/x", "home/${aws:username}/*", True),
    ("StringLike", "home/bob/x", "home/${aws:username}/*", False),
    ("StringEquals", "red", "${aws:PrincipalTag/team}", True),
    ("StringEquals", "red", "${aws:PrincipalTag/Team}", True),
    ("StringEquals", "company-wide", "${aws:PrincipalTag/none, 'company-wide'}", True),
    ("StringEquals", "red", "${aws:PrincipalTag/team, 'company-wide'}", True),
    ("StringEquals", "", "${aws:PrincipalTag/none}", False),
    ("StringLike", "anything", "${aws:PrincipalTag/none}*", False),
    ("StringLike", "anything", "${aws:PrincipalTag/wild}", False),
    ("StringLike", "*", "${aws:PrincipalTag/wild}", True),
    ("StringLike", "a*b", "a${*}b", True),
    ("StringLike", "axb", "a${*}b", False),
    ("StringLike", "a?b", "a${?}b", True),
    ("StringLike", "axb", "a${?}b", False),
    ("StringEquals", "$", "${$}", True),
    ("StringEquals", "red", "${aws:TagKeys}", False),
    ("StringEqualsIgnoreCase", "ANA", "${aws:username}", True),
    ("StringNotEquals", "bob", "${aws:username}", True),
    ("ArnLike", "arn:aws:iam::111122223333:user/ana", "arn:aws:iam::*:user/${aws:username}", True),
    ("ArnLike", "arn:aws:iam::111122223333:user/bob", "arn:aws:iam::*:user/${aws:username}", False),
]


@pytest.mark.parametrize(("name", "actual", "expected", "holds"), WITH_VARIABLES)
def test_a_variable_has_the_requests_value_letter_by_letter(
    name: str, actual: str, expected: str, holds: bool
) -> None:
    assert operator_named(name, where="here").holds(actual, [expected], KEYS) is holds, VARIABLES


def test_there_are_no_variables_in_the_older_version() -> None:
    operator = operator_named("StringEquals", where="here")
    assert operator.holds("${aws:username}", ["${aws:username}"], None)
    assert not operator.holds("ana", ["${aws:username}"], None)


@pytest.mark.parametrize(
    "name",
    [
        "StringMatches",
        "stringequals",
        "ForAllValues:Null",
        "NullIfExists",
        "ForSomeValues:StringEquals",
        "ForAnyValue:StringEqualsIfExists",
        "IfExists",
        "",
    ],
)
def test_an_operator_that_is_not_known_is_an_error(name: str) -> None:
    with pytest.raises(PolicyError, match="not known"):
        operator_named(name, where="here")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bool", "yes"),
        ("Null", "absent"),
        ("NumericLessThan", "many"),
        ("NumericLessThan", "NaN"),
        ("DateLessThan", "soon"),
        ("IpAddress", "203.0.113.0/33"),
        ("BinaryEquals", "%%%"),
        ("ArnLike", "alarms"),
        ("StringEquals", "${aws:username, nobody}"),
    ],
)
def test_a_value_that_cannot_be_read_is_an_error_whatever_else_matches(name: str, expected: str) -> None:
    actual = {"Bool": "true", "IpAddress": "203.0.113.1"}.get(name, "1")
    with pytest.raises(PolicyError):
        operator_named(name, where="here").holds(actual, [expected], KEYS)


def test_a_key_of_several_values_needs_an_operator_for_several() -> None:
    with pytest.raises(PolicyError, match="ForAllValues or ForAnyValue"):
        operator_named("StringEquals", where="here").holds(["a"], ["a"], {})
