"""Second part: a branch key for each tenant. Change to it while it serves, rotate it, move it, shred it."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from typing import Any
from uuid import UUID

from local import caller, stored_item
from local.callers import OPERATOR
from local.demo import examples
from local.demo.checks import Checks
from local.demo.examples import TENANT, Records
from local.demo.records import shown
from local.demo.table import all_records, stored
from local.embedded import EmbeddedAws
from local.sealed import Said, sealed
from local.stored_item import HEADER

# These are written again at once; the contracts are encrypted anew when it turns out that they were not.
_AGAIN = [path for path in examples.FILES if path.stem != "contracts"]
_LATER = [path for path in examples.FILES if path.stem == "contracts"]
# So that the demonstration need not wait long for what functions have in memory.
_CACHE_SECONDS = 2
# The data key under the intermediate key, then salt and nonce; then the version.
_VERSION = slice(48 + 28, 48 + 44)


def tell(aws: EmbeddedAws, checks: Checks, *, known: Records) -> None:
    """Tell the second part."""
    record = shown(examples.read(_AGAIN))
    _change_strategy(aws, checks, record=record)
    _write_again(aws, checks, known=known)
    _show(aws, record=record)
    _rotate(aws, checks, known=known)
    _move(aws, checks, record=record)
    _shred(aws, checks, record=record)


def _change_strategy(aws: EmbeddedAws, checks: Checks, *, record: str) -> None:
    print("\nA branch key for each tenant: changing the key strategy to `tenant` while it serves", flush=True)
    began = time.monotonic()
    with _reading(aws, record) as answers:
        aws.change_settings({"key_strategy": "tenant"})
    seconds, count = time.monotonic() - began, answers.total()
    checks.that(
        set(answers) == {200}, f"changed in {seconds:.0f} s; all of {count} reads meanwhile were answered"
    )
    created = _operate(aws, "create", TENANT)
    checks.that(
        created.get("state") == "active", f"`sealed tenant create {TENANT}`: version {created.get('version')}"
    )


def _write_again(aws: EmbeddedAws, checks: Checks, *, known: Records) -> None:
    before = Counter(aws.kms_calls())
    replaced = sum(examples.import_file(aws, path).get("replaced", 0) for path in _AGAIN)
    calls = Counter(aws.kms_calls()) - before
    writers = _processes(aws, "Writer")
    checks.that(
        set(calls) == {"Decrypt"} and calls.total() <= writers,
        f"{replaced} records written again: {calls.total()} calls of KMS, one by each process in its time",
    )
    before, began = Counter(aws.kms_calls()), time.monotonic()
    read = caller.get_all(aws, tenant=TENANT)
    seconds = time.monotonic() - began
    calls = Counter(aws.kms_calls()) - before
    left = len(known) - replaced
    readers = _processes(aws, "Reader")
    checks.that(
        read == known and left < calls["Decrypt"] <= left + readers,
        f"all {len(read)} read in {seconds:.1f} s: {calls.total()} calls,"
        f" {left} of them for the {left} not yet written again",
    )


def _show(aws: EmbeddedAws, *, record: str) -> None:
    wrapped = stored_item.read_header(stored(aws, tenant=TENANT, record=record)[HEADER]["B"])
    print(
        f"      wrapped key: {wrapped.provider}, branch key {wrapped.key}\n"
        f"                   version {UUID(bytes=wrapped.wrapped_key[_VERSION])},"
        f" {len(wrapped.wrapped_key)} bytes"
    )


def _rotate(aws: EmbeddedAws, checks: Checks, *, known: Records) -> None:
    print("\nRotate it, move it to another KMS key, shred it")
    rotated = _operate(aws, "rotate", TENANT)
    same = caller.get_all(aws, tenant=TENANT) == known
    version = rotated.get("version")
    checks.that(same and bool(version), f"`rotate`: version {version}; all {len(known)} read as before")


def _move(aws: EmbeddedAws, checks: Checks, *, record: str) -> None:
    kms, old = aws.client("kms"), aws.outputs["EnvelopeKeyArn"]
    new = kms.create_key(Description="Branch keys")["KeyMetadata"]["Arn"]
    aws.change_settings({"branch_key_arn": new, "branch_key_cache_seconds": _CACHE_SECONDS})
    before = all_records(aws)
    moved = _operate(aws, "move", TENANT, "--to", new)
    touched = sum(item not in before for item in all_records(aws))
    checks.that(
        moved.get("verified") is True and touched == moved.get("records_touched") == 0,
        f"`move` to a key that was deployed first: {moved.get('moved')} items of the key store,"
        f" records touched: {touched}",
    )
    kms.disable_key(KeyId=old)
    answer = caller.get(aws, tenant=TENANT, path=f"records/{record}").status
    kms.enable_key(KeyId=old)
    checks.that(answer == 200, f"with the old KMS key disabled, a record is read: {answer}")


def _shred(aws: EmbeddedAws, checks: Checks, *, record: str) -> None:
    shred = ("tenant", "shred", TENANT, "--confirm", TENANT)
    left = len(examples.read(_LATER))
    refused = sealed(aws, *shred, caller=OPERATOR)
    checks.that(
        refused.code != 0 and f"{left} of the tenant's records" in refused.errors,
        f"`shred` is refused first: {left} records do not hang on the branch key",
    )
    _encrypt_anew(aws, checks, record=record)
    shredded = _answer(sealed(aws, *shred, caller=OPERATOR))
    checks.that(
        shredded.get("state") == "shredded", f"now `shred` removes {shredded.get('removed_items')} items"
    )
    clear_at = datetime.fromisoformat(shredded["caches_may_decrypt_until"]).timestamp()
    time.sleep(max(0.0, clear_at - time.time()) + 0.1)
    answers = [caller.get(aws, tenant=TENANT, path=path) for path in (f"records/{record}", "records?limit=1")]
    told = {(answer.status, answer.problem) for answer in answers}
    checks.that(
        told == {(410, "tenant-shredded")},
        f"after the caches' time ({_CACHE_SECONDS} s here) every read answers {answers[0].status}"
        f" {answers[0].problem}",
    )


def _encrypt_anew(aws: EmbeddedAws, checks: Checks, *, record: str) -> None:
    """Bring every record onto the active version of the branch key, by the deployed state machine."""
    with _reading(aws, record) as answers:
        run = _answer(sealed(aws, "maintenance", "reencrypt", "--tenant", TENANT, caller=OPERATOR))
    counts = run.get("counts", {})
    checks.that(
        run.get("state") == "complete" and counts.get("rewritten") == counts.get("seen"),
        f"`sealed maintenance reencrypt`: {counts.get('rewritten')} records encrypted anew under the new"
        " version",
    )
    checks.that(set(answers) == {200}, f"all of {answers.total()} reads meanwhile were answered")


@contextmanager
def _reading(aws: EmbeddedAws, record: str) -> Iterator[Counter[int]]:
    """Read a record again and again meanwhile; count the answers by their status."""
    answers, stop = Counter[int](), Event()

    def read() -> None:
        while not stop.is_set():
            answers[caller.get(aws, tenant=TENANT, path=f"records/{record}").status] += 1
            time.sleep(0.02)

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            yield answers
        finally:
            stop.set()
            reading.result()


def _operate(aws: EmbeddedAws, command: str, *arguments: str) -> dict[str, Any]:
    """Run `sealed tenant` as the operator, and return what it prints."""
    return _answer(sealed(aws, "tenant", command, *arguments, caller=OPERATOR))


def _answer(said: Said) -> dict[str, Any]:
    if said.code != 0:
        print(said.errors)
        return {}
    found: dict[str, Any] = json.loads(said.output)
    return found


def _processes(aws: EmbeddedAws, function: str) -> int:
    return len(aws.function_processes().get(aws.outputs[f"{function}FunctionName"], []))
