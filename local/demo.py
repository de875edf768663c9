"""The demonstration: deploy, import the examples, look at one stored record, attack it, count KMS calls.

One screen of plain text that ends with ``demo: N checks passed``. Everything lives in a temporary folder and
is gone afterwards.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from local import caller, stored_item
from local.build_cache import ROOT
from local.cdk_command import DeploymentError
from local.embedded import EmbeddedAws
from local.package import DependenciesError
from local.settings import UnknownEnvironmentError
from local.stored_item import FOOTER, HEADER
from local.subscriber import subscribe

_EXAMPLES = ROOT / "examples" / "data"
_TENANT, _OTHER_TENANT = "acme", "globex"
_INTEGRITY_FAILURE = (500, "integrity-failure")
# Texts of the examples that are long enough not to occur by chance, and how many of them are looked for.
_MARKER_LENGTH, _MARKERS = 12, 400
_SHOWN_ATTRIBUTES, _SHOWN_CHARACTERS = 10, 700
_VALUE_WIDTH, _API_WIDTH = 34, 40
# A function's last log line may be a moment behind its answer.
_ALARM_SECONDS = 10.0

Records = dict[str, Any]
Item = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Checks:
    """What was checked, and what of it did not hold."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)

    def that(self, holds: bool, text: str) -> None:  # noqa: FBT001
        """Note one check and print it."""
        print(f"  {'ok ' if holds else 'NOT'} {text}", flush=True)
        if holds:
            self.passed += 1
        else:
            self.failed.append(text)


def run(*, environment: str, runtime: Literal["auto", "awslambdaric", "loop"]) -> int:
    """Run the demonstration and return the exit code."""
    checks = Checks()
    print("Deploying the real stacks into an AWS inside this process: no account, no Docker", flush=True)
    began = time.monotonic()
    try:
        with EmbeddedAws(environment=environment, runtime=runtime) as aws:
            seconds = time.monotonic() - began
            checks.that(len(aws.stacks) > 0, f"{', '.join(aws.stacks)} are up, in {seconds:.0f} s")
            _tell(aws, checks)
    except (UnknownEnvironmentError, DeploymentError, DependenciesError) as error:
        print(f"{error}\n\ndemo: the deployment failed", file=sys.stderr)
        return 1
    print("\nGo on: `make up` keeps one running and says how to call it; README.md says the rest.")
    if checks.failed:
        print(f"demo: {len(checks.failed)} of {checks.passed + len(checks.failed)} checks FAILED")
        return 1
    print(f"demo: {checks.passed} checks passed")
    return 0


def _tell(aws: EmbeddedAws, checks: Checks) -> None:
    examples = _examples()
    _import(aws, checks, examples=examples)
    _read_all(aws, checks, examples=examples)
    record = min(examples, key=lambda name: _distance_from_a_screen(examples[name]))
    other = next(name for name in examples if name != record)
    stored = _stored(aws, record)
    _show(aws, record=record, stored=stored)
    _attack(aws, checks, record=record, other=other, data=examples[record])
    _look_for_plaintext(aws, checks, examples=examples)


def _import(aws: EmbeddedAws, checks: Checks, *, examples: Records) -> None:
    print("\nImporting examples/data with the `sealed` command, as the caller of tenant acme", flush=True)
    began = time.monotonic()
    before = aws.kms_calls().get("GenerateDataKey", 0)
    stored = sum(_sealed_import(aws, path) for path in sorted(_EXAMPLES.glob("*.jsonl")))
    seconds = time.monotonic() - began
    checks.that(stored == len(examples), f"{stored} of {len(examples)} records stored in {seconds:.1f} s")
    calls = aws.kms_calls().get("GenerateDataKey", 0) - before
    checks.that(calls == stored, f"KMS was asked for {calls} data keys: one for each write")


def _sealed_import(aws: EmbeddedAws, path: Path) -> int:
    """Import a file with the client's own command, and return how many records it stored."""
    key = aws.credentials(_TENANT)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables |= {
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret_key,
        "AWS_REGION": aws.region,
        "SEALED_ENDPOINT": aws.api_url,
    }
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "client", "import", str(path), "--tenant", _TENANT]
        command += ["--progress-file", str(Path(folder) / "progress")]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
    summary = json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else {}
    return int(summary.get("created", 0))


def _read_all(aws: EmbeddedAws, checks: Checks, *, examples: Records) -> None:
    before = aws.kms_calls().get("Decrypt", 0)
    read = caller.get_all(aws, tenant=_TENANT)
    checks.that(read == examples, f"all {len(read)} read back as they were, to the last digit")
    calls = aws.kms_calls().get("Decrypt", 0) - before
    checks.that(calls == len(read), f"KMS was asked to unwrap {calls} data keys: one for each read")


