"""What `sealed object` and its kin take as arguments, and what they refuse before AWS is asked."""

import argparse
import io

import pytest

from client.arguments import parser
from client.bytedisplay import BarByteDisplay, PlainByteDisplay, byte_display
from client.display import display_on
from client.objectarguments import byte_range


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0-0", (0, 1)),
        ("5-9", (5, 5)),
        ("7-", (7, None)),
        ("-3", (-3, None)),
        ("0-1048575", (0, 1_048_576)),
    ],
)
def test_a_range_is_read_as_http_means_it(text: str, found: tuple[int, int | None]) -> None:
    assert byte_range(text) == found


@pytest.mark.parametrize("text", ["", "-", "5", "9-5", "-0", "a-b", "1-2-3", "-1-2", "0x1-2", "1,2", "٣-٤"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        byte_range(text)


@pytest.mark.parametrize(
    "words",
    [
        "object put acme ../x in",
        "object put acme a/b in",
        "object put a/b x in",
        "object put acme x in --content-type pdf",
        "object put acme x in --concurrency 0",
        "object put acme x in --concurrency 17",
        "object put acme x ",
        "object get acme x --version=",
        "object get acme x --output=",
        "object cat acme x --range 5",
        "object list",
        "object",
        "encrypt in --tenant acme",
        "encrypt in --object x",
        "decrypt in",
        "encrypt  --tenant acme --object x",
        "decrypt in --tenant acme --object x -o ",
        "inspect",
        "inspect ",
        "inspect in --output yaml",
    ],
)
def test_wrong_arguments_are_refused_with_exit_code_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words.split(" "))
    assert ended.value.code == 2
    assert "usage: sealed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["object", "object put", "object get", "object cat", "object list", "object delete"]
)
def test_each_command_has_a_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*command.split(), "--help"])
    assert ended.value.code == 0
    assert "example" in capsys.readouterr().out


def test_elsewhere_than_on_a_terminal_a_line_tells_rate_and_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("client.bytedisplay.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with PlainByteDisplay(stream, name="scan", total=4_000_000) as display:
        display.advance(500_000)
        assert stream.getvalue() == ""
        now[0] += 10
        display.advance(500_000)
    assert stream.getvalue() == "scan: 1.0 MB of 4.0 MB, 100.0 kB/s, 30 s left\n"


def test_on_a_terminal_a_bar_tells_them() -> None:
    stream = io.StringIO()
    with BarByteDisplay(stream, name="scan [1]", total=4 * 1024**2) as display:
        display.advance(1024**2)
    assert "scan [1]" in stream.getvalue()
    assert "1.0/4.0 MiB" in stream.getvalue()


def test_the_name_of_what_is_transferred_does_not_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    with byte_display(name="a\x1b]0;mine\x07b", total=1, stream=stream) as display:
        display.advance(1)
    with display_on(stream, name="c\x1b]0;mine\x07d", total=1) as lines:
        lines.advance(failed=0)
    assert "a?]0;mine?b" in stream.getvalue()
    assert "c?]0;mine?d" in stream.getvalue()
