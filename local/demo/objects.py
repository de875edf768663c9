"""A large object: encrypted by who stores it, read in part, and refused when one bit of it was changed."""

import json
import tempfile
from pathlib import Path
from typing import Any

from local.demo.checks import Checks
from local.demo.examples import TENANT
from local.embedded import EmbeddedAws
from local.sealed import Said, sealed

_OTHER = "globex"
_OBJECT = "readings-2026"
_LINES = 600_000
_FROM, _LENGTH = 10_000_000, 1024 * 1024


def tell(aws: EmbeddedAws, checks: Checks) -> None:
    """Tell of objects."""
    print("\nA large object of tenant acme, with `sealed object`", flush=True)
    content = "".join(f"{number:09d} a reading, which is nobody's business\n" for number in range(_LINES))
    with tempfile.TemporaryDirectory(prefix="sealed-demo-") as folder:
        source, copy = Path(folder, "readings.txt"), Path(folder, "copy.txt")
        source.write_text(content)
        _store(aws, checks, source)
        said = _sealed(aws, "get", TENANT, _OBJECT, "--output", str(copy))
        checks.that(
            said.code == 0 and copy.read_text() == content, "it comes back as it was, to the last byte"
        )
        _read_a_part(aws, checks, content)
        _change_a_bit(aws, checks, folder=Path(folder))
    said = _sealed(aws, "get", TENANT, _OBJECT, "--output", "-", caller=_OTHER)
    checks.that(
        said.code != 0 and "sts:AssumeRole" in said.errors,
        f"a caller of tenant {_OTHER}: refused, the role is not to be had for another tenant",
    )


def _store(aws: EmbeddedAws, checks: Checks, source: Path) -> None:
    before = len(aws.requests())
    said = _sealed(aws, "put", TENANT, _OBJECT, str(source))
    asked = [request.operation for request in aws.requests()[before:]]
    keys, parts = asked.count("GenerateDataKey"), asked.count("UploadPart")
    size = source.stat().st_size / 1024**2
    checks.that(
        said.code == 0 and keys == 1,
        f"{size:.0f} MiB encrypted here and stored in {parts} parts, with one data key of KMS",
    )
    if said.code == 0:
        print(f"      a record points at it by {json.dumps(json.loads(said.output)['pointer'])[:58]}…")


def _read_a_part(aws: EmbeddedAws, checks: Checks, content: str) -> None:
    before = len(aws.requests("s3"))
    said = _sealed(aws, "cat", TENANT, _OBJECT, "--range", f"{_FROM}-{_FROM + _LENGTH - 1}")
    asked = len(aws.requests("s3")) - before
    checks.that(
        said.output == content[_FROM : _FROM + _LENGTH],
        f"1 MiB out of its middle: {asked} requests, and no more of it than these frames",
    )


def _change_a_bit(aws: EmbeddedAws, checks: Checks, *, folder: Path) -> None:
    s3: Any = aws.client("s3")
    place = {"Bucket": aws.outputs["ObjectsBucketName"], "Key": f"tenants/{TENANT}/{_OBJECT}"}
    message = bytearray(s3.get_object(**place)["Body"].read())
    message[len(message) // 2] ^= 1
    s3.put_object(**place, Body=bytes(message))
    there = folder / "changed.txt"
    said = _sealed(aws, "get", TENANT, _OBJECT, "--output", str(there))
    checks.that(
        said.code != 0 and not list(folder.glob("*changed*")),
        "one bit of it flipped in the bucket: refused, and no file is left",
    )


def _sealed(aws: EmbeddedAws, *words: str, caller: str = TENANT) -> Said:
    return sealed(aws, "object", *words, caller=caller)
