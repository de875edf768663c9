"""What an ItemEncryptor accepts as its configuration, and which items it accepts to encrypt."""

from typing import Any

import pytest

from envelope import ConfigurationError, CryptoAction, InvalidItemError, ItemEncryptor
from envelope.item_fields import canonical_path
from envelope.item_schema import ItemSchema, SignedName
from tests.unit.envelope_items import encryptor
from tests.unit.envelope_keys import raw_aes_keyring

_E = CryptoAction.ENCRYPT_AND_SIGN
_S = CryptoAction.SIGN_ONLY
_C = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
_N = CryptoAction.DO_NOTHING
_ITEM = {"tenant": {"S": "a"}, "record": {"S": "1"}, "name": {"S": "secret"}}


def _configure(**overrides: Any) -> ItemEncryptor:
    settings: dict[str, Any] = {"table": "records", "partition_key": "tenant", "actions": {"tenant": _S}}
    return ItemEncryptor(keyring=raw_aes_keyring(), **(settings | overrides))


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"table": ""}, "must not be empty"),
        ({"partition_key": "", "actions": {}}, "must not be empty"),
        ({"sort_key": ""}, "must not be empty"),
        ({"actions": {"tenant": _S, "": _E}}, "must not be empty"),
        ({"sort_key": "tenant"}, "same name"),
        ({"actions": {"tenant": _E}}, "'tenant' must be SIGN_ONLY"),
        ({"actions": {"tenant": _N}, "unsigned": ["tenant"]}, "'tenant' must be SIGN_ONLY"),
        ({"sort_key": "record", "actions": {"tenant": _S, "record": _E}}, "'record' must be SIGN_ONLY"),
        (
            {"sort_key": "record", "actions": {"tenant": _S, "record": _C}},
            "'tenant' must be SIGN_AND_INCLUDE",
        ),
        ({"actions": {"tenant": _S, "name": _C}}, "'tenant' must be SIGN_AND_INCLUDE"),
        ({"default_action": _C}, "'tenant' must be SIGN_AND_INCLUDE"),
        ({"default_action": _N}, "default_action must not be DO_NOTHING"),
        ({"actions": {"note": _N}}, "'note': an attribute is in `unsigned` exactly when"),
        (
            {"actions": {"note": _S}, "unsigned": ["note"]},
            "'note': an attribute is in `unsigned` exactly when",
        ),
        ({"actions": {"aws_dbe_head": _S}}, "reserved"),
        ({"actions": {"aws_dbe_b_name": _S}}, "reserved"),
        ({"unsigned": ["aws_dbe_v_1"]}, "reserved"),
        ({"actions": {"name": "e"}}, "not a CryptoAction"),
        ({"flavor": 2}, "unknown flavor"),
    ],
)
def test_contradictory_configuration_is_refused(overrides: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        _configure(**overrides)


@pytest.mark.parametrize(
    ("actions", "header_version"),
    [({}, 1), ({"tenant": _S}, 1), ({"tenant": _S, "name": _E}, 1), ({"tenant": _C}, 2), ({"name": _C}, 2)],
)
def test_keys_take_the_action_that_the_header_version_requires(
    actions: dict[str, CryptoAction], header_version: int
) -> None:
    stored = _configure(actions=actions).encrypt(_ITEM)
    assert stored["aws_dbe_head"]["B"][0] == header_version
    assert stored["tenant"] == _ITEM["tenant"]


def test_attribute_without_an_action_takes_the_default() -> None:
    assert _configure().encrypt(_ITEM)["name"].keys() == {"B"}
    assert _configure(default_action=_S).encrypt(_ITEM)["name"] == {"S": "secret"}


def test_unsigned_attribute_is_stored_as_it_is() -> None:
    stored = _configure(unsigned=["name"]).encrypt(_ITEM)
    assert stored["name"] == {"S": "secret"}


def test_encrypting_leaves_the_callers_item_alone() -> None:
    item = {name: dict(value) for name, value in _ITEM.items()}
    _configure().encrypt(item)
    assert item == _ITEM


@pytest.mark.parametrize(
    ("change", "attribute", "reason"),
    [
        ({"tenant": None}, "tenant", "missing, but a key"),
        ({"record": None}, "record", "missing, but a key"),
        ({"region": None}, "region", "missing, but part of the encryption context"),
        ({"tenant": {"BOOL": True}}, "tenant", "a string, a number or binary"),
        ({"record": {"M": {}}}, "record", "a string, a number or binary"),
        ({"aws_dbe_head": {"B": b""}}, "aws_dbe_head", "reserved"),
        ({"aws_dbe_foot": {"B": b""}}, "aws_dbe_foot", "reserved"),
        ({"aws_dbe_b_name": {"S": ""}}, "aws_dbe_b_name", "reserved"),
        ({"aws_dbe_v_1": {"S": ""}}, "aws_dbe_v_1", "reserved"),
        ({"aws_dbe_": {"S": ""}}, "aws_dbe_", "reserved"),
        ({"name": {"N": "1e126"}}, "name", "range"),
        ({"name": {"M": {"deep": {"NULL": False}}}}, "name", "NULL must be true"),
        ({"": {"S": ""}}, None, "1 to 65535 bytes"),
        ({"n" * 65_536: {"S": ""}}, None, "1 to 65535 bytes"),
        ({"\ud800": {"S": ""}}, None, "not valid Unicode"),
        ({"region": {"S": "x" * 65_536}}, None, "do not fit into the encryption context"),
        ({"record": {"S": "x" * 40_000}, "region": {"S": "x" * 40_000}}, None, "do not fit"),
    ],
)
def test_item_that_cannot_be_encrypted_is_refused(
    change: dict[str, Any], attribute: str | None, reason: str
) -> None:
    writer = encryptor(raw_aes_keyring(), actions={"region": _C})
    item = {**_ITEM, "region": {"S": "eu"}, **change}
    with pytest.raises(InvalidItemError, match=reason) as refused:
        writer.encrypt({name: value for name, value in item.items() if value is not None})
    assert refused.value.attribute == attribute


def test_more_attributes_than_a_header_can_name_are_refused() -> None:
    names = {f"a{number}": {"NULL": True} for number in range(65_536)}
    with pytest.raises(InvalidItemError, match="65535 are allowed"):
        _configure(default_action=_S).encrypt({**_ITEM, **names})
    del names["a0"], names["a1"], names["a2"], names["a3"]
    with pytest.raises(InvalidItemError, match="header would exceed 65536 bytes"):
        _configure(default_action=_S).encrypt({**_ITEM, **names})


def test_unsigned_takes_names_and_not_one_name() -> None:
    with pytest.raises(ConfigurationError, match="collection of names"):
        _configure(unsigned="note")


def test_paths_are_kept_for_names_of_ordinary_length_and_up_to_a_number() -> None:
    schema = ItemSchema(
        table="t",
        partition_key="p",
        sort_key=None,
        actions={},
        default_action=CryptoAction.SIGN_ONLY,
        unsigned=(),
    )
    names = [f"a{number}" for number in range(3000)] + ["é" * 255, "b" * 256, "c" * 65_535]
    for name in names * 2:
        assert _only(schema, name).path == canonical_path("t", name)
    assert _only(schema, "b" * 255) is _only(schema, "b" * 255)
    assert _only(schema, "b" * 256) is not _only(schema, "b" * 256)
    kept = schema._kept.cache_info()
    assert (kept.maxsize, kept.currsize) == (1024, 1024)
    for name in ("", "b" * 65_536, "\ud800"):
        with pytest.raises(InvalidItemError, match="name"):
            schema.signed_names([name])


def _only(schema: ItemSchema, name: str) -> SignedName:
    (signed,) = schema.signed_names([name])
    return signed


def test_names_to_sign_come_in_the_order_of_their_paths_without_unsigned_and_reserved_ones() -> None:
    schema = ItemSchema(
        table="t",
        partition_key="p",
        sort_key=None,
        actions={"b": _S},
        default_action=_E,
        unsigned=("free",),
    )
    names = ["longer", "free", "b", "aws_dbe_head", "aws_dbe_foot", "aws_dbe_b_b", "aws_dbe_v_1", "p", "a"]
    # A path has the name's length before the name.
    expected = [("a", _E), ("b", _S), ("p", _S), ("longer", _E)]
    for _ in range(2):
        assert [(signed.name, signed.action) for signed in schema.signed_names(names)] == expected
