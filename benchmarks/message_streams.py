"""How fast messages are streamed, against bare AES-GCM and AWS's own library. `make streams` prints it.

Bare AES-GCM does the least that any format needs: reads of 1 MiB encrypting, of a frame decrypting, into
buffers that are used again, one write and one tag for each 64 KiB. All streams are in memory: what a disk or
a network takes comes on top of each alike. The runs take turns, so that all of them meet the same machine;
ratios are of medians.
"""

import argparse
import io
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "lambda_src"))

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput
from aws_cryptographic_material_providers.mpl.references import IKeyring
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from rich.progress import track

from envelope import MessageReader, MessageWriter, RawAesKeyring

MIB = 1024 * 1024
FRAME = 64 * 1024
CHUNK = 1024 * 1024
TAG = 16
_KEY = bytes(range(32))
_CONTEXT = {"object-tenant": "acme", "object-id": "benchmark"}
TARGETS = (
    ("encrypt", "raw", 0.85),
    ("decrypt", "raw", 0.85),
    ("encrypt", "official", 3.0),
    ("decrypt", "official", 3.0),
)


Pieces = Callable[[Any], Iterator[bytes]]


class Unclosed(io.RawIOBase):
    """A stream that AWS's library may close without its being closed."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Read."""
        return self._stream.read(size)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move."""
        return self._stream.seek(offset, whence)

    def seekable(self) -> bool:
        """Return True."""
        return True


class Streams:
    """The same bytes through each of them, from memory to memory."""

    def __init__(self, *, mebibytes: int) -> None:
        self._plain = io.BytesIO(os.urandom(mebibytes * MIB))
        # Written over and over, so that none of them pays for making a buffer grow.
        self._out = io.BytesIO(bytes(mebibytes * MIB))
        room = bytes((mebibytes + 1) * MIB)
        self._messages = {name: io.BytesIO(room) for name in ("ours", "raw", "official")}
        self._chunk = memoryview(bytearray(CHUNK))
        self._ours = RawAesKeyring("benchmark", "key", _KEY)
        self._official_keyring = _official_keyring()
        self._official = aws_encryption_sdk.EncryptionSDKClient()

    def begin(self) -> None:
        """Put every stream at its beginning."""
        for stream in (self._plain, self._out, *self._messages.values()):
            stream.seek(0)

    def cut(self, who: str) -> None:
        """Let a message end where it was written to."""
        self._messages[who].truncate()

    def encrypt_raw(self) -> None:
        """Encrypt each 64 KiB with its number as nonce."""
        aead, sealed = AESGCM(_KEY), memoryview(bytearray(FRAME + TAG))
        number = 0
        while length := self._plain.readinto(self._chunk):
            for at in range(0, length, FRAME):
                number += 1
                content = self._chunk[at : at + FRAME]
                aead.encrypt_into(number.to_bytes(12, "big"), content, None, sealed)
                self._messages["raw"].write(sealed)

    def decrypt_raw(self) -> None:
        """Decrypt what `encrypt_raw` wrote."""
        aead, sealed = AESGCM(_KEY), memoryview(bytearray(FRAME + TAG))
        content = memoryview(bytearray(FRAME))
        number = 0
        while self._messages["raw"].readinto(sealed):
            number += 1
            aead.decrypt_into(number.to_bytes(12, "big"), sealed, None, content)
            self._out.write(content)

    def encrypt_ours(self) -> None:
        """Write a message."""
        sink = self._messages["ours"]
        with MessageWriter(sink, keyring=self._ours, encryption_context=_CONTEXT) as writer:
            while length := self._plain.readinto(self._chunk):
                writer.write(self._chunk[:length])

    def decrypt_ours(self) -> None:
        """Read a message."""
        source = self._messages["ours"]
        MessageReader(source, keyring=self._ours, encryption_context=_CONTEXT).copy_to(self._out)

    def encrypt_official(self) -> None:
        """Write such a message with AWS's library, in the way that its documentation shows."""
        self._encrypt_official(iter)

    def decrypt_official(self) -> None:
        """Read it with AWS's library, as its documentation does."""
        self._decrypt_official(iter)

    def encrypt_official_frames(self) -> None:
        """The same, asking for whole frames: who knows the library well may do so."""
        self._encrypt_official(_whole_frames)

    def decrypt_official_frames(self) -> None:
        """The same, asking for whole frames."""
        self._decrypt_official(_whole_frames)

    def _encrypt_official(self, pieces: Pieces) -> None:
        with self._official.stream(
            mode="e",
            source=Unclosed(self._plain),
            keyring=self._official_keyring,
            encryption_context=_CONTEXT,
            algorithm=aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
            frame_length=FRAME,
        ) as encryptor:
            for piece in pieces(encryptor):
                self._messages["official"].write(piece)

    def _decrypt_official(self, pieces: Pieces) -> None:
        source = Unclosed(self._messages["official"])
        with self._official.stream(mode="d", source=source, keyring=self._official_keyring) as decryptor:
            for piece in pieces(decryptor):
                self._out.write(piece)

    def check(self) -> None:
        """Raise SystemExit unless what was decrypted last is the plaintext."""
        if self._out.getbuffer() != self._plain.getbuffer():
            raise SystemExit("what was decrypted is not what was encrypted")


def main() -> None:
    """Measure, and print each target with its figure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mebibytes", type=int, default=64, help="length of the stream (default 64)")
    arguments.add_argument(
        "--rounds", type=int, default=31, help="how often each takes its turn (default 31)"
    )
    given = arguments.parse_args()
    streams = Streams(mebibytes=given.mebibytes)
    took: dict[tuple[str, str], list[float]] = {}
    for _ in track(range(given.rounds), description="rounds"):
        for who in ("raw", "ours", "official", "official_frames"):
            for what in ("encrypt", "decrypt"):
                run: Callable[[], None] = getattr(streams, f"{what}_{who}")
                streams.begin()
                began = time.perf_counter()
                run()
                took.setdefault((what, who), []).append(time.perf_counter() - began)
                if what == "encrypt":
                    streams.cut(who.partition("_")[0])
            streams.check()
    _print(took, mebibytes=given.mebibytes)


def _print(took: dict[tuple[str, str], list[float]], *, mebibytes: int) -> None:
    print(
        f"{mebibytes} MiB, frames of 64 KiB; Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("cryptography", "aws-encryption-sdk"))
        + f", {os.cpu_count()} x {platform.machine()}"
    )
    for (what, who), times in took.items():
        speeds = sorted(mebibytes / seconds for seconds in times)
        print(f"  {what} {who:16} {median(speeds):7.0f} MiB/s   from {speeds[0]:.0f} to {speeds[-1]:.0f}")
    missed = 0
    for what, against, target in TARGETS:
        ratio = median(took[what, against]) / median(took[what, "ours"])
        holds = ratio >= target
        missed += not holds
        verdict = "holds" if holds else "FALLS SHORT"
        print(f"  {what}: {ratio:6.2f} x {against:9} target {target:.2f}  {verdict}")
    sys.exit(1 if missed else 0)


def _whole_frames(stream: Any) -> Iterator[bytes]:  # noqa: ANN401 - the library's stream
    return iter(lambda: stream.read(FRAME), b"")


def _official_keyring() -> IKeyring:
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    return providers.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace="benchmark",
            key_name="key",
            wrapping_key=_KEY,
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )


if __name__ == "__main__":
    main()
