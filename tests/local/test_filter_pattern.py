"""The matcher of CloudWatch Logs' JSON filter patterns: what matches, what nearly does, what is none."""

import json

import pytest

from local.filter_pattern import FilterPatternError, check, matches, select

MESSAGE = json.dumps(
    {
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "errorCode": "AccessDeniedException",
        "readOnly": True,
        "multi": False,
        "nothing": None,
        "size": 400,
        "ratio": 0.5,
        "dotted.name": "c",
        "with-dash": "d",
        "resources": [{"ARN": "key-1", "type": "a"}, {"ARN": "key-2", "type": "b"}],
        "tags": ["red", "blue"],
        "grid": [[0, 1], [2, 3]],
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"issuer": "role/reader"}},
    }
)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "{ $.eventName = Decrypt }",
        "{$.eventName=Decrypt}",
        '{ $.eventName = "Decrypt" }',
        '{ $.eventName = "De*" }',
        '{ $.eventName = "*crypt" }',
        '{ $.eventName = "*" }',
        "{ $.eventSource = kms.amazonaws.com }",
        "{ $.errorCode = AccessDenied* }",
        '{ $.eventName != "Encrypt" }',
        "{ $.eventSource != s3.* }",
        '{ $.userIdentity.sessionContext.issuer = "role/*" }',
        "{ $.size = 400 }",
        "{ $.size = 4e+2 }",
        "{ $.size >= 400 && $.size <= 400 }",
        "{ $.size > -1 }",
        "{ $.ratio < 1 }",
        "{ $.size != 401 }",
        '{ $.size = "*" }',
        "{ $.size = 4* }",
        "{ $.readOnly IS TRUE }",
        "{ $.multi IS FALSE }",
        "{ $.nothing IS NULL }",
        "{ $.absent NOT EXISTS }",
        "{ $.userIdentity.absent.deeper NOT EXISTS }",
        "{ $.resources[2].ARN NOT EXISTS }",
        '{ $.resources[1].ARN = "key-2" }',
        '{ $.resources[*].ARN = "key-2" }',
        "{ $.grid[1][0] = 2 }",
        "{ $.* = Decrypt }",
        "{ $.['dotted.name'] = c }",
        "{ $.with-dash = d }",
        "{ $.eventName = %^De.{2}y% }",
        "{ $.eventName != %^En% }",
        '{ $.eventName = "X" || $.size = 1 || $.tags[0] = "red" }',
        '{ $.eventName = "Decrypt" || $.size = 1 && $.size = 2 }',
        '{ ($.eventName = "X" || $.size = 400) && ($.readOnly IS TRUE) }',
    ],
)
def test_a_pattern_matches(pattern: str) -> None:
    assert matches(pattern, MESSAGE)


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.eventName = decrypt }",
        '{ $.eventName = "Decryp" }',
        '{ $.eventName = "D?crypt" }',
        '{ $.eventName != "Decrypt" }',
        '{ $.eventName != "D*" }',
        '{ $.absent = "*" }',
        '{ $.absent != "x" }',
        "{ $.absent != 1 }",
        '{ $.userIdentity = "*" }',
        '{ $.tags != "x" }',
        '{ $.nothing != "x" }',
        '{ $.readOnly = "true" }',
        "{ $.size > 400 }",
        "{ $.size < 400 }",
        "{ $.eventName > 1 }",
        "{ $.eventName != 1 }",
        "{ $.readOnly = 1 }",
        "{ $.readOnly IS FALSE }",
        "{ $.nothing IS FALSE }",
        "{ $.absent IS NULL }",
        "{ $.nothing NOT EXISTS }",
        "{ $.userIdentity NOT EXISTS }",
        '{ $.resources[0].ARN = "key-2" }',
        '{ $.resources.ARN = "key-2" }',
        '{ $.resources[*].ARN = "key-3" }',
        "{ $.dotted.name = c }",
        "{ $.eventName = %crypt.% }",
        '{ ($.eventName = "Decrypt" || $.size = 1) && $.size = 2 }',
    ],
)
def test_a_pattern_does_not_match(pattern: str) -> None:
    assert not matches(pattern, MESSAGE)


@pytest.mark.parametrize(
    "pattern",
    [
        "ERROR",
        "[ip, user]",
        "{}",
        "{ $.eventName }",
        "{ $.eventName = }",
        "{ eventName = x }",
        "{ $.eventName == x }",
        "{ $.eventName = x y }",
        '{ $.eventName = "x }',
        '{ $.eventName = "x\\"y" }',
        '{ $.eventName > "x" }',
        "{ $.eventName < x }",
        "{ $.eventName EXISTS }",
        "{ $.eventName IS NOT NULL }",
        "{ $.eventName IS EMPTY }",
        "{ $.eventName = x",
        "{ ($.eventName = x }",
        "{ $.eventName = x } $.y",
        "{ $.eventName = x & $.y = z }",
        "{ $.eventName = x AND $.y = z }",
        "{ $.a[*].b[*] = x }",
        "{ $.a[*] = x || $.b[*] = x || $.c[*] = x || $.d[*] = x }",
        "{ $.a = %x% || $.b = %x% || $.c = %x% }",
        "{ $.a = %(x)% }",
        "{ $.a = %[% }",
        "{ $.a[-1] = x }",
        "{ $ = x }",
        '{ $.a = "' + "x" * 1024 + '" }',
    ],
)
def test_what_is_no_pattern_is_an_error(pattern: str) -> None:
    with pytest.raises(FilterPatternError):
        check(pattern)
    with pytest.raises(FilterPatternError):
        matches(pattern, MESSAGE)


def test_a_line_that_is_not_json_matches_the_empty_pattern_only() -> None:
    assert matches("", "START RequestId: 1")
    assert not matches("{ $.eventName NOT EXISTS }", "START RequestId: 1")


def test_a_selector_reads_a_value() -> None:
    assert select("$.size", MESSAGE) == 400
    assert select("$.absent", MESSAGE) is None
    assert select("$.size", "not JSON") is None
    with pytest.raises(FilterPatternError):
        select("size", MESSAGE)
