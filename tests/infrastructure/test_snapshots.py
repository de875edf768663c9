"""Every template as it is. A change here is for people to read: `make snapshots` accepts it."""

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from evidence.synthesis import VARIANTS, Variant
from tests.infrastructure.assembly import Assembly, masked

# What the scanners look at too.
REVIEWED = {variant.title: variant for variant in VARIANTS}
ALWAYS = {"Keys", "Storage", "Service", "Maintenance", "Audit"}


def _of_settings(variant: Variant) -> set[str]:
    """Return the stacks that a variant has because of its settings."""
    return {"Network"} if "vpc_cidr" in variant.changes else set()


STACKS = {title: sorted(ALWAYS | _of_settings(variant)) for title, variant in REVIEWED.items()}


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture
def variant(changed: Callable[..., Assembly]) -> Callable[[str], Assembly]:
    def synthesized(name: str) -> Assembly:
        return changed(REVIEWED[name].environment, **REVIEWED[name].changes)

    return synthesized


@pytest.mark.parametrize(
    ("name", "stack"), [(name, stack) for name, stacks in STACKS.items() for stack in stacks]
)
def test_template_is_the_reviewed_one(
    variant: Callable[[str], Assembly], name: str, stack: str, snapshot_json: SnapshotAssertion
) -> None:
    assert masked(variant(name).templates[stack]) == snapshot_json


@pytest.mark.parametrize("name", STACKS)
def test_there_is_a_snapshot_for_every_stack(variant: Callable[[str], Assembly], name: str) -> None:
    assert sorted(variant(name).templates) == STACKS[name]
