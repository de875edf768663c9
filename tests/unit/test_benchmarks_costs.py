"""What encryption costs the functions: who is measured, how failures are told, and when targets hold."""

import re
from pathlib import Path

import pytest

from benchmarks.costs import memory, one_function, requests, startup, synthesis
from benchmarks.costs.contenders import ALONE, BOTO3, FUNCTIONS, OFFICIAL, PEERS
from benchmarks.costs.processes import ROOT, Bytecode, ProcessError, figures
from benchmarks.costs.synthesis import Taken
from benchmarks.peers.outcomes import FALLS_SHORT, HOLDS
from benchmarks.peers.spread import Spread

_PROGRAM = Path(one_function.__file__)
_HANDLER = re.compile(r"^(?:handler = |def handler\()", re.MULTILINE)


def _run(folder: Path, module: str, *, requests: int = 4) -> dict[str, list[float]]:
    (folder / "measured.py").write_text(module)
    told = {"module": "measured", "environment": {}, "events": [{"number": 1}], "requests": requests}
    bytecode = Bytecode(folder / "bytecode", written=False)
    return figures(_PROGRAM, told, paths=[str(folder)], bytecode=bytecode, name="measured")


def test_every_function_is_measured() -> None:
    service = ROOT / "lambda_src" / "service"
    handlers = {f"service.{file.stem}" for file in service.glob("*.py") if _HANDLER.search(file.read_text())}
    assert {function.module for function in FUNCTIONS} == handlers
    assert {function.against for function in FUNCTIONS} == {alone.name for alone in ALONE}


def test_a_function_is_measured_at_import_first_request_and_after_many(tmp_path: Path) -> None:
    module = """
kept = bytearray(64 << 20)

def handler(event, context):
    global kept
    print("a line of the log")
    kept = None
    return {"statusCode": 200, "number": event["number"]}
"""
    measured = _run(tmp_path, module)
    for part in ("import", "first"):
        processor, clock = measured[part]
        assert processor >= 0
        assert clock > 0
    after_import, half, end = measured["resident"]
    assert after_import - half > 60 << 20
    assert abs(end - half) < 1 << 20


def test_a_function_that_cannot_be_imported_is_told_with_its_error(tmp_path: Path) -> None:
    with pytest.raises(
        ProcessError, match=r"measured: ModuleNotFoundError: No module named 'nothing_like_it'"
    ):
        _run(tmp_path, "import nothing_like_it")


def test_an_answer_that_is_a_failure_is_told_and_is_no_figure(tmp_path: Path) -> None:
    module = "def handler(event, context):\n    return {'statusCode': 404, 'body': 'nowhere'}\n"
    with pytest.raises(ProcessError, match="measured answered 404: nowhere"):
        _run(tmp_path, module)


def test_a_process_finds_nothing_but_what_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="No module named 'boto3'"):
        _run(tmp_path, "import boto3")


def test_bytecode_is_written_where_it_is_asked_for_alone(tmp_path: Path) -> None:
    module = "def handler(event, context):\n    return {}\n"
    _run(tmp_path, module)
    assert not list(tmp_path.rglob("*.pyc"))
    told = {"module": "measured", "environment": {}, "events": [{}], "requests": 1}
    bytecode = Bytecode(tmp_path / "bytecode", written=True)
    figures(_PROGRAM, told, paths=[str(tmp_path)], bytecode=bytecode, name="measured")
    assert list((tmp_path / "bytecode").rglob("measured*.pyc"))


def _starts(milliseconds: dict[str, float]) -> startup.Starts:
    spreads = {name: Spread(each / 1000, each / 1100, each / 900) for name, each in milliseconds.items()}
    return {name: (spread, spread, spread) for name, spread in spreads.items()}


@pytest.mark.parametrize(
    ("reader", "verdicts"), [(125, [HOLDS, HOLDS]), (130, [FALLS_SHORT, HOLDS]), (151, [FALLS_SHORT] * 2)]
)
def test_the_slowest_function_is_held_to_the_targets_of_the_start(reader: float, verdicts: list[str]) -> None:
    contenders = [*FUNCTIONS, *ALONE, *PEERS]
    took = dict.fromkeys((each.name for each in contenders), 100.0)
    starts = _starts({**took, "reader": reader, OFFICIAL: 250})
    sheet = startup.sheet(contenders, {startup.AS_DEPLOYED: starts, startup.WITH_BYTECODE: _starts(took)})
    as_deployed = [one for one in sheet.outcomes if startup.AS_DEPLOYED in one.way]
    assert [one.verdict for one in as_deployed] == verdicts
    assert all("reader" in one.way for one in as_deployed)
    assert {len(row) for row in sheet.rows} == {len(sheet.head)}


def test_a_quick_run_says_what_of_the_start_it_leaves_out() -> None:
    contenders = [each for each in (*FUNCTIONS, *ALONE, *PEERS) if each.name in ("reader", BOTO3, OFFICIAL)]
    starts = _starts(dict.fromkeys((each.name for each in contenders), 100.0))
    sheet = startup.sheet(contenders, {startup.WITH_BYTECODE: starts})
    assert {row[1] for row in sheet.rows} == {"not in this run"}
    assert len(sheet.outcomes) == 2


@pytest.mark.parametrize(("tenant", "verdict"), [(1.09, HOLDS), (1.11, FALLS_SHORT)])
def test_what_encryption_adds_to_a_request_is_held_to_the_request_in_plaintext(
    tenant: float, verdict: str
) -> None:
    each = {"plaintext": [0.001] * 3, "strategy tenant": [tenant / 1000] * 3}
    made = {"plaintext": {"dynamodb": 3}, "strategy tenant": {"dynamodb": 3, "kms": 6}}
    page = {"plaintext": [0.001], "strategy tenant": [1.0]}
    sheet = requests.sheet(
        {"GET": each, "GET, page of 25": page},
        {"GET": made, "GET, page of 25": {name: {} for name in page}},
    )
    (outcome,) = sheet.outcomes
    assert (outcome.way, outcome.verdict) == ("GET", verdict)
    assert outcome.figure == pytest.approx((tenant - 1) * 100)
    assert sheet.rows[1][-2:] == ("2", "1")


def test_memory_is_told_above_boto3_and_of_what_the_stacks_give() -> None:
    contenders = [FUNCTIONS[0], ALONE[0]]
    mib = 1 << 20
    resident = {FUNCTIONS[0].name: [60 * mib, 64 * mib, 65 * mib], BOTO3: [50 * mib, 55 * mib, 55 * mib]}
    sheet = memory.sheet(contenders, resident, requests=1000, given=memory.configured_mib())
    assert sheet.rows[0][1:] == (60, 64, 65, 10, 512 - 65)
    assert sheet.head[2:4] == ("after 500 requests", "after 1,000 requests")


@pytest.mark.parametrize(("ours", "verdict"), [(8.0, HOLDS), (8.1, FALLS_SHORT)])
def test_synthesis_is_held_to_an_empty_app(ours: float, verdict: str) -> None:
    sheet = synthesis.sheet([Taken(ours, 6)] * 3, [Taken(4, 4)] * 3)
    assert [one.verdict for one in sheet.outcomes] == [verdict, HOLDS]
    assert sheet.rows[0][2] == ours / 4


def test_a_run_without_synthesis_has_no_target_of_it() -> None:
    sheet = synthesis.sheet([], [])
    assert sheet.outcomes == ()
    assert {row[1] for row in sheet.rows} == {"not in this run"}
