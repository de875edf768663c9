"""Items that were tampered with: what we wrote is refused by Java's library, what it wrote by ours."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from envelope import CryptoAction, EnvelopeError
from tests.interop.exchanges import Exchanges
from tests.interop.item_cases import FORMATS
from tests.interop.java_items import Item, Sides
from tests.interop.key_services import KeyServices
from tests.interop.keyring_pairs import KEYRINGS, keyring_pair, raw_aes_pair
from tests.interop.official_command import OfficialCommand, OfficialError, to_dynamodb_json
from tests.unit.envelope_items import PARTITION_KEY, SORT_KEY, TABLE, sampled_bit_flip

_HEADER, _FOOTER = "aws_dbe_head", "aws_dbe_foot"
_FLIPS_PER_ATTRIBUTE = 8
_ACTIONS = {
    "encrypted": CryptoAction.ENCRYPT_AND_SIGN,
    "encrypted too": CryptoAction.ENCRYPT_AND_SIGN,
    "encrypted number": CryptoAction.ENCRYPT_AND_SIGN,
    "signed": CryptoAction.SIGN_ONLY,
    "signed too": CryptoAction.SIGN_ONLY,
    "included": CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT,
    "free": CryptoAction.DO_NOTHING,
}
_ITEM: Item = {
    PARTITION_KEY: {"S": "acme"},
    SORT_KEY: {"S": "order 1"},
    "encrypted": {"S": "secret"},
    "encrypted too": {"S": "hidden"},
    "encrypted number": {"N": "17"},
    "signed": {"S": "a"},
    "signed too": {"M": {"key": {"L": [{"S": "b"}, {"BOOL": True}]}}},
    "included": {"S": "context"},
    "free": {"S": "anything"},
}
_ANOTHER: Item = {**_ITEM, PARTITION_KEY: {"S": "globex"}, SORT_KEY: {"S": "order 2"}}
_formats = pytest.mark.parametrize(("header_version", "flavor"), FORMATS)
_directions = pytest.mark.parametrize("written_by_us", [True, False], ids=["ours", "Java's"])


def _flipped_bytes(stored: Item, name: str) -> Iterator[tuple[str, Item]]:
    """One bit of each byte of the header or the footer."""
    content = stored[name]["B"]
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << at % 8
        yield f"{name}: byte {at}", {**stored, name: {"B": bytes(changed)}}


def _flipped_attributes(stored: Item) -> Iterator[tuple[str, Item]]:
    chosen = random.Random(17)  # noqa: S311 - reproducible samples, no secrets
    for name in sorted(stored.keys() - {_HEADER, _FOOTER, "free"}):
        for number in range(_FLIPS_PER_ATTRIBUTE):
            flipped: Any = sampled_bit_flip(stored[name], chosen)
            if _is_text(flipped):
                yield f"{name}: flip {number}", {**stored, name: flipped}


def _is_text(value: Any) -> bool:
    """Whether a table can hold a value, and JSON carry it: all text of it is UTF-8."""
    try:
        json.dumps(to_dynamodb_json(value), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _rearranged(stored: Item, another: Item) -> Iterator[tuple[str, Item]]:
    def swapped(one: str, two: str) -> Item:
        return {**stored, one: stored[two], two: stored[one]}

    yield "two encrypted attributes swapped", swapped("encrypted", "encrypted too")
    yield "two signed attributes swapped", swapped("signed", "signed too")
    yield "header and footer swapped", swapped(_HEADER, _FOOTER)
    yield "an encrypted attribute in clear", {**stored, "encrypted": {"S": "secret"}}
    yield "a signed attribute of another type", {**stored, "signed": {"B": b"a"}}
    yield "an attribute more", {**stored, "more": {"S": "x"}}
    for name in stored.keys() - {"free"}:
        yield f"{name} removed", {other: value for other, value in stored.items() if other != name}
    for names in ([PARTITION_KEY], [SORT_KEY], [_HEADER], [_FOOTER], [_HEADER, _FOOTER], ["encrypted"]):
        yield f"{names} of another record", {**stored, **{name: another[name] for name in names}}


def _forged(stored: Item, another: Item) -> Iterator[tuple[str, Item]]:
    yield from _flipped_bytes(stored, _HEADER)
    yield from _flipped_bytes(stored, _FOOTER)
    yield from _flipped_attributes(stored)
    yield from _rearranged(stored, another)


def _refuses(sides: Sides, item: Item, *, written_by_us: bool) -> bool:
    try:
        if written_by_us:
            sides.decrypt_officially(item)
        else:
            sides.decrypt(item)
    except (EnvelopeError, OfficialError):
        return True
    return False


@_directions
@_formats
def test_what_was_tampered_with_is_refused_by_the_other_library(
    java: OfficialCommand, exchanges: Exchanges, header_version: int, flavor: int, *, written_by_us: bool
) -> None:
    sides = Sides(java, raw_aes_pair(), header_version, flavor, _ACTIONS)
    write = sides.encrypt if written_by_us else sides.encrypt_officially
    stored, another = write(_ITEM), write(_ANOTHER)
    for harmless in (stored, {**stored, "free": {"N": "1"}}):
        assert not _refuses(sides, harmless, written_by_us=written_by_us)

    forged = dict(_forged(stored, another))

    accepted = [
        name for name, item in forged.items() if not _refuses(sides, item, written_by_us=written_by_us)
    ]
    assert accepted == []
    assert len(forged) > 300
    exchanges.refused[sides.group(written_by_us=written_by_us)] += len(forged)


@_directions
@pytest.mark.parametrize("keyring", KEYRINGS)
def test_another_key_and_another_table_are_refused_by_the_other_library(
    java: OfficialCommand,
    key_services: KeyServices,
    exchanges: Exchanges,
    keyring: str,
    *,
    written_by_us: bool,
) -> None:
    right = keyring_pair(keyring, key_services, java)
    wrong = raw_aes_pair(key=bytes(32)) if keyring == "raw AES" else keyring_pair(keyring, key_services, java)
    sides = Sides(java, right, 2, 0, _ACTIONS)
    stored = (sides.encrypt if written_by_us else sides.encrypt_officially)(_ITEM)
    assert not _refuses(sides, stored, written_by_us=written_by_us)

    for elsewhere in (replace(sides, keyring=wrong), replace(sides, table=f"not {TABLE}")):
        assert _refuses(elsewhere, stored, written_by_us=written_by_us)
        exchanges.refused[sides.group(written_by_us=written_by_us)] += 1
