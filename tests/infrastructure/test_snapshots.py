"""Every template as it is. A change here is for people to read: `make snapshots` accepts it."""

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.infrastructure.assembly import Assembly, masked


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.mark.parametrize("stack", ["Keys", "Storage", "Service"])
def test_template_is_the_reviewed_one(
    assembly: Assembly, stack: str, snapshot_json: SnapshotAssertion
) -> None:
    assert masked(assembly.templates[stack]) == snapshot_json


def test_there_is_a_snapshot_for_every_stack(assembly: Assembly) -> None:
    assert set(assembly.templates) == {"Keys", "Storage", "Service"}
