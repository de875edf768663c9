"""The message of docs/formats.md, byte by byte: an object's, with frames so short that there are three."""

import hmac
import json
from collections.abc import Iterator

from worked_fields import Fields, add_entry, drawn, fixed_randomness, in_hex, inputs, keyring, table

from client.objectplaces import ObjectPlace, pointer
from envelope import encrypt
from envelope.message_suites import COMMITTING, derive_keys

PLACE = ObjectPlace(tenant="acme", id="scan-17")
PLAINTEXT = b"the quick brown fox jumps over lazy dogs"
FRAME_LENGTH = 16
REGULAR_FRAMES, LAST_LENGTH = divmod(len(PLAINTEXT), FRAME_LENGTH)
CONTEXT = PLACE.new_context(content_type="text/plain", length=len(PLAINTEXT))
DATA_KEY, WRAPPING_IV, MESSAGE_ID = drawn(0x20, 32), drawn(0x40, 12), drawn(0x60, 32)


def message_example() -> list[str]:
    """Return the lines about the message."""
    with fixed_randomness(DATA_KEY, WRAPPING_IV, MESSAGE_ID):
        message = encrypt(PLAINTEXT, keyring=keyring(), encryption_context=CONTEXT, frame_length=FRAME_LENGTH)
    fields = Fields(message)
    header_length = add_header(fields)
    add_frames(fields)
    target = pointer(PLACE, length=len(PLAINTEXT), header=message[:header_length])
    return [
        "### A message",
        "",
        (
            f"Suite 0478, {len(PLAINTEXT)} bytes in frames of {FRAME_LENGTH}: "
            f"{REGULAR_FRAMES} regular frames, and a final one of {LAST_LENGTH}."
        ),
        "",
        *table(("given", "value"), given()),
        "",
        *table(("derived", "how", "value"), derived()),
        "",
        f"The whole message, {len(message)} bytes, of which the first {header_length} are the header:",
        "",
        *fields.table(),
        "",
        "By this a record points at it:",
        "",
        "```json",
        json.dumps(target),
        "```",
    ]


def given() -> Iterator[tuple[str, str]]:
    """Yield what the encryption starts with."""
    yield "plaintext", f"`{PLAINTEXT.decode()}`"
    yield "encryption context", ", ".join(f"`{key}` = `{value}`" for key, value in sorted(CONTEXT.items()))
    yield from inputs(WRAPPING_IV)
    yield "data key", in_hex(DATA_KEY)
    yield "message id", in_hex(MESSAGE_ID)


def derived() -> Iterator[tuple[str, str, str]]:
    """Yield the keys that are derived."""
    extracted = hmac.digest(MESSAGE_ID, DATA_KEY, "sha512")
    keys = derive_keys(COMMITTING, data_key=DATA_KEY, message_id=MESSAGE_ID)
    yield "extracted key", "HKDF-Extract: HMAC-SHA512(key: message id, data: data key)", in_hex(extracted)
    yield "encryption key", "HKDF-Expand(extracted key, `0478` and `DERIVEKEY`)", in_hex(keys.body_key)
    yield "commit key", "HKDF-Expand(extracted key, `COMMITKEY`)", in_hex(keys.commitment)


def add_header(fields: Fields) -> int:
    """Add the header's fields; return how many bytes it has."""
    fields.number(1, "version")
    fields.take(2, "suite", "AES-256-GCM, HKDF-SHA512, commitment, no signature")
    fields.take(32, "message id")
    fields.number(2, "context length")
    for _ in range(fields.number(2, "pairs")):
        fields.text(fields.number(2, "key length"), "key")
        fields.text(fields.number(2, "value length"), "value")
    fields.number(2, "encrypted data keys")
    add_entry(
        fields, wrapped="data key, encrypted, with its tag; AAD = the context, from its number of pairs on"
    )
    fields.number(1, "content type", "framed")
    fields.number(4, "frame length")
    fields.take(32, "commitment", "the commit key")
    fields.take(16, "header tag", "IV = 12 zero bytes; AAD = all bytes before it, as no pair is required")
    return sum(int(width) for _, width, *_ in fields.rows)


def add_frames(fields: Fields) -> None:
    """Add the frames."""
    kind = "AWSKMSEncryptionClient"
    for index in range(REGULAR_FRAMES):
        content = PLAINTEXT[index * FRAME_LENGTH : (index + 1) * FRAME_LENGTH].decode()
        fields.number(4, "sequence number")
        fields.take(12, "IV")
        fields.take(FRAME_LENGTH, "ciphertext", f"of `{content}`")
        fields.take(16, "tag", f"AAD = message id, `{kind} Frame`, u32 {index + 1}, u64 {FRAME_LENGTH}")
    fields.take(4, "final frame", "in place of a sequence number")
    sequence = fields.number(4, "sequence number")
    fields.take(12, "IV")
    fields.number(4, "content length")
    fields.take(LAST_LENGTH, "ciphertext", f"of `{PLAINTEXT[-LAST_LENGTH:].decode()}`")
    fields.take(16, "tag", f"AAD = message id, `{kind} Final Frame`, u32 {sequence}, u64 {LAST_LENGTH}")