def _show(aws: EmbeddedAws, *, record: str, stored: Item) -> None:
    answer = caller.get(aws, tenant=_TENANT, path=f"records/{record}").content
    header = stored_item.read_header(stored[HEADER]["B"])
    print("\nOne record, in the table and as the API returns it")
    for name, value in sorted(stored.items()):
        if name not in (HEADER, FOOTER):
            returned = _shortened(_as_json(answer[name]), _API_WIDTH) if name in answer else ""
            print(f"      {name:<12.12} {_as_stored(value):<{_VALUE_WIDTH}}  {returned}".rstrip())
    print(
        f"      header: version {header.version}, flavor {header.flavor}, legend {header.legend};"
        f" footer: {len(stored[FOOTER]['B'])} bytes\n"
        f"      wrapped key: {header.provider}, {header.key.rpartition(':')[2]}\n"
        f"                   {len(header.wrapped_key)} bytes, …{header.wrapped_key.hex()[-24:]}"
    )


def _attack(aws: EmbeddedAws, checks: Checks, *, record: str, other: str, data: Any) -> None:  # noqa: ANN401
    print("\nSomebody who can write to the table, but has no key, tries")
    on_call = subscribe(aws, aws.outputs["AlarmTopicArn"])
    original = _stored(aws, record)
    flipped = next(name for name in sorted(data) if "B" in original[name])
    foreign = stored_item.with_data_keys_of(original[HEADER]["B"], _stored(aws, other)[HEADER]["B"])
    attempts = (
        ("to copy it to tenant globex", _OTHER_TENANT, {"tenant": {"S": _OTHER_TENANT}}),
        (
            f"to flip one bit of `{flipped}`",
            _TENANT,
            {flipped: {"B": stored_item.with_a_flipped_bit(original[flipped]["B"])}},
        ),
        ("to give it another record's data key", _TENANT, {HEADER: {"B": foreign}}),
    )
    for what, tenant, change in attempts:
        _store(aws, {**original, **change})
        answer = caller.get(aws, tenant=tenant, path=f"records/{record}")
        refused = (answer.status, answer.problem) == _INTEGRITY_FAILURE
        checks.that(refused, f"{what:<37} the API answers {answer.status} {answer.problem}")
    alarm = f"{aws.outputs['RecordsTableName'].removesuffix('-records')}-integrity-failure"
    told = on_call.is_told_of(alarm, within=_ALARM_SECONDS)
    checks.that(told, f"who subscribed to the alarms was told: {alarm}")
    _store(aws, original)
    again = caller.get(aws, tenant=_TENANT, path=f"records/{record}")
    checks.that(
        (again.status, again.content) == (200, data), "put back as it was, the record reads as before"
    )


def _look_for_plaintext(aws: EmbeddedAws, checks: Checks, *, examples: Records) -> None:
    texts = sorted({text for data in examples.values() for text in _texts(data)}, key=len)
    markers = texts[:: max(1, len(texts) // _MARKERS)]
    kept = b"\n".join(_everything_stored(aws))
    logs = "\n".join(aws.function_logs(aws.outputs[f"{name}FunctionName"]) for name in ("Writer", "Reader"))
    kept += logs.encode()
    found = [text for text in markers if text.encode() in kept]
    size = f"{len(kept) / 1e6:.1f} MB of table and logs"
    print()
    checks.that(bool(markers) and not found, f"none of {len(markers)} texts of the examples is in {size}")


def _examples() -> Records:
    records: Records = {}
    for path in sorted(_EXAMPLES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            records[entry["record"]] = entry["data"]
    return records


def _distance_from_a_screen(data: Records) -> int:
    """Tell how far a record is from one that shows well: ten attributes, and not much in them."""
    return 100 * abs(len(data) - _SHOWN_ATTRIBUTES) + abs(len(str(data)) - _SHOWN_CHARACTERS)


def _stored(aws: EmbeddedAws, record: str) -> Item:
    key = {"tenant": {"S": _TENANT}, "record": {"S": record}}
    found = aws.client("dynamodb").get_item(TableName=aws.outputs["RecordsTableName"], Key=key)
    item: Item = found["Item"]
    return item


def _store(aws: EmbeddedAws, item: Item) -> None:
    aws.client("dynamodb").put_item(TableName=aws.outputs["RecordsTableName"], Item=item)


def _everything_stored(aws: EmbeddedAws) -> Iterator[bytes]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=aws.outputs["RecordsTableName"])
    for page in pages:
        for item in page["Items"]:
            for value in item.values():
                (content,) = value.values()
                yield content if isinstance(content, bytes) else str(content).encode()


def _texts(value: object) -> Iterator[str]:
    """Yield every long text in a JSON value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and len(value) >= _MARKER_LENGTH:
        yield value


def _as_stored(value: dict[str, Any]) -> str:
    ((kind, content),) = value.items()
    if isinstance(content, bytes):
        return f"{kind}  {len(content):>4} bytes  {content.hex()[:16]}…"
    return f"{kind}  {_shortened(str(content), 28)}"


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=float)


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
