"""docs/interoperability.md: its table has the form that `make interop` writes, and what it is to show."""

import pytest

from local.build_cache import ROOT
from tests.interop.exchanges import COLUMNS, JAVA_ITEMS, JAVASCRIPT, official_versions

_THERE, _HERE = "ours, read there", "theirs, read here"
_FORGED = ["forged, refused there", "forged, refused here"]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    text = (ROOT / "docs/interoperability.md").read_text()
    table = text.partition("<!-- table: exchanges -->\n")[2].partition("<!-- end -->")[0]
    head, _, *lines = [_cells(line) for line in table.strip().splitlines()]
    assert tuple(head) == COLUMNS
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def _sum(rows: list[dict[str, str]], column: str) -> int:
    return sum(int(row[column].replace(",", "")) for row in rows if row[column] != "-")


def test_every_library_is_there_in_the_version_that_is_pinned(rows: list[dict[str, str]]) -> None:
    assert {row["library"]: row["version"] for row in rows} == official_versions()


@pytest.mark.parametrize(
    ("library", "what", "least"), [(JAVA_ITEMS, "items", 300), (JAVASCRIPT, "messages", 100)]
)
def test_enough_was_exchanged_each_way_and_forgeries_were_refused(
    rows: list[dict[str, str]], library: str, what: str, least: int
) -> None:
    exchanged = [row for row in rows if (row["library"], row["what"]) == (library, what)]
    assert {row["keyring"] for row in exchanged} == {"raw AES", "KMS", "hierarchical"}
    for column in (_THERE, _HERE):
        assert _sum(exchanged, column) >= least
    for column in _FORGED:
        assert _sum(exchanged, column) > 0


def test_every_row_was_exchanged_both_ways(rows: list[dict[str, str]]) -> None:
    assert [row for row in rows if "-" in (row[_THERE], row[_HERE])] == []
