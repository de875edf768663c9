"""The example records: made by the script that stands beside them, and shaped as their README says."""

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
COUNTS = {"patients": 220, "payments": 260, "contracts": 90}
RESERVED = {"tenant", "record", "revision", "updated_at"}


def lines_of(name: str) -> list[str]:
    return (EXAMPLES / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()


def exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return [exact(line) for name in COUNTS for line in lines_of(name)]


def values_in(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from values_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_in(inner)


def generate(folder: Path, *options: str) -> dict[str, bytes]:
    # Another hash seed and no locale: neither may show in the bytes.
    subprocess.run(
        [sys.executable, str(EXAMPLES / "generate.py"), "--out", str(folder), *options],
        env={"PYTHONHASHSEED": "7", "LC_ALL": "C"},
        check=True,
        capture_output=True,
    )
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


def test_the_script_makes_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    committed = {path.stem: path.read_bytes() for path in (EXAMPLES / "data").glob("*.jsonl")}
    assert committed.keys() == COUNTS.keys()
    assert generate(tmp_path) == committed


def test_another_seed_makes_other_records(tmp_path: Path) -> None:
    other = generate(tmp_path, "--seed", "another")
    for name, content in other.items():
        assert content != (EXAMPLES / "data" / f"{name}.jsonl").read_bytes()


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_each_line_is_a_record_and_its_data(name: str, count: int) -> None:
    lines = [exact(line) for line in lines_of(name)]
    assert len(lines) == count
    for line in lines:
        assert list(line) == ["record", "data"]
        assert isinstance(line["data"], dict)
        assert line["data"]
        assert not RESERVED & line["data"].keys()


def test_there_are_at_least_five_hundred(records: list[dict[str, Any]]) -> None:
    assert len(records) == sum(COUNTS.values()) >= 500


def test_ids_are_unique_and_say_nothing(records: list[dict[str, Any]]) -> None:
    ids = [record["record"] for record in records]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-z]{16}", name) for name in ids)


def test_sizes_run_from_a_few_bytes_to_three_hundred_kilobytes() -> None:
    sizes = sorted(
        len(line.partition('"data":')[2][:-1].encode()) for name in COUNTS for line in lines_of(name)
    )
    assert sizes[0] < 20
    assert 300_000 <= sizes[-1] <= 330_000
    assert sizes[len(sizes) // 2] < 4_000
    assert sum(sizes) < 2_000_000


def test_numbers_reach_all_the_digits_that_can_be_kept_and_none_has_more(
    records: list[dict[str, Any]],
) -> None:
    digits = {len(number.as_tuple().digits) for number in decimals(records)}
    assert max(digits) == 38
    assert any(number < 0 for number in decimals(records))


def decimals(records: list[dict[str, Any]]) -> list[Decimal]:
    return [value for value in values_in(records) if isinstance(value, Decimal)]


def test_amounts_keep_their_trailing_zeros() -> None:
    assert re.search(r'"amount":\d+\.\d0[,}]', "\n".join(lines_of("payments")))


def test_every_kind_of_value_occurs(records: list[dict[str, Any]]) -> None:
    found = [value for record in records for value in values_in(record["data"])]
    for empty in ("", [], {}):
        assert any(type(value) is type(empty) and value == empty for value in found)
    for constant in (None, True, False):
        assert any(value is constant for value in found)


def test_text_has_many_scripts_emoji_and_combining_marks(records: list[dict[str, Any]]) -> None:
    text = "".join(value for value in values_in(records) if isinstance(value, str))
    scripts = {unicodedata.name(character, "?").split()[0] for character in set(text) if character.isalpha()}
    assert {"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "TAMIL", "THAI", "CJK"} <= scripts
    assert {"HIRAGANA", "KATAKANA", "HANGUL", "GEORGIAN", "ARMENIAN", "ETHIOPIC"} <= scripts
    assert "\u0301" in text
    assert "\u00e9" in text
    assert "\u200d" in text
    assert any(ord(character) > 0xFFFF for character in text)


def test_contact_details_are_from_reserved_ranges() -> None:
    text = "\n".join(line for name in COUNTS for line in lines_of(name))
    addresses = re.findall(r"[\w.+-]+@[\w.-]+", text)
    assert addresses
    assert all(re.fullmatch(r"person-\d{6}@example\.(com|org|net)", address) for address in addresses)
    phones = re.findall(r'"phone":"([^"]*)"', text)
    assert phones
    assert all(re.fullmatch(r"\+1-202-555-01\d\d", phone) for phone in phones)


@pytest.fixture(scope="module")
def sizes() -> dict[tuple[str, str], tuple[int, ...]]:
    """What `make sizes` prints, by records and strategy: how many, bytes in clear, stored, more, units."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.record_cost"],
        env={"PYTHONPATH": f"{EXAMPLES.parent}:{EXAMPLES.parent / 'lambda_src'}", "LC_ALL": "C"},
        check=True,
        capture_output=True,
        text=True,
    )
    row = re.compile(r"^ *(\S.*?)  +(\d+)  +ours, (\w+), flavor 00" + r"  +([\d,]+)" * 4, re.MULTILINE)
    return {
        (records, strategy): tuple(int(number.replace(",", "")) for number in (count, *numbers))
        for records, count, strategy, *numbers in row.findall(done.stdout)
    }


def test_sizes_are_told_of_every_file_of_examples(sizes: dict[tuple[str, str], tuple[int, ...]]) -> None:
    counts = {**COUNTS, "500 bytes": 1}
    assert {key: row[0] for key, row in sizes.items()} == {
        (records, strategy): count for records, count in counts.items() for strategy in ("record", "tenant")
    }


def test_a_record_takes_less_room_under_a_branch_key(
    sizes: dict[tuple[str, str], tuple[int, ...]],
) -> None:
    for records in (*COUNTS, "500 bytes"):
        (*_, in_record, units_in_record), (*_, in_tenant, units_in_tenant) = (
            sizes[records, strategy] for strategy in ("record", "tenant")
        )
        assert in_record - in_tenant == 149
        assert units_in_tenant < units_in_record


def test_a_record_of_500_bytes_takes_one_write_unit_under_a_branch_key_and_two_without(
    sizes: dict[tuple[str, str], tuple[int, ...]],
) -> None:
    assert sizes["500 bytes", "tenant"] == (1, 500, 970, 470, 1)
    assert sizes["500 bytes", "record"] == (1, 500, 1119, 619, 2)
