"""First part: records with a data key of KMS each. Import them, look at one, attack it, count KMS's calls."""

import json
import time
from typing import Any

from local import caller, stored_item
from local.demo import audit, examples
from local.demo.checks import Checks
from local.demo.examples import TENANT, Records
from local.demo.table import Item, everything_stored, store, stored
from local.embedded import EmbeddedAws
from local.stored_item import FOOTER, HEADER
from local.subscriber import subscribe

_OTHER_TENANT = "globex"
_INTEGRITY_FAILURE = (500, "integrity-failure")
_FUNCTIONS = ("Writer", "Reader", "TenantAdmin")
_SHOWN_ATTRIBUTES, _SHOWN_CHARACTERS = 10, 700
_VALUE_WIDTH, _API_WIDTH = 34, 40
# A function's last log line may be a moment behind its answer.
_ALARM_SECONDS = 10.0


def tell(aws: EmbeddedAws, checks: Checks, *, known: Records) -> None:
    """Tell the first part."""
    _import(aws, checks, known=known)
    _read_all(aws, checks, known=known)
    record = shown(known)
    other = next(name for name in known if name != record)
    _show(aws, record=record, item=stored(aws, tenant=TENANT, record=record))
    _attack(aws, checks, record=record, other=other, data=known[record])
    audit.try_to_decrypt(aws, checks, record=record)


def shown(known: Records) -> str:
    """Return the record that shows best."""
    return min(known, key=lambda name: _distance_from_a_screen(known[name]))


def _import(aws: EmbeddedAws, checks: Checks, *, known: Records) -> None:
    print("\nImporting examples/data with the `sealed` command, as the caller of tenant acme", flush=True)
    began = time.monotonic()
    before = aws.kms_calls().get("GenerateDataKey", 0)
    created = sum(examples.import_file(aws, path).get("created", 0) for path in examples.FILES)
    seconds = time.monotonic() - began
    checks.that(created == len(known), f"{created} of {len(known)} records stored in {seconds:.1f} s")
    calls = aws.kms_calls().get("GenerateDataKey", 0) - before
    checks.that(calls == created, f"KMS was asked for {calls} data keys: one for each write")


def _read_all(aws: EmbeddedAws, checks: Checks, *, known: Records) -> None:
    before = aws.kms_calls().get("Decrypt", 0)
    began = time.monotonic()
    read = caller.get_all(aws, tenant=TENANT)
    seconds = time.monotonic() - began
    checks.that(
        read == known, f"all {len(read)} read back as they were, to the last digit, in {seconds:.1f} s"
    )
    calls = aws.kms_calls().get("Decrypt", 0) - before
    checks.that(calls == len(read), f"KMS was asked to unwrap {calls} data keys: one for each read")


def _show(aws: EmbeddedAws, *, record: str, item: Item) -> None:
    answer = caller.get(aws, tenant=TENANT, path=f"records/{record}").content
    header = stored_item.read_header(item[HEADER]["B"])
    print("\nOne record, in the table and as the API returns it")
    for name, value in sorted(item.items()):
        if name not in (HEADER, FOOTER):
            returned = _shortened(_as_json(answer[name]), _API_WIDTH) if name in answer else ""
            print(f"      {name:<12.12} {_as_stored(value):<{_VALUE_WIDTH}}  {returned}".rstrip())
    print(
        f"      header: version {header.version}, flavor {header.flavor}, legend {header.legend};"
        f" footer: {len(item[FOOTER]['B'])} bytes\n"
        f"      wrapped key: {header.provider}, {header.key.rpartition(':')[2]}\n"
        f"                   {len(header.wrapped_key)} bytes, …{header.wrapped_key.hex()[-24:]}"
    )


def _attack(aws: EmbeddedAws, checks: Checks, *, record: str, other: str, data: Any) -> None:  # noqa: ANN401
    print("\nSomebody who can write to the table, but has no key, tries")
    on_call = subscribe(aws, aws.outputs["AlarmTopicArn"])
    original = stored(aws, tenant=TENANT, record=record)
    flipped = next(name for name in sorted(data) if "B" in original[name])
    foreign = stored(aws, tenant=TENANT, record=other)[HEADER]["B"]
    swapped = stored_item.with_data_keys_of(original[HEADER]["B"], foreign)
    attempts = (
        ("to copy it to tenant globex", _OTHER_TENANT, {"tenant": {"S": _OTHER_TENANT}}),
        (
            f"to flip one bit of `{flipped}`",
            TENANT,
            {flipped: {"B": stored_item.with_a_flipped_bit(original[flipped]["B"])}},
        ),
        ("to give it another record's data key", TENANT, {HEADER: {"B": swapped}}),
    )
    for what, tenant, change in attempts:
        store(aws, {**original, **change})
        answer = caller.get(aws, tenant=tenant, path=f"records/{record}")
        refused = (answer.status, answer.problem) == _INTEGRITY_FAILURE
        checks.that(refused, f"{what:<37} the API answers {answer.status} {answer.problem}")
    alarm = f"{aws.outputs['RecordsTableName'].removesuffix('-records')}-integrity-failure"
    told = on_call.is_told_of(alarm, within=_ALARM_SECONDS)
    checks.that(told, f"who subscribed to the alarms was told: {alarm}")
    store(aws, original)
    again = caller.get(aws, tenant=TENANT, path=f"records/{record}")
    checks.that(
        (again.status, again.content) == (200, data), "put back as it was, the record reads as before"
    )


def look_for_plaintext(aws: EmbeddedAws, checks: Checks, *, known: Records) -> None:
    """Look for what was stored in the tables and in the functions' logs."""
    markers = examples.markers(known)
    kept = b"\n".join(everything_stored(aws))
    logs = "\n".join(aws.function_logs(aws.outputs[f"{name}FunctionName"]) for name in _FUNCTIONS)
    kept += logs.encode()
    found = [text for text in markers if text.encode() in kept]
    size = f"{len(kept) / 1e6:.1f} MB of tables and logs"
    print()
    checks.that(bool(markers) and not found, f"none of {len(markers)} texts of the examples is in {size}")


def _distance_from_a_screen(data: Records) -> int:
    """Tell how far a record is from one that shows well: ten attributes, and not much in them."""
    return 100 * abs(len(data) - _SHOWN_ATTRIBUTES) + abs(len(str(data)) - _SHOWN_CHARACTERS)


def _as_stored(value: dict[str, Any]) -> str:
    ((kind, content),) = value.items()
    if isinstance(content, bytes):
        return f"{kind}  {len(content):>4} bytes  {content.hex()[:16]}…"
    return f"{kind}  {_shortened(str(content), 28)}"


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=float)


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
