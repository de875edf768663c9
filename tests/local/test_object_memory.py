"""Memory and bytes of a large object. `make large` takes 1 GiB; a plain run of the tests less."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.object_commands import Commands
from tests.local.test_trail import Archive, of

MEBIBYTES = int(os.environ.get("SEALED_OBJECT_MIB", "96"))
MIB = 1024 * 1024
ABOVE_THE_IMPORTS = 64 * MIB
# The program itself measures its highest mark of memory, and what it was once everything is imported. What
# getrusage says of a process begins with the mark of the one that started it, so it is not asked.
_MEASURED = """
import re, sys
import client.entry as sealed
from client import objectcommands
def mark():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
imported = mark()
try:
    sealed.main(sys.argv[1:])
finally:
    print(mark() - imported, file=sys.stderr)
"""

Measure = Callable[..., int]


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    block = os.urandom(MIB)
    with path.open("wb") as stream:
        for number in range(MEBIBYTES):
            stream.write(number.to_bytes(4, "big") + block[4:])
    return path


@pytest.fixture
def measure(sealed_here: Commands) -> Measure:
    """Run `sealed`, and return by how much its memory grew beyond what the imports take."""

    def run(*words: str, output: int = subprocess.DEVNULL) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, *words],
            cwd=sealed_here.folder,
            env=sealed_here.environment(),
            stdout=output,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return int(done.stderr.split()[-1])

    return run


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured by Linux's /proc")
def test_a_large_object_goes_up_and_down_in_little_memory(
    sealed_here: Commands, big: Path, measure: Measure
) -> None:
    name = f"large-{os.getpid()}"
    grew = {"put": measure("object", "put", "acme", name, "big")}
    grew["get"] = measure("object", "get", "acme", name, "-o", "out")
    assert _digest(big.with_name("out")) == _digest(big)
    with big.with_name("streamed").open("wb") as stream:
        grew["cat"] = measure("object", "cat", "acme", name, output=stream.fileno())
    assert _digest(big.with_name("streamed")) == _digest(big)
    sealed_here.aws.forget_trail()
    archive = Archive(sealed_here.aws)
    start = (MEBIBYTES // 2) * MIB + 12_345
    with big.with_name("range").open("wb") as stream:
        grew["range"] = measure(
            "object", "cat", "acme", name, "--range", f"{start}-{start + MIB - 1}", output=stream.fileno()
        )
    with big.open("rb") as source:
        source.seek(start)
        assert big.with_name("range").read_bytes() == source.read(MIB)
    reads = of(list(archive.new()), "s3", "GetObject")
    fetched = sum(read["additionalEventData"]["bytesTransferredOut"] for read in reads)
    print(f"{MEBIBYTES} MiB; above the imports, in MiB:", {k: round(v / MIB, 1) for k, v in grew.items()})
    print(f"a range of {MIB} bytes fetched {fetched}")
    assert MIB < fetched <= MIB + 2 * 65_536 + 4096
    assert min(grew.values()) > 0
    assert max(grew.values()) <= ABOVE_THE_IMPORTS
    sealed_here.s3.delete_object(Bucket=sealed_here.bucket, Key=f"tenants/acme/{name}")


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
