"""`sealed audit`: times, settings, and Athena as its API reference describes it."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from client import athena, audit
from client.arguments import parser
from client.auditarguments import moment
from client.entry import main
from client.namedqueries import NamedQuery, find
from client.problems import NotFoundError, UnavailableError

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
QUERY = NamedQuery("q", "db", "group", "SELECT a, b FROM t WHERE c = ?")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("12h", NOW - timedelta(hours=12)),
        ("1d", NOW - timedelta(days=1)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T08:00:00Z", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01T08:00:00+02:00", datetime(2026, 5, 1, 6, tzinfo=UTC)),
    ],
)
def test_a_time_is_read(text: str, expected: datetime) -> None:
    assert moment(text, now=NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "0d", "1", "-1d", "1y", "yesterday", "2026-13-01", "2026-05-05", "999999d"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        moment(text, now=NOW)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "SEALED_AUDIT_WORKGROUP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    return monkeypatch


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["audit"], "QUESTION"),
        (["audit", "who-decrypted"], "--tenant"),
        (["audit", "who-decrypted", "--tenant", "a/b"], "not a tenant id"),
        (["audit", "principals", "--since", "soon"], "no time"),
        (["audit", "principals", "--workgroup", "a b"], "workgroup"),
        (["audit", "principals"], "SEALED_AUDIT_WORKGROUP"),
        (["audit", "principals", "--workgroup", "g"], "Region"),
        (["audit", "principals", "--workgroup", "g", "--since", "1h", "--until", "2h"], "before --until"),
    ],
)
def test_wrong_arguments_say_what_is_missing(
    settings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_a_profile_that_is_not_there_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    words = ["audit", "denied", "--since", "2026-05-01", "--workgroup", "w"]
    profile = ["--profile", "absent"]
    for asked in ([*words, *profile], [*profile, *words]):
        with pytest.raises(SystemExit) as ended:
            main(asked)
        assert ended.value.code == 2
        assert "The config profile (absent) could not be found" in capsys.readouterr().err


def test_options_that_stand_before_the_command_are_heeded() -> None:
    options = ["--region", "eu-west-1", "--profile", "other"]
    words = ["audit", "denied", "--since", "2026-05-01", "--workgroup", "w"]
    for asked in ([*options, *words], [*words, *options], [*options[:2], *words, *options[2:]]):
        found = parser().parse_args(asked)
        assert (found.region, found.profile) == ("eu-west-1", "other")


class Stubbed:
    """A session whose clients answer what a test says, and nothing else."""

    def __init__(self) -> None:
        self.client = Session().create_client(
            "athena", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.answers = Stubber(self.client)

    def create_client(self, _service: str) -> Any:
        return self.client


@pytest.fixture
def stubbed(settings: pytest.MonkeyPatch) -> Iterator[Stubbed]:
    settings.setattr(athena, "_PAUSE_SECONDS", 0.0)
    made = Stubbed()
    with made.answers:
        yield made
        made.answers.assert_no_pending_responses()


def started(answers: Stubber, *parameters: str) -> None:
    answers.add_response(
        "start_query_execution",
        {"QueryExecutionId": "e-1"},
        {
            "QueryString": QUERY.sql,
            "QueryExecutionContext": {"Database": "db"},
            "WorkGroup": "group",
            "ExecutionParameters": list(parameters),
        },
    )


def looked(answers: Stubber, state: str, **more: str) -> None:
    answers.add_response(
        "get_query_execution",
        {"QueryExecution": {"Status": {"State": state, **more}}},
        {"QueryExecutionId": "e-1"},
    )


def page(*rows: list[str | None]) -> dict[str, Any]:
    cells = [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in rows]
    return {"ResultSet": {"Rows": cells}}


def test_athenas_rows_come_by_their_names_from_all_pages(stubbed: Stubbed) -> None:
    started(stubbed.answers, "'x''; DROP TABLE t --'")
    looked(stubbed.answers, "QUEUED")
    looked(stubbed.answers, "RUNNING")
    looked(stubbed.answers, "SUCCEEDED")
    first = {**page(["a", "b"], ["1", None]), "NextToken": "n"}
    stubbed.answers.add_response("get_query_results", first, {"QueryExecutionId": "e-1"})
    second = {"QueryExecutionId": "e-1", "NextToken": "n"}
    stubbed.answers.add_response("get_query_results", page(["2", "3"]), second)
    rows = list(athena.ask(stubbed, QUERY, ["x'; DROP TABLE t --"]))  # type: ignore[arg-type]
    assert rows == [{"a": "1", "b": None}, {"a": "2", "b": "3"}]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_query_that_ends_badly_says_why(stubbed: Stubbed, state: str) -> None:
    started(stubbed.answers, "'x'")
    looked(stubbed.answers, state, StateChangeReason="the bucket is gone\x1b[31m")
    with pytest.raises(UnavailableError, match=r"the bucket is gone\?\[31m"):
        list(athena.ask(stubbed, QUERY, ["x"]))  # type: ignore[arg-type]


def test_a_query_is_found_by_its_name_or_the_workgroup_is_named(stubbed: Stubbed) -> None:
    for _ in range(2):
        stubbed.answers.add_response("list_named_queries", {"NamedQueryIds": ["q-1"]}, {"WorkGroup": "group"})
        named = {"Name": "q", "Database": "db", "QueryString": QUERY.sql}
        stubbed.answers.add_response("get_named_query", {"NamedQuery": named}, {"NamedQueryId": "q-1"})
    assert find(stubbed, workgroup="group", name="q") == QUERY  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="the workgroup group has no query other"):
        find(stubbed, workgroup="group", name="other")  # type: ignore[arg-type]


ROWS = [
    {"principal": "arn:aws:sts::123456789012:assumed-role/reader/s", "calls": 2, "errorcode": None},
    {"principal": "x\x1b[2J", "calls": 1, "errorcode": None},
]


def test_a_table_has_the_columns_with_content_and_nothing_that_moves_the_cursor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    audit._print(ROWS, output="table")
    printed = capsys.readouterr().out
    assert "reader/s" in printed
    assert "errorcode" not in printed
    assert "\x1b" not in printed


def test_json_has_every_column(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    audit._print(ROWS, output="json")
    assert [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()] == ROWS


@pytest.mark.parametrize("steering", ["\x1b[2J", "\x9b2J", "\x7f", "\u202e"])
def test_json_of_what_callers_chose_does_not_steer_a_terminal(
    capsysbinary: pytest.CaptureFixture[bytes], steering: str
) -> None:
    rows = [{"object_id": f"o-1{steering}", "useragent": steering}]
    audit._print(rows, output="json")
    out = capsysbinary.readouterr().out
    assert json.loads(out) == rows[0]
    assert out.removesuffix(b"\n").decode("ascii").isprintable()
