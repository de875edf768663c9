"""The commands of `sealed tenant`: each makes its calls and prints what came back as JSON."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from client import branchkeys
from client.api import RecordsApi
from client.branchkeys import Document
from client.display import Display, display_on
from client.output import emit, say
from client.problems import ConflictError, Exit, SealedError, ShreddedError, UnexpectedAnswerError, UsageError

_LARGEST_PAGE = 100
# Calls in a row that got nothing done: somebody else changes the branch key all the time.
_MOST_IDLE_CALLS = 3


def run(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    """Run the command that stands behind `tenant`."""
    commands: Mapping[str, Callable[..., Exit]] = {
        "create": _create,
        "describe": _describe,
        "list": _list,
        "rotate": _rotate,
        "move": _move,
        "shred": _shred,
    }
    return commands[arguments.tenant_command](arguments, api=api)


def _create(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    return _print(branchkeys.create(api, arguments.tenant))


def _describe(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    return _print(branchkeys.describe(api, arguments.tenant))


def _rotate(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    answer = branchkeys.rotate(api, arguments.tenant)
    say(f"until {answer.get('caches_clear_at')} functions may still write under the version before")
    return _print(answer)


def _list(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    cursor = arguments.cursor
    limit = _LARGEST_PAGE if arguments.all and arguments.limit is None else arguments.limit
    while True:
        page = branchkeys.page(api, limit=limit, cursor=cursor)
        for entry in _tenants(page):
            _print(entry)
        following = page.get("cursor")
        if following is None or not arguments.all:
            break
        if following == cursor:
            raise UnexpectedAnswerError("the API gave the same cursor twice")
        cursor = following
    if following is not None:
        say(f"more follow: --all prints them, or go on with --cursor {following}")
    return Exit.OK


def _move(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    if arguments.all == (arguments.tenant is not None):
        raise UsageError("give a tenant, or --all")
    if arguments.all:
        with display_on(name="tenants", total=None, unit="tenants") as display:
            summary = _move_all(api, to=arguments.to, display=display)
        _print(summary)
        return Exit.SOME_FAILED if summary["failed"] else Exit.OK
    return _print(_move_one(api, arguments.tenant, to=arguments.to))


def _move_all(api: RecordsApi, *, to: str, display: Display) -> dict[str, Any]:
    """Move every branch key there is; one that fails does not stop the others."""
    summary: dict[str, Any] = {
        "to": to,
        "tenants": 0,
        "moved": 0,
        "already_there": 0,
        "verified": 0,
        "shredded": 0,
        "records_touched": 0,
        "failed": {},
        "old_key_needed_until": None,
        "caches_clear_at": None,
    }
    for tenant in _every_tenant(api):
        summary["tenants"] += 1
        try:
            done = _move_one(api, tenant, to=to)
        except ShreddedError:
            summary["shredded"] += 1
        except SealedError as error:
            # The deployed key is the same for all: nothing is gained by asking for each.
            if (error.kind or "").endswith(":key-not-deployed"):
                raise
            summary["failed"][tenant] = error.kind
            display.say(f"{tenant}: {error.line()}")
        else:
            for name in ("moved", "already_there", "verified", "records_touched"):
                summary[name] += int(done[name])
            # The last one of all is what matters; times of one form sort as texts.
            for name in ("old_key_needed_until", "caches_clear_at"):
                summary[name] = max(filter(None, (summary[name], done[name])), default=None)
        display.advance(failed=len(summary["failed"]))
    return summary


def _move_one(api: RecordsApi, tenant: str, *, to: str) -> dict[str, Any]:
    """Call until nothing remains and all of it verified; return the last answer, with all that was moved."""
    moved, idle = 0, 0
    moved_from: dict[str, None] = {}
    while True:
        answer = branchkeys.move(api, tenant, to=to)
        try:
            done, remaining, verified = (
                int(answer["moved"]),
                int(answer["remaining"]),
                bool(answer["verified"]),
            )
            moved_from |= dict.fromkeys(answer["moved_from"])
        except (KeyError, TypeError, ValueError):
            raise UnexpectedAnswerError("the answer does not tell of a move") from None
        moved += done
        if verified and not remaining:
            already_there = int(answer.get("already_there", 0)) - (moved - done)
            return {**answer, "moved": moved, "already_there": already_there, "moved_from": list(moved_from)}
        idle = 0 if done else idle + 1
        if idle == _MOST_IDLE_CALLS:
            raise ConflictError(
                f"{tenant}: {remaining} items remain and verified is {verified} after {idle} calls that "
                "moved nothing: somebody else is changing the branch key, or there are too many versions to "
                "verify at once; what was moved stays moved, run the same again later",
                kind="move-unfinished",
            )


def _shred(arguments: argparse.Namespace, *, api: RecordsApi) -> Exit:
    _confirm(arguments.tenant, given=arguments.confirm)
    cursor: str | None = None
    while True:
        answer = branchkeys.shred(
            api, arguments.tenant, delete_records=arguments.delete_records, cursor=cursor
        )
        if answer.get("state") != "counting":
            break
        say(
            f"{answer.get('counted')} records looked at, {answer.get('outside')} of them do not hang on the "
            f"branch key, {answer.get('deleted_records')} deleted"
        )
        if answer.get("cursor") in (None, cursor):
            raise UnexpectedAnswerError("the API gave no new cursor to count on with")
        cursor = str(answer["cursor"])
    for remark in answer.get("remarks") or ():
        say(str(remark))
    return _print(answer)


def _confirm(tenant: str, *, given: str | None) -> None:
    """Let somebody who is there write the tenant's name once more."""
    if given is None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError(f"nobody is here to ask: confirm with --confirm {tenant}")
        say(
            f"Every version of the branch key of {tenant} is removed. What was written under it cannot be "
            "read again."
        )
        say("Write the tenant's name to go on:")
        given = sys.stdin.readline().rstrip("\n")
    if given != tenant:
        raise UsageError(f"not confirmed: {tenant} was not written; nothing was changed")


def _every_tenant(api: RecordsApi) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = branchkeys.page(api, limit=_LARGEST_PAGE, cursor=cursor)
        for entry in _tenants(page):
            if entry.get("state") == "active":
                yield str(entry["tenant"])
        following = page.get("cursor")
        if following is None:
            return
        if following == cursor:
            raise UnexpectedAnswerError("the API gave the same cursor twice")
        cursor = str(following)


def _tenants(page: Document) -> list[Document]:
    found = page.get("tenants")
    if not isinstance(found, list) or not all(
        isinstance(entry, dict) and "tenant" in entry for entry in found
    ):
        raise UnexpectedAnswerError(
            "the answer is not a page of branch keys: is --endpoint the address of this API?"
        )
    return found


def _print(document: Document) -> Exit:
    emit(json.dumps(document, separators=(",", ":"), ensure_ascii=False))
    return Exit.OK
