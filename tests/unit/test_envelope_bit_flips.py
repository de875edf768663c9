"""Every single-bit flip of stored items is refused: header, footer, ciphertexts, signed values, names."""

from typing import Any

import pytest

from envelope import CryptoAction, IntegrityError
from tests.unit.envelope_items import encryptor, single_bit_flips
from tests.unit.envelope_keys import raw_aes_keyring

_E = CryptoAction.ENCRYPT_AND_SIGN
_S = CryptoAction.SIGN_ONLY
_C = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT

_CONTENTS: list[tuple[dict[str, Any], dict[str, CryptoAction]]] = [
    (
        {
            "tenant": {"S": "t"},
            "record": {"S": "r"},
            "a": {"S": "é"},
            "b": {"N": "-10.5"},
            "z": {"NULL": True},
        },
        {"a": _E, "b": _S, "z": _S},
    ),
    (
        {"tenant": {"N": "7"}, "record": {"B": b"\x00"}, "a": {"BOOL": True}, "b": {"BOOL": False}},
        {"a": _S, "b": _C},
    ),
    (
        {"tenant": {"B": b"\x01"}, "record": {"N": "0.1"}, "a": {"SS": ["x", "y"]}, "b": {"NS": ["1", "2"]}},
        {"a": _S, "b": _S},
    ),
    (
        {
            "tenant": {"S": "t"},
            "record": {"S": "r"},
            "a": {"M": {"k": {"L": [{"S": "v"}]}}},
            "b": {"BS": [b"1"]},
        },
        {"a": _S, "b": _E},
    ),
    (
        {
            "tenant": {"S": "t"},
            "record": {"S": "r"},
            "a": {"L": [{"NULL": True}]},
            "b": {"M": {}},
            "c": {"S": ""},
        },
        {"a": _C, "b": _E, "c": _E},
    ),
]
_FORMATS = [(1, 0), (1, 1), (2, 0), (2, 1)]


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
@pytest.mark.parametrize(("item", "actions"), _CONTENTS)
def test_every_single_bit_flip_of_a_stored_item_is_refused(
    item: dict[str, Any], actions: dict[str, CryptoAction], header_version: int, flavor: int
) -> None:
    reader = encryptor(raw_aes_keyring(), actions=actions, header_version=header_version, flavor=flavor)
    stored = reader.encrypt(item)
    assert reader.decrypt(stored) == item
    flipped = 0
    for name, value in stored.items():
        for changed in single_bit_flips(value):
            flipped += 1
            with pytest.raises(IntegrityError):
                reader.decrypt({**stored, name: changed})
    assert flipped > 8 * (len(stored["aws_dbe_head"]["B"]) + len(stored["aws_dbe_foot"]["B"]))


@pytest.mark.parametrize(("header_version", "flavor"), _FORMATS)
def test_every_single_bit_flip_of_a_signed_attributes_name_is_refused(
    header_version: int, flavor: int
) -> None:
    item, actions = _CONTENTS[0]
    reader = encryptor(raw_aes_keyring(), actions=actions, header_version=header_version, flavor=flavor)
    stored = reader.encrypt(item)
    for name in item:
        rest = {other: value for other, value in stored.items() if other != name}
        for flipped in single_bit_flips({"S": name}):
            with pytest.raises(IntegrityError):
                reader.decrypt({**rest, flipped["S"]: stored[name]})
