"""Memory that messages take: each program runs in a process that may grow by 40 MiB and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads its size from /proc")
_ROOT = Path(__file__).parents[2]
_LIMITED = """
import io, pathlib, resource, sys
sys.path[:0] = {paths!r}
from envelope import EnvelopeError, MessageReader, MessageWriter, decrypt, read_range
from tests.unit.message_cases import PiecewiseSource, StaticKeyring
from tests.unit.message_reference import Message

keys = dict(keyring=StaticKeyring(), encryption_context={{}})
for suite in (0x0478, 0x0578, 0x0178):
    decrypt(Message(suite=suite).whole(), allow_uncommitted=True, **keys)
baseline = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (baseline + 40 * 2**20,) * 2)
try:
    bytearray(64 * 2**20)
except MemoryError:
    print("limited")
path = pathlib.Path({path!r})
"""
_FORGED = """
made, block, signed = Message(b""), Message(b"", frame_length=0), Message(b"", suite=0x0578)
widths = dict(context_length=2, entry_count=2, provider_id_length=2, provider_info_length=2,
              ciphertext_length=2, frame_length=4)
forged = [Message(b"", suite=suite).header(**{field: b"\\xff" * width})
          for suite in (0x0478, 0x0578, 0x0178) for field, width in widths.items()]
forged += [made.but(frame_length=2**24).header() + bytes(4)]
forged += [made.whole(made.final_frame(1, b"", length=2**32 - 1))]
forged += [block.whole(block.single_block(length=length)) for length in (2**24, 2**31, 2**40, 2**64 - 1)]
forged += [signed.header() + signed.final_frame(1, b"") + b"\\xff\\xff"]

class Liar(io.BytesIO):
    def seek(self, offset, whence=0):
        return super().seek(offset, whence) if whence == 0 else len(self.getvalue()) + 2**50

refused = 0
for message in forged:
    path.write_bytes(message)
    with path.open("rb") as buffered, path.open("rb", buffering=0) as raw:
        reads = [lambda: decrypt(message, allow_uncommitted=True, **keys)]
        for source in (buffered, raw, io.BytesIO(message), PiecewiseSource(message)):
            reads.append(lambda source=source: MessageReader(source, allow_uncommitted=True, **keys).read())
        for source in (buffered, raw, Liar(message)):
            reads.append(lambda source=source: read_range(source, 0, 1, **keys))
        for read in reads:
            try:
                read()
            except EnvelopeError:
                refused += 1
print(len(forged), refused)
"""
_LARGE = """
piece = bytes(3_000_000)
with path.open("wb") as sink, MessageWriter(sink, frame_length=2**20, signed=True, **keys) as writer:
    for _ in range(25):
        writer.write(piece)
with path.open("rb") as source:
    print(sum(map(len, MessageReader(source, **keys).frames())))
with path.open("rb") as source:
    reader, read = MessageReader(source, **keys), 0
    while part := reader.read(100_000):
        read += len(part)
    print(read)
with path.open("rb") as source, open("/dev/null", "wb") as sink:
    print(MessageReader(source, **keys).copy_to(sink))
"""


def _printed(program: str, path: Path) -> str:
    limited = _LIMITED.format(paths=[str(_ROOT), str(_ROOT / "lambda_src")], path=str(path))
    done = subprocess.run(
        [sys.executable, "-c", limited + program], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


def test_memory_stays_bounded_whatever_lengths_a_message_claims(tmp_path: Path) -> None:
    assert _printed(_FORGED, tmp_path / "message") == "limited\n25 200\n"


def test_a_message_larger_than_the_memory_is_written_and_read(tmp_path: Path) -> None:
    assert _printed(_LARGE, tmp_path / "message") == "limited\n" + "75000000\n" * 3
