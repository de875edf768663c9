"""Least privilege, proven by use: its name lets it run after every other end-to-end test."""

import os
from pathlib import Path

import pytest

from local.build_cache import ROOT
from local.embedded import EmbeddedAws
from local.privileges import without_counts

DOCUMENT = ROOT / "docs" / "privileges.md"
HERE = Path(__file__).parent


@pytest.fixture
def after_all_others(request: pytest.FixtureRequest) -> None:
    """Skip where only some of the end-to-end tests run: what they use says nothing."""
    ran = {item.path for item in request.session.items if item.path.parent == HERE}
    config = request.config
    chosen = config.option.keyword or config.option.markexpr or any("::" in arg for arg in config.args)
    if ran != set(HERE.glob("test_*.py")) or chosen or config.option.deselect:
        pytest.skip("only some of the end-to-end tests ran")


def test_every_right_is_used_and_no_duty_is_shared_without_a_reason(
    aws: EmbeddedAws, after_all_others: None
) -> None:
    table = aws.privileges.table(aws.enforcement.uses())
    if os.environ.get("SEALED_PRIVILEGES") == "write":
        DOCUMENT.write_text(table.markdown())
    assert table.findings() == []


def test_the_document_is_current(aws: EmbeddedAws, after_all_others: None) -> None:
    current = aws.privileges.table(aws.enforcement.uses()).markdown()
    assert without_counts(DOCUMENT.read_text()) == without_counts(current), "run `make privileges`"
