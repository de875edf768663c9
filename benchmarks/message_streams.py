"""How fast messages are streamed, against bare AES-GCM and AWS's own library. `make streams` prints it.

Bare AES-GCM does the least that any format needs: reads of 1 MiB and writes of a frame, the same buffers, a
tag for each 64 KiB. The runs take turns, so that all of them meet the same machine; ratios are of medians.
"""

import argparse
import hashlib
import os
import platform
import sys
import tempfile
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


class Streams:
    """The same bytes through each of them, from file to file."""

    def __init__(self, folder: Path, *, mebibytes: int) -> None:
        self._plain = folder / "plain"
        self._out = folder / "out"
        self._files = {name: folder / name for name in ("ours", "raw", "official")}
        with self._plain.open("wb") as stream:
            for _ in range(mebibytes):
                stream.write(os.urandom(1024 * 1024))
        # Written over and over: what a file system needs to make a file grow is not measured.
        for path in (self._out, *self._files.values()):
            path.touch()
        self._chunk = memoryview(bytearray(CHUNK))
        self._ours = RawAesKeyring("benchmark", "key", _KEY)
        self._official_keyring = _official_keyring()
        self._official = aws_encryption_sdk.EncryptionSDKClient()

    def encrypt_raw(self) -> None:
        """Encrypt each 64 KiB with its number as nonce."""
        aead, sealed = AESGCM(_KEY), memoryview(bytearray(FRAME + TAG))
        with self._plain.open("rb", 0) as source, self._files["raw"].open("r+b", 0) as sink:
            number = 0
            while length := source.readinto(self._chunk):
                for at in range(0, length, FRAME):
                    number += 1
                    content = self._chunk[at : at + FRAME]
                    aead.encrypt_into(number.to_bytes(12, "big"), content, None, sealed)
                    sink.write(sealed)

    def decrypt_raw(self) -> None:
        """Decrypt what `encrypt_raw` wrote."""
        aead = AESGCM(_KEY)
        with self._files["raw"].open("rb", 0) as source, self._out.open("r+b", 0) as sink:
            number = 0
            while sealed := source.read(FRAME + TAG):
                number += 1
                sink.write(aead.decrypt(number.to_bytes(12, "big"), sealed, None))

    def encrypt_ours(self) -> None:
        """Write a message."""
        with (
            self._plain.open("rb", 0) as source,
            self._files["ours"].open("r+b", 0) as sink,
            MessageWriter(sink, keyring=self._ours, encryption_context=_CONTEXT) as writer,
        ):
            while length := source.readinto(self._chunk):
                writer.write(self._chunk[:length])

    def decrypt_ours(self) -> None:
        """Read a message."""
        with self._files["ours"].open("rb", 0) as source, self._out.open("r+b", 0) as sink:
            for content in MessageReader(source, keyring=self._ours, encryption_context=_CONTEXT).frames():
                sink.write(content)

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
        with (
            self._plain.open("rb") as source,
            self._files["official"].open("r+b") as sink,
            self._official.stream(
                mode="e",
                source=source,
                keyring=self._official_keyring,
                encryption_context=_CONTEXT,
                algorithm=aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
                frame_length=FRAME,
            ) as encryptor,
        ):
            for piece in pieces(encryptor):
                sink.write(piece)

    def _decrypt_official(self, pieces: Pieces) -> None:
        with (
            self._files["official"].open("rb") as source,
            self._out.open("r+b") as sink,
            self._official.stream(mode="d", source=source, keyring=self._official_keyring) as decryptor,
        ):
            for piece in pieces(decryptor):
                sink.write(piece)

    def check(self) -> None:
        """Raise SystemExit unless what was decrypted last is the plaintext."""
        if self._out.stat().st_size != self._plain.stat().st_size or _digest(self._out) != _digest(
            self._plain
        ):
            raise SystemExit("what was decrypted is not what was encrypted")


def main() -> None:
    """Measure, and print each target with its figure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mebibytes", type=int, default=64, help="length of the stream (default 64)")
    arguments.add_argument("--rounds", type=int, default=7, help="how often each takes its turn (default 7)")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder:
        streams = Streams(Path(folder), mebibytes=given.mebibytes)
        took: dict[tuple[str, str], list[float]] = {}
        for _ in track(range(given.rounds), description="rounds"):
            for who in ("raw", "ours", "official", "official_frames"):
                for what in ("encrypt", "decrypt"):
                    run: Callable[[], None] = getattr(streams, f"{what}_{who}")
                    began = time.perf_counter()
                    run()
                    took.setdefault((what, who), []).append(time.perf_counter() - began)
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


def _memory_folder() -> Path | None:
    """Return a folder in memory where there is one: a disk's speed is not what is measured."""
    shared = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    return shared if os.access(shared, os.W_OK) else None


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


if __name__ == "__main__":
    main()
