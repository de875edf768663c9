"""docs/benchmarks holds what the command measured, and says whether each target holds."""

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.marked_tables import DocumentError
from benchmarks.peers import document, names, tables
from benchmarks.peers.cases import FLOOR, OURS, PEER
from benchmarks.peers.outcomes import FALLS_SHORT, HOLDS, Outcome, figure
from benchmarks.peers.results import CaseResults, Result, Run, from_json, to_json
from benchmarks.peers.rounds import Measured
from benchmarks.peers.sheets import Sheet
from benchmarks.peers.spread import Spread
from benchmarks.peers.targets import TARGETS, outcomes

#: What to do where the document is not that of its figures.
AGAIN = "run `python -m benchmarks.peers.document`"


def _result(name: str, microseconds: float, *, kind: str = PEER, kms_calls: float = 0) -> Result:
    seconds = microseconds / 1e6
    spread = Spread(seconds, low=seconds * 0.9, high=seconds * 1.2)
    both = {direction: Measured(spread, kms_calls) for direction in ("encrypt", "decrypt")}
    return Result(name, kind, "a key", commits=True, binds=False, measured=both)


def _run(*, ours: float = 14.0) -> Run:
    message = CaseResults(
        "message-1kib",
        "messages",
        "message of 1,024 bytes",
        (
            _result(names.FORMAT_FLOOR, 10, kind=FLOOR),
            _result(names.MESSAGE_BRANCH, ours, kind=OURS),
            _result(names.MESSAGE_KMS, 100, kind=OURS, kms_calls=1),
            _result(names.MASTER_KEY_PROVIDER, 590, kms_calls=1),
            _result(names.KMS_KEYRING, 1500, kms_calls=1),
            _result(names.HIERARCHICAL, 840),
        ),
    )
    item = CaseResults(
        "item-10-0.5kb",
        "items",
        "item of 10 attributes, 500 bytes",
        (
            _result(names.FORMAT_FLOOR, 40, kind=FLOOR),
            _result(names.ITEM_TENANT, 80, kind=OURS),
            _result(names.ITEM_LOCAL, 160.5),
        ),
    )
    sheet = Sheet(
        "startup",
        ("what", "ms"),
        (("ours", 12.3), ("official", "none")),
        (Outcome("import of a package", "reader", "boto3", 1.3, 1.25, at_most=True),),
    )
    return Run(
        "make bench",
        "2026-01-31 12:00 UTC",
        5,
        0.01,
        {"cores": "2"},
        {"Python": "3"},
        (message, item),
        (sheet,),
    )


def test_the_tables_of_the_document_are_those_of_its_figures() -> None:
    page = document.page(document.FOLDER).read_text()
    run = document.stored(document.FOLDER)
    assert document.written(page, run) == page, AGAIN
    for name, drawn in document.plots(run).items():
        assert (document.FOLDER / name).read_text() == drawn, AGAIN
        assert f"]({name})" in page


def test_a_run_is_kept_with_five_digits() -> None:
    kept = from_json(to_json(_run(ours=14.000_04)))
    assert from_json(to_json(kept)) == kept
    assert kept.case("message-1kib")[names.MESSAGE_BRANCH].seconds("encrypt") == 14.0e-6
    assert kept.machine == _run().machine


def test_a_run_is_written_with_its_plots_and_without_those_of_another(tmp_path: Path) -> None:
    shutil.copy(document.page(document.FOLDER), tmp_path)
    (tmp_path / "message-of-yesterday.svg").write_text("<svg/>")
    document.write(tmp_path, _run())
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"README.md", "results.json", "message-1kib.svg", "item-10-0.5kb.svg"}
    assert "| 80.0 (72.0 to 96.0) | 2.00 |" in (tmp_path / "README.md").read_text()


def test_a_marker_without_a_table_is_told() -> None:
    page = document.page(document.FOLDER).read_text()
    with pytest.raises(DocumentError, match="nothing-like-it"):
        document.written(page + "\n<!-- table: nothing-like-it -->\n<!-- end -->\n", _run())


def test_each_target_is_told_both_ways_with_figure_and_verdict() -> None:
    told = [(one.figure, one.verdict) for one in outcomes(_run()) if one.way == "decrypt"]
    assert [verdict for _, verdict in told] == [HOLDS, HOLDS, FALLS_SHORT, HOLDS, HOLDS]
    assert [ratio for ratio, _ in told] == pytest.approx([1.4, 60, 5.9, 2, 2.00625])
    assert len(list(outcomes(_run()))) == 2 * len(TARGETS) + 1


def test_a_sheets_targets_come_after_those_of_the_cases() -> None:
    last = list(outcomes(from_json(to_json(_run()))))[-1]
    assert (last.measured, last.asked, last.verdict) == ("1.30 x", "at most 1.25 x", FALLS_SHORT)


def test_a_sheet_that_was_not_measured_says_so() -> None:
    assert tables.sheet(_run(), "startup").splitlines()[-2:] == ["| ours | 12.3 |", "| official | none |"]
    assert tables.sheet(_run(), "another") == "Not measured in this run.\n"


def test_a_target_that_is_missed_by_little_falls_short() -> None:
    verdicts = [one.verdict for one in outcomes(_run(ours=14.1))]
    assert verdicts[:4] == [FALLS_SHORT] * 4
    assert "**falls short**" in tables.targets(_run(ours=14.1))


def test_the_fastest_of_several_is_what_ours_is_held_to() -> None:
    assert [one.against for one in outcomes(_run())][4:6] == [names.MASTER_KEY_PROVIDER] * 2


def test_latency_is_added_for_each_call_of_kms() -> None:
    run = _run()
    case = run.case("message-1kib")
    assert case[names.MESSAGE_KMS].with_latency("encrypt") == pytest.approx(0.0051)
    assert case[names.MESSAGE_BRANCH].with_latency("encrypt") == pytest.approx(14e-6)
    row = next(line for line in tables.messages(run).splitlines() if names.MESSAGE_KMS in line)
    assert row.split(" | ")[-2:] == ["1", "5.10 / 5.10 |"]


def test_a_plot_has_a_bar_for_each_contender_and_direction() -> None:
    case = _run().case("message-1kib")
    drawn = ET.fromstring(document.plots(_run())["message-1kib.svg"])  # noqa: S314 - written above
    space = "{http://www.w3.org/2000/svg}"
    bars = [bar for bar in drawn.iter(f"{space}rect") if bar.get("x")]
    assert len(bars) == 2 * len(case.results)
    assert all(float(bar.get("width") or 0) > 0 for bar in bars)
    texts = {text.text for text in drawn.iter(f"{space}text")}
    assert texts >= {result.name for result in case.results}


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.0123, "0.01"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1,234")],
)
def test_figures_have_as_many_digits_as_count(number: float, shown: str) -> None:
    assert figure(number) == shown
