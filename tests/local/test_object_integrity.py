"""What somebody with the bucket in hand can try: every change is found, and nothing is left on the disk."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.local.object_commands import PART, Commands

FRAME = 65_536


@pytest.fixture
def stored(sealed_here: Commands) -> tuple[str, bytes]:
    """An object of a few frames, and its content."""
    name = f"i-{uuid4().hex[:12]}"
    content = sealed_here.file("in", 4 * FRAME + 100)
    sealed_here("object", "put", "acme", name, "in").document()
    return name, content


def _refused(sealed_here: Commands, name: str) -> str:
    said = ""
    for words in (("get", "acme", name, "-o", "out"), ("get", "acme", name, "-o", "-")):
        ended = sealed_here("object", *words)
        assert ended.code == 8, ended
        said += ended.err
    assert sealed_here.names() == ["in"]
    return said


def _cut(message: bytes) -> bytes:
    return message[:-50]


def _frame_dropped(message: bytes) -> bytes:
    return message[: -(FRAME + 32) - 140] + message[-140:]


def _extended(message: bytes) -> bytes:
    return message + b"\0"


def _flipped(message: bytes) -> bytes:
    at = len(message) - FRAME
    return message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]


@pytest.mark.parametrize(
    "change", [_cut, _frame_dropped, _extended, _flipped, lambda _: b"", base64.b64encode, lambda _: b"{}"]
)
def test_a_changed_object_is_refused(sealed_here: Commands, stored: tuple[str, bytes], change: Any) -> None:
    name, _ = stored
    sealed_here.put_raw(name, change(sealed_here.stored(name)))
    _refused(sealed_here, name)


def test_base64_is_recognized(sealed_here: Commands, stored: tuple[str, bytes]) -> None:
    sealed_here.put_raw(stored[0], base64.b64encode(sealed_here.stored(stored[0])))
    assert "base64" in _refused(sealed_here, stored[0])


def test_a_range_of_what_is_intact_is_read_and_of_the_rest_refused(
    sealed_here: Commands, stored: tuple[str, bytes]
) -> None:
    name, content = stored
    sealed_here.put_raw(name, _flipped(sealed_here.stored(name)))
    assert sealed_here("object", "cat", "acme", name, "--range", f"0-{FRAME}").out == content[: FRAME + 1]
    refused = sealed_here("object", "cat", "acme", name, "--range", f"{3 * FRAME}-")
    assert (refused.code, refused.out) == (8, b"")


def test_a_truncation_is_noticed_by_a_range_that_it_does_not_touch(
    sealed_here: Commands, stored: tuple[str, bytes]
) -> None:
    """The length is bound to the object, so its end need not be fetched for that."""
    name, _ = stored
    message = sealed_here.stored(name)
    sealed_here.put_raw(name, message[: -(FRAME + 32)])
    refused = sealed_here("object", "cat", "acme", name, "--range", "0-9")
    assert (refused.code, refused.out) == (8, b"")


def test_an_object_copied_to_another_id_or_tenant_is_refused(
    sealed_here: Commands, stored: tuple[str, bytes]
) -> None:
    name, _ = stored
    message = sealed_here.stored(name)
    sealed_here.put_raw("copied", message)
    assert "'object-id'" in _refused(sealed_here, "copied")
    sealed_here.put_raw(name, message, tenant="globex")
    ended = sealed_here("object", "get", "globex", name, "-o", "out", caller="globex")
    assert ended.code == 8
    assert "'object-tenant'" in ended.err


def test_an_object_cannot_be_exchanged_under_a_record(
    sealed_here: Commands, stored: tuple[str, bytes]
) -> None:
    name, content = stored
    record = f"r-{uuid4().hex[:12]}"
    first = sealed_here.stored(name)
    put = sealed_here("object", "put", "acme", name, "in", "--replace").document()
    (sealed_here.folder / "record").write_text(json.dumps({"name": "A", "scan": put["pointer"]}))
    sealed_here("put", "acme", record, "record").document()
    get = ("object", "get", "acme", name, "--record", record)
    sealed_here(*get, "-o", "out").document()
    assert (sealed_here.folder / "out").read_bytes() == content
    assert (
        sealed_here("object", "cat", "acme", name, "--record", record, "--range", "5-9").out == content[5:10]
    )
    (sealed_here.folder / "out").unlink()
    (sealed_here.folder / "record").unlink()
    # An older version, which was valid once; a newer one; and another object of the tenant.
    sealed_here.put_raw(name, first)
    assert sealed_here("object", "cat", "acme", name).out == content
    for words in (get, ("object", "cat", "acme", name, "--record", record, "--range", "0-1")):
        refused = sealed_here(*words)
        assert refused.code == 8
        assert "not the object that the record points at" in refused.err
    sealed_here("object", "put", "acme", name, "in", "--replace").document()
    assert sealed_here(*get).code == 8
    assert sealed_here("object", "get", "acme", "another", "--record", record).code == 3
    # The version that the record points at is still to be had.
    again = sealed_here(*get, "-o", "out", "--version", put["version"])
    assert again.code == 0, again.err
    assert sealed_here.names() == ["in", "out"]


def test_a_message_of_another_writer_that_is_signed_is_read_as_a_whole(sealed_here: Commands) -> None:
    from envelope import KmsKeyring, encrypt

    aws = sealed_here.aws
    name = f"i-{uuid4().hex[:12]}"
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    context = {"object-tenant": "acme", "object-id": name, "object-content-type": "text/plain"}
    keyring = KmsKeyring(aws.client("kms"), key)
    sealed_here.put_raw(name, encrypt(b"x" * PART, keyring=keyring, encryption_context=context, signed=True))
    refused = sealed_here("object", "get", "acme", name, "-o", "out")
    # Nobody gave the role a right to this key.
    assert refused.code == 8
    assert sealed_here.names() == []
