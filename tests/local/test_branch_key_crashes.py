"""Tenant-admin ends after any of its calls: the same request then ends well, and nothing is half done.

A call that is refused leaves what a function leaves that was killed after the call before it.
"""

from collections.abc import Callable
from typing import Any

import pytest

REFUSAL = "AccessDeniedException"
VERSION = "branch:version:"
WHOLE = {"branch:ACTIVE", "beacon:ACTIVE"}

Steps = list[tuple[str, str, int]]


def stopped_at_each(branch_keys: Any, steps: Steps, *, prepare: Callable[[str], None], call: Any) -> Any:
    """Refuse each of the calls in turn, each time for a tenant of its own; give the tenant afterwards."""
    for place, (service, operation, skip) in enumerate(steps):
        tenant = f"{call.__name__}-{place}"
        prepare(tenant)
        branch_keys.aws.fail_next(service, operation, code=REFUSAL, skip=skip)
        stopped = call(tenant)
        assert stopped.status == 503, (place, operation, stopped.text)
        yield tenant


def check_whole(branch_keys: Any, tenant: str, *, versions: int) -> None:
    """Check that a branch key has so many versions, and that the active one is the newest of them."""
    items = branch_keys.items(tenant)
    own = [item_type for item_type in items if item_type.startswith(VERSION)]
    assert len(own) == versions
    assert set(items) - set(own) == WHOLE
    described = branch_keys.describe(tenant).body
    assert items["branch:ACTIVE"]["version"]["S"] == VERSION + described["version"]
    assert described["versions"][-1]["version"] == described["version"]


def nothing(_tenant: str) -> None:
    """Prepare nothing."""


@pytest.fixture
def created(branch_keys: Any) -> Callable[[str], None]:
    def create(tenant: str) -> None:
        assert branch_keys.create(tenant).status == 201

    return create


def test_a_creation_that_was_stopped_left_nothing_and_is_made_by_the_same_call(branch_keys: Any) -> None:
    steps = branch_keys.steps(lambda: branch_keys.create("create"))
    assert [operation for _, operation, _ in steps].count("TransactWriteItems") == 1
    for tenant in stopped_at_each(branch_keys, steps, prepare=nothing, call=branch_keys.create):
        assert branch_keys.items(tenant) == {}
        assert branch_keys.create(tenant).status == 201
        check_whole(branch_keys, tenant, versions=1)


def test_a_rotation_that_was_stopped_left_the_branch_key_and_is_made_by_the_same_call(
    branch_keys: Any, created: Any
) -> None:
    created("rotate")
    steps = branch_keys.steps(lambda: branch_keys.rotate("rotate"))
    assert len(steps) >= 5
    for tenant in stopped_at_each(branch_keys, steps, prepare=created, call=branch_keys.rotate):
        check_whole(branch_keys, tenant, versions=1)
        assert branch_keys.rotate(tenant).status == 201
        check_whole(branch_keys, tenant, versions=2)


def test_a_shredding_that_was_stopped_is_finished_by_the_same_call(branch_keys: Any, created: Any) -> None:
    created("shred")
    steps = branch_keys.steps(lambda: branch_keys.shred("shred"))
    for tenant in stopped_at_each(branch_keys, steps, prepare=created, call=branch_keys.shred):
        left = set(branch_keys.items(tenant))
        assert left == {"shredded"} or left > WHOLE, f"half shredded: {left}"
        assert branch_keys.shred(tenant).body["state"] == "shredded"
        assert set(branch_keys.items(tenant)) == {"shredded"}


def test_a_transaction_whose_answer_was_lost_is_not_made_twice(branch_keys: Any, created: Any) -> None:
    def lose_an_answer() -> None:
        branch_keys.aws.fail_next("dynamodb", "TransactWriteItems", answer_lost=True)

    lose_an_answer()
    created("lost")
    check_whole(branch_keys, "lost", versions=1)
    lose_an_answer()
    assert branch_keys.rotate("lost").status == 201
    check_whole(branch_keys, "lost", versions=2)
    lose_an_answer()
    assert branch_keys.shred("lost").body["removed_items"] == 4
    assert set(branch_keys.items("lost")) == {"shredded"}


def test_every_answer_of_a_creation_is_lost_and_the_next_call_says_that_it_was_made(
    branch_keys: Any,
) -> None:
    branch_keys.aws.fail_next("dynamodb", "TransactWriteItems", answer_lost=True, times=3)
    assert branch_keys.create("unheard").status == 503
    branch_keys.aws.clear_faults()
    again = branch_keys.create("unheard")
    assert (again.status, again.slug) == (409, "branch-key-exists")
    check_whole(branch_keys, "unheard", versions=1)
