"""docs/benchmarks/load.md has a place for every table, and the command says what is wrong."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.load import document
from benchmarks.load.arguments import QUICK, Options, contradiction, options, parser
from benchmarks.load.command import main
from benchmarks.load.results import write_json
from benchmarks.load.steps import Limits
from benchmarks.marked_tables import DocumentError
from tests.unit.load_runs import MIB, run_of


def test_the_document_has_a_place_for_every_table_and_is_filled() -> None:
    page = document.written(document.FILE.read_text(), run_of())
    assert "| 5.0 | 10.0 | 10.0 | 100 | 100 | 100 | 100 | 0 |" in page
    assert "| every acknowledged write is verified | 50 of 50" in page
    with pytest.raises(DocumentError, match="nothing-like-it"):
        document.written(page + "\n<!-- table: nothing-like-it -->\n<!-- end -->\n", run_of())


def test_all_figures_are_written_as_json(tmp_path: Path) -> None:
    write_json(run_of(), tmp_path / "run.json")
    kept = json.loads((tmp_path / "run.json").read_text())
    assert kept["steps"][1]["latencies"] == {"p50": 0.1, "p90": 0.1, "p99": 0.1, "most": 0.1}
    assert kept["snapshots"][2]["functions"]["writer"]["resident_bytes"] == 62 * MIB
    assert kept["verification"]["verified"] == 50


def test_options_are_the_usual_ones_unless_given() -> None:
    assert options(parser().parse_args([])) == Options()
    assert options(parser().parse_args(["--quick"])) == QUICK
    given = options(parser().parse_args(["--quick", "--tenants", "9", "--p99-ms", "250"]))
    assert given == replace(QUICK, tenants=9, limits=Limits(seconds=0.25))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tenants", "0"], "number from 1 to 1,000"),
        (["--tenants", "2.5"], "whole number"),
        (["--first-rate", "nan"], "number from 0.1"),
        (["--factor", "1"], "number from 1.01"),
        (["--strategy", "none"], "invalid choice"),
        (["--quick", "--write"], "leave --write away, or what changes tenants, steps, step_seconds, seconds"),
        (["--write", "--steps", "1", "--tenants", "1"], "or what changes tenants, steps"),
        (["--write", "--p99-ms", "60000"], "or what changes limits"),
        (["--quick", "--seconds", "1"], "--seconds: 1 s are shorter than one step of 4 s"),
        (["--seconds", "11.9"], "--seconds: 11.9 s are shorter than one step of 12 s"),
        (["--step-seconds", "201"], "--seconds: 200 s are shorter than one step of 201 s"),
        (["--json", "/nowhere/at/all.json"], "no folder"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_options_that_go_together_are_taken() -> None:
    for arguments in (["--write"], ["--write", "--tenants", "20"], ["--seconds", "12"], ["--quick"]):
        assert contradiction(parser().parse_args(arguments)) == ""


def test_help_names_every_argument_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "examples:" in text
    for name in ("--seconds", "--steps", "--quick", "--strategy", "--tenants", "--json", "--write", "--seed"):
        assert name in text
