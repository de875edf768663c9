"""docs/scale.md is what the command computes, and the command says what is wrong."""

import json
from pathlib import Path

import pytest

from benchmarks.marked_tables import DocumentError
from benchmarks.scale import document
from benchmarks.scale.__main__ import main


def test_the_tables_of_the_document_are_up_to_date() -> None:
    page = document.FILE.read_text()
    assert document.written(page) == page, "run `make scale`"


def test_a_table_that_somebody_edited_is_not_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = tmp_path / "scale.md"
    page = document.FILE.read_text()
    edited.write_text(page.replace("| 10^9 |", "| 10^8 |", 1))
    monkeypatch.setattr(document, "FILE", edited)
    assert main(["--check"]) == 1
    assert "make scale" in capsys.readouterr().err
    assert main(["--write"]) == 0
    assert edited.read_text() == page


def test_a_marker_without_a_table_is_told() -> None:
    with pytest.raises(DocumentError, match="nothing-like-it"):
        document.written(document.FILE.read_text() + "\n<!-- table: nothing-like-it -->\n<!-- end -->\n")


def test_a_row_is_printed_for_a_measured_rate(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--records", "1e8", "--strategy", "record", "--children", "10", "--quotas", "raised"]
    assert main([*arguments, "--ms-per-record", "60"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["records", "table", "strategy"]
    # 100 million times 60 ms, shared by ten: 6.9 days, and the children are what holds it up.
    assert "6.9 days" in row
    assert "children" in row


def test_both_strategies_are_shown_and_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--records", "1e4", "--simulate"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines[1:3]] == ["record", "tenant"]
    assert [line.split()[1] for line in lines[3:]] == ["record:", "tenant:"]


def test_own_prices_change_the_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    free = tmp_path / "prices.json"
    published = json.loads((document.FILE.parents[1] / "client" / "prices.json").read_text())["prices"]
    free.write_text(json.dumps({"prices": {name: {"amount": "0", "per": 1} for name in published}}))
    assert main(["--records", "1e6", "--strategy", "record", "--prices", str(free)]) == 0
    assert capsys.readouterr().out.split()[-1] == "0.00"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--records", "0"], "whole number from 1"),
        (["--records", "many"], "whole number from 1"),
        (["--records", "1.5"], "whole number from 1"),
        (["--records", "1e99"], "whole number from 1"),
        (["--records", "nan"], "whole number from 1"),
        (["--records", "10", "--ms-per-record", "-1"], "milliseconds"),
        (["--records", "10", "--largest-share", "2"], "a share"),
        (["--records", "10", "--children", "1001"], "1,000"),
        (["--records", "10", "--write"], "leave --records away"),
        (["--records", "1e8", "--simulate"], "10,000,000"),
        (["--simulate"], "goes with --records"),
        (["--records", "10", "--prices", "/nowhere/prices.json"], "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_help_names_every_argument_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "examples:" in text
    for argument in (
        "--records",
        "--ms-per-record",
        "--children",
        "--segments",
        "--order",
        "--quotas",
        "--seed",
    ):
        assert argument in text
