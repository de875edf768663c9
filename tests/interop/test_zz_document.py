"""The table of docs/interoperability.md: its name lets this run after all exchanges, which it counts."""

import os

import pytest

from benchmarks.marked_tables import filled
from local.build_cache import ROOT
from tests.interop.exchanges import Exchanges, official_versions

_DOCUMENT = ROOT / "docs/interoperability.md"


def test_the_document_shows_what_this_run_exchanged(
    request: pytest.FixtureRequest, exchanges: Exchanges
) -> None:
    if os.environ.get("SEALED_INTEROP") != "write":
        pytest.skip("`make interop` writes docs/interoperability.md")
    assert request.session.testsfailed == 0, "something was not exchanged: the document stays as it was"
    assert exchanges.libraries() == official_versions().keys(), "only a part of the exchanges ran"
    text = _DOCUMENT.read_text()
    _DOCUMENT.write_text(filled(text, {"exchanges": Exchanges.table}, exchanges, name=_DOCUMENT.name))
