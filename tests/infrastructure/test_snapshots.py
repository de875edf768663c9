"""Every template as it is. A change here is for people to read: `make snapshots` accepts it."""

import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.infrastructure.assembly import Assembly

ASSET = re.compile(r"\b[0-9a-f]{64}\b")


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


def masked(value: Any) -> Any:
    """The template without asset hashes, which change with every line of the functions."""
    match value:
        case dict():
            return {key: masked(inner) for key, inner in value.items()}
        case list():
            return [masked(inner) for inner in value]
        case str():
            return ASSET.sub("<asset>", value)
        case _:
            return value


@pytest.mark.parametrize("stack", ["Keys", "Storage", "Service"])
def test_template_is_the_reviewed_one(
    assembly: Assembly, stack: str, snapshot_json: SnapshotAssertion
) -> None:
    assert masked(assembly.templates[stack]) == snapshot_json


def test_there_is_a_snapshot_for_every_stack(assembly: Assembly) -> None:
    assert set(assembly.templates) == {"Keys", "Storage", "Service"}
