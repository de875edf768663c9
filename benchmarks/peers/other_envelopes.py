"""What people choose in place of AWS's libraries: Tink's KMS envelope, and Asherah.

Neither stores which algorithm or key it is committed to, and neither gives KMS the context: Tink's goes into
the local encryption alone, and Asherah has its partition's name instead.
"""

from collections.abc import Callable, Mapping
from typing import Any

import asherah
import tink
from tink import aead
from tink.integration import awskms

from benchmarks.peers import names
from benchmarks.peers.cases import PEER, Contender
from benchmarks.peers.floor import serialized_context
from benchmarks.peers.ours import TENANT
from benchmarks.peers.stand_in import KEY_ARN, AwsStandIn


class OtherEnvelopes:
    """Both, with their keys made and their caches warm."""

    def __init__(self, aws: AwsStandIn) -> None:
        aead.register()
        template = aead.aead_key_templates.AES256_GCM
        local = tink.new_keyset_handle(template).primitive(aead.Aead)
        uri = f"aws-kms://{KEY_ARN}"
        remote = awskms.new_client(boto3_client=aws.client("kms"), key_uri=uri).get_aead(uri)
        self._tink_local = aead.KmsEnvelopeAead(template, local)
        self._tink_kms = aead.KmsEnvelopeAead(template, remote)
        # The master key in memory and no table: Asherah at its fastest, which it offers for tests only.
        self._asherah = asherah.SessionFactory(
            {
                "ServiceName": "benchmark",
                "ProductID": "peers",
                "Metastore": "memory",
                "KMS": "static",
                "StaticMasterKeyHex": bytes(range(32)).hex(),
                "EnableSessionCaching": True,
            }
        )

    def messages(self, plaintext: bytes, context: Mapping[str, str]) -> list[Contender]:
        """Return a contender for each, and two for Tink's: its key encryption key here, or in KMS."""
        associated = serialized_context(context)
        session = self._asherah.get_session(TENANT)

        def of(
            name: str, key: str, encrypt: Callable[[], Any], decrypt: Callable[[Any], object]
        ) -> Contender:
            return Contender(
                name,
                PEER,
                key,
                commits=False,
                binds=False,
                encrypt=encrypt,
                decrypt=decrypt,
                plaintext=plaintext,
            )

        def tinks(name: str, key: str, envelope: aead.KmsEnvelopeAead) -> Contender:
            return of(
                name,
                key,
                encrypt=lambda: envelope.encrypt(plaintext, associated),
                decrypt=lambda stored: envelope.decrypt(stored, associated),
            )

        return [
            tinks(names.TINK_LOCAL, names.BY_LOCAL_KEY, self._tink_local),
            tinks(names.TINK_KMS, names.BY_KMS, self._tink_kms),
            of(
                names.ASHERAH,
                "intermediate key, cached",
                encrypt=lambda: session.encrypt_bytes(plaintext),
                decrypt=session.decrypt_bytes,
            ),
        ]
