"""Nothing of the templates is dropped in silence: what the embedded AWS does not hold, docs/local.md lists.

Its name lets it run when the variants of every environment are deployed as well.
"""

import re
from typing import Any

import pytest

from local.build_cache import ROOT
from local.carried import compare, includes
from local.clients import Clients
from local.embedded import EmbeddedAws
from stacks.stack_names import PROJECT

DOCUMENT = ROOT / "docs" / "local.md"
LINE = re.compile(r"^\| `(AWS::[A-Za-z0-9:]+)` \| `([A-Za-z]+)` \| .+ \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def compared(aws: EmbeddedAws) -> tuple[set[Any], set[Any]]:
    stacks = [each["StackName"] for each in aws.client("cloudformation").describe_stacks()["Stacks"]]
    # Other tests change what dev has; the variants, which have all that dev has, are as they were deployed.
    variants = [name for name in stacks if name.startswith("variant-")]
    ours = variants or [name for name in stacks if name.startswith(f"{PROJECT}-")]
    return compare(Clients(aws.aws_endpoint, aws.region), stacks=ours)


def test_every_property_is_held_or_listed(compared: tuple[set[Any], set[Any]]) -> None:
    carried, dropped = compared
    listed = set(LINE.findall(DOCUMENT.read_text()))
    assert len(carried) > 100
    missing = sorted(dropped - listed)
    assert not missing, "\n".join(" ".join(each) for each in missing)


def test_what_is_listed_is_not_held(compared: tuple[set[Any], set[Any]]) -> None:
    carried, _ = compared
    assert carried & set(LINE.findall(DOCUMENT.read_text())) == set()


@pytest.mark.parametrize(
    ("found", "wanted", "held"),
    [
        ({"Days": 30, "more": 1}, {"days": "30"}, True),
        ({"Days": 30}, {"Days": 31}, False),
        ({"a": {"b": True}}, {"A": {"B": "true"}}, True),
        ({"a": {"b": True}}, {"A": {"B": False}}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (["x", "y"], ["y"], True),
        (["x"], ["x", "y"], False),
        ('{"Statement": []}', {"Statement": []}, True),
        (None, "x", False),
        ("", {"a": 1}, False),
    ],
)
def test_a_value_is_held_whole_or_not(found: Any, wanted: Any, held: Any) -> None:
    assert includes(found, wanted) is held
