"""AES-GCM alone does not bind a ciphertext to its key: here such messages are made, and refused.

With both keys known, one block of a ciphertext (or of what is authenticated beside it) can be chosen so that
the same tag fits under both. Source: Dodis, Grubbs, Ristenpart and Woodage, "Fast Message Franking",
CRYPTO 2018.
"""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from envelope import CommitmentError, decrypt
from tests.unit.message_cases import StaticKeyring, opened
from tests.unit.message_reference import DATA_KEY, Message

_OTHER_KEY = DATA_KEY[::-1]
_BLOCK = 16


def _times(first: int, second: int) -> int:
    """Multiply in GCM's field, NIST SP 800-38D, 6.3."""
    product = 0
    for bit in range(127, -1, -1):
        if first >> bit & 1:
            product ^= second
        second = second >> 1 ^ (0xE1 << 120 if second & 1 else 0)
    return product


def _power(base: int, exponent: int) -> int:
    product = 1 << 127
    while exponent:
        if exponent & 1:
            product = _times(product, base)
        base, exponent = _times(base, base), exponent >> 1
    return product


def _ecb(key: bytes, block: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - a part of GCM
    return int.from_bytes(encryptor.update(block), "big")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _tag(key: bytes, iv: bytes, aad: bytes, ciphertext: bytes) -> int:
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    data, digest = _padded(aad) + _padded(ciphertext) + lengths, 0
    for at in range(0, len(data), _BLOCK):
        block = int.from_bytes(data[at : at + _BLOCK], "big")
        digest = _times(digest ^ block, _ecb(key, bytes(_BLOCK)))
    return digest ^ _ecb(key, iv + b"\0\0\0\1")


def _fitting_block(
    keys: tuple[bytes, bytes], iv: bytes, aad: bytes, ciphertext: bytes, *, blocks_after: int
) -> bytes:
    """What must replace a block of zeros so that both tags are the same. The lengths stand after it too."""
    first, second = (_tag(key, iv, aad, ciphertext) for key in keys)
    weights = [_power(_ecb(key, bytes(_BLOCK)), blocks_after + 1) for key in keys]
    inverse = _power(weights[0] ^ weights[1], 2**128 - 2)
    return _times(first ^ second, inverse).to_bytes(_BLOCK, "big")


def _ambiguous(suite: int) -> bytes:
    """A message of one block whose header and body authenticate under both data keys."""
    at = Message(suite=suite, frame_length=0)
    body_keys = at.body_key, at.but(data_key=_OTHER_KEY).body_key
    before = sum(len(field) for name, field in at.fields()[: [n for n, _ in at.fields()].index("ciphertext")])
    filler = -before % _BLOCK
    made = at.but(entries=[(b"tests", b"static", bytes(filler + _BLOCK))])
    body = b"".join(field for _, field in made.fields())
    after = (len(_padded(body)) - before - filler - _BLOCK) // _BLOCK + 1
    chosen = _fitting_block(body_keys, bytes(12), body, b"", blocks_after=after)
    made = made.but(entries=[(b"tests", b"static", bytes(filler) + chosen)])
    iv = bytes(11) + b"\x01"
    streams = [AESGCM(key).encrypt(iv, bytes(2 * _BLOCK), None) for key in body_keys]
    texts = [streams[0][:_BLOCK], streams[1][_BLOCK : 2 * _BLOCK]]
    wanted = (b"to one: pay 100 ", b"to other: pay 1 ")
    sealed = b"".join(
        bytes(byte ^ pad for byte, pad in zip(text, stream, strict=True))
        for text, stream in zip(wanted, texts, strict=True)
    ) + bytes(_BLOCK)
    aad = made.id + b"AWSKMSEncryptionClient Single Block" + b"\0\0\0\1" + len(sealed).to_bytes(8, "big")
    sealed = sealed[:-_BLOCK] + _fitting_block(body_keys, iv, aad, sealed, blocks_after=1)
    tag = _tag(body_keys[0], iv, aad, sealed).to_bytes(_BLOCK, "big")
    assert tag == _tag(body_keys[1], iv, aad, sealed).to_bytes(_BLOCK, "big")
    return made.header() + iv + len(sealed).to_bytes(8, "big") + sealed + tag


@pytest.mark.parametrize("suite", [0x0078, 0x0178], ids=lambda suite: f"{suite:04x}")
def test_without_commitment_one_message_opens_to_two_texts(suite: int) -> None:
    message = _ambiguous(suite)
    first = opened(message, key=DATA_KEY, uncommitted=True)
    second = opened(message, key=_OTHER_KEY, uncommitted=True)
    assert first[:16] == b"to one: pay 100 "
    assert second[16:32] == b"to other: pay 1 "
    assert first != second
    for key in (DATA_KEY, _OTHER_KEY):
        with pytest.raises(CommitmentError):
            opened(message, key=key)


def test_with_commitment_the_same_message_opens_under_one_key_only() -> None:
    message = _ambiguous(0x0478)
    assert opened(message, key=DATA_KEY)[:16] == b"to one: pay 100 "
    with pytest.raises(CommitmentError):
        decrypt(message, keyring=StaticKeyring(_OTHER_KEY), encryption_context={}, allow_uncommitted=True)
