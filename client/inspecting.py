"""The command `inspect`: what stands in clear in a message or a stored item, without any key.

Nothing of it is verified: what is shown is what somebody wrote there.
"""

import argparse
import base64
import io
import json
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from client.awsfailures import told
from client.inputs import Input, open_input
from client.output import emit
from client.problems import Exit, RefusedInputError, printable
from client.tables import show, wants_json
from envelope import EncryptedDataKey, MalformedMessageError
from envelope.byte_streams import read_up_to
from envelope.item_header import parse_header
from envelope.message_header import MAX_HEADER_LENGTH, StoredHeader, read_header
from envelope.message_layout import MessageLayout

_ITEM_HEADER, _ITEM_FOOTER = "aws_dbe_head", "aws_dbe_foot"
# DynamoDB's limit for an item, in base64 inside JSON, and room for what is around it.
_LARGEST_ITEM = 1024 * 1024
_WIDTH = 120
_SHOWN_PROVIDERS = ("aws-kms", "aws-kms-hierarchy")

Description = dict[str, Any]


def inspect(arguments: argparse.Namespace) -> Exit:
    """Print the header of a message, or of an item as DynamoDB's JSON."""
    with open_input(arguments.file) as source, told(source.name):
        begun = read_up_to(source, MAX_HEADER_LENGTH)
        if begun.lstrip()[:1] == b"{":
            description = _item(begun + read_up_to(source, _LARGEST_ITEM), name=source.name)
        else:
            description = _message(begun, source=source)
    if wants_json(arguments.output):
        emit(json.dumps(description, indent=2))
    else:
        _print_table(description)
    return Exit.OK


def _message(begun: bytes, *, source: Input) -> Description:
    header = read_header(io.BytesIO(begun))
    fields = header.fields
    description: Description = {
        "format": f"AWS Encryption SDK message, version {fields.suite.version}",
        "algorithm_suite": f"{fields.suite.id:04x} {fields.suite.name}",
        "commits_to_its_key": fields.suite.commits,
        "signed": fields.suite.signed,
        "message_id": fields.message_id.hex(),
        "encryption_context": dict(fields.encryption_context),
        "encrypted_data_keys": [_entry(entry) for entry in fields.encrypted_data_keys],
        "frame_length": fields.frame_length or None,
        "header_bytes": len(header.serialized),
    }
    if fields.suite.commits:
        description["commitment"] = fields.commitment.hex()
    if source.length is not None:
        description |= _sizes(header, message_length=source.length)
    return description


def _sizes(header: StoredHeader, *, message_length: int) -> Description:
    """Return how much is in the message, if its size is to be believed."""
    sizes: Description = {"message_bytes": message_length}
    if header.fields.suite.signed or not header.fields.framed:
        return sizes
    try:
        layout = MessageLayout.of_message(
            message_length,
            header_length=len(header.serialized),
            frame_length=header.fields.frame_length,
        )
    except MalformedMessageError as error:
        return {**sizes, "incomplete": str(error)}
    return {**sizes, "frames": layout.regular_frames + 1, "plaintext_bytes": layout.plaintext_length}


def _item(text: bytes, *, name: str) -> Description:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedInputError(f"{name} is neither a message nor JSON of an item") from None
    item = document.get("Item", document) if isinstance(document, dict) else {}
    stored = _binary(item, _ITEM_HEADER)
    if stored is None:
        raise RefusedInputError(
            f"{name} holds no {_ITEM_HEADER}: give an item as `aws dynamodb get-item --output json` prints it"
        )
    header = parse_header(stored)
    signed = sorted(set(item) - {_ITEM_HEADER, _ITEM_FOOTER})
    return {
        "format": f"AWS Database Encryption SDK item, header version {header.version:02d}",
        "algorithm_suite": f"67{header.flavor:02x}",
        "signed": header.flavor == 1,
        "message_id": header.message_id.hex(),
        "legend": header.legend,
        "encryption_context": dict(header.encryption_context),
        "encrypted_data_keys": [_entry(entry) for entry in header.encrypted_data_keys],
        "commitment": stored[-32:].hex(),
        "header_bytes": len(stored),
        "has_footer": _binary(item, _ITEM_FOOTER) is not None,
        "attributes": signed,
    }


def _binary(item: object, name: str) -> bytes | None:
    value = item.get(name) if isinstance(item, Mapping) else None
    text = value.get("B") if isinstance(value, Mapping) else None
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        return None


def _entry(entry: EncryptedDataKey) -> Description:
    """Return who wrapped a data key, and with what; ciphertext by its length alone."""
    info = entry.provider_info
    shown = info.decode("utf-8", "replace") if entry.provider_id in _SHOWN_PROVIDERS else info.hex()
    return {
        "provider": entry.provider_id,
        "wrapped_under": shown,
        "ciphertext_bytes": len(entry.ciphertext),
    }


def _print_table(description: Description) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("field", style="bold", no_wrap=True)
    table.add_column("value", overflow="fold")
    for name, value in description.items():
        for label, text in _rows(name.replace("_", " "), value):
            table.add_row(label, printable(text))
    show(table, width=_WIDTH)
    emit("Nothing of this is verified: it stands in clear, and no key was used.")


def _rows(name: str, value: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - what a description holds
    if isinstance(value, bool) or value is None:
        return [(name, {True: "yes", False: "no", None: "none"}[value])]
    if isinstance(value, dict):
        return [
            (name if index == 0 else "", f"{key} = {text}") for index, (key, text) in enumerate(value.items())
        ]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [
            row for number, entry in enumerate(value, start=1) for row in _rows(f"{name} {number}", entry)
        ]
    if isinstance(value, list):
        return [(name, ", ".join(map(str, value)))]
    return [(name, str(value))]
