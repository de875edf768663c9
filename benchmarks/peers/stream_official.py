"""The same streams through AWS's library, aws-encryption-sdk 4, under a local key too.

Its documentation iterates over the stream, which hands out pieces of its own choice; who knows the library
well may ask it for whole frames instead. Both are here. It chooses by itself how it reads.
"""

from collections.abc import Iterator
from typing import Any

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput

from benchmarks.peers import names
from benchmarks.peers.stream_ciphers import CONTEXT, KEY, Stream


class OfficialStream:
    """Messages of the suite that ours are of, iterated over as its documentation shows."""

    name = names.STREAM_ITERATED

    def __init__(self, frame_length: int) -> None:
        self.frame_length = frame_length
        self._client = aws_encryption_sdk.EncryptionSDKClient()
        providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        self._keyring = providers.create_raw_aes_keyring(
            CreateRawAesKeyringInput(
                key_namespace="benchmark",
                key_name="key",
                wrapping_key=KEY,
                wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
            )
        )

    def encrypt(self, source: Stream, sink: Stream) -> None:
        """Write a message."""
        with self._client.stream(
            mode="e",
            source=source,
            keyring=self._keyring,
            encryption_context=dict(CONTEXT),
            algorithm=aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
            frame_length=self.frame_length,
        ) as encryptor:
            for piece in self.pieces(encryptor):
                sink.write(piece)

    def decrypt(self, source: Stream, sink: Stream) -> None:
        """Read a message."""
        with self._client.stream(mode="d", source=source, keyring=self._keyring) as decryptor:
            for piece in self.pieces(decryptor):
                sink.write(piece)

    def pieces(self, stream: Any) -> Iterator[bytes]:  # noqa: ANN401 - the library's stream
        """Return what to write, piece by piece."""
        return iter(stream)


class OfficialStreamOfFrames(OfficialStream):
    """The same, asking for whole frames."""

    name = names.STREAM_FRAMES

    def pieces(self, stream: Any) -> Iterator[bytes]:  # noqa: ANN401 - the library's stream
        """Return a frame's length at a time."""
        return iter(lambda: stream.read(self.frame_length), b"")
