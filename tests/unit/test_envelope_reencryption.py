"""An encrypted item is encrypted anew: today's configuration, new keys, and nothing else changed."""

from typing import Any

import pytest
from hypothesis import given, settings

from envelope import CryptoAction, IntegrityError, ItemEncryptor, MalformedItemError, RawAesKeyring
from tests.unit.envelope_items import as_dynamodb_returns, encryptor, generated_items

_OLD, _NEW = RawAesKeyring("unit", "old", bytes(32)), RawAesKeyring("unit", "new", bytes(range(32)))
_ITEM: dict[str, Any] = {
    "tenant": {"S": "acme"},
    "record": {"S": "r-1"},
    "name": {"S": "Ada"},
    "n": {"N": "12.5"},
    "deep": {"M": {"list": {"L": [{"NULL": True}, {"BS": [b"\x00", b"\xff"]}]}}},
}
_READABLE = {"name": CryptoAction.SIGN_ONLY}
_UNSIGNED = {"n": CryptoAction.DO_NOTHING}


class _Both:
    """Encrypts with one keyring, and decrypts with either."""

    def __init__(self) -> None:
        self.generate = _NEW.generate

    def unwrap(self, entries: Any, context: Any) -> bytes:
        try:
            return _OLD.unwrap(entries, context)
        except IntegrityError:
            return _NEW.unwrap(entries, context)


def _both(**changes: Any) -> ItemEncryptor:
    return encryptor(_Both(), **changes)


@pytest.mark.parametrize("old", [{}, {"header_version": 1}, {"flavor": 1}, {"actions": _READABLE}])
@pytest.mark.parametrize("new", [{}, {"flavor": 1}, {"actions": _READABLE}])
def test_any_form_becomes_any_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    stored = encryptor(_OLD, **old).encrypt(_ITEM)
    rewritten = _both(**new).reencrypt(stored)
    assert encryptor(_NEW, **new).decrypt(rewritten) == _ITEM
    assert _both(**new).stored_form(rewritten).as_written_today
    assert _both(**new).stored_form(stored).as_written_today == (old == new)
    with pytest.raises(IntegrityError):
        encryptor(_OLD, **new).decrypt(rewritten)


@given(generated_items())
@settings(max_examples=60)
def test_generated_items_keep_their_content(made: Any) -> None:
    stored = encryptor(_OLD, actions=made.actions).encrypt(made.item)
    rewritten = _both(actions=made.actions).reencrypt(stored)
    found = encryptor(_NEW, actions=made.actions).decrypt(rewritten)
    assert as_dynamodb_returns(found) == as_dynamodb_returns(made.item)


def test_what_is_not_signed_stays_as_it_is() -> None:
    outside = {"n": {"N": "99"}, "aws_dbe_b_name": {"S": "beacon"}}
    stored = {**encryptor(_OLD, actions=_UNSIGNED).encrypt(_ITEM), **outside}
    rewritten = _both(actions=_UNSIGNED).reencrypt(stored)
    assert {name: rewritten[name] for name in outside} == outside
    assert rewritten["aws_dbe_head"] != stored["aws_dbe_head"]


def test_the_form_names_what_the_keyring_made() -> None:
    (entry,) = _both().stored_form(encryptor(_OLD).encrypt(_ITEM)).entries
    assert entry.provider_id == "unit"
    # The wrapped intermediate key alone: a raw keyring's has its key's name in front, and no data key.
    assert entry.provider_info.startswith(b"old")
    assert len(entry.ciphertext) == 32 + 16


@pytest.mark.parametrize("name", ["name", "n", "deep", "tenant", "record", "aws_dbe_head", "aws_dbe_foot"])
def test_what_does_not_verify_is_not_encrypted_anew(name: str) -> None:
    stored = encryptor(_OLD).encrypt(_ITEM)
    kind, content = next(iter(stored[name].items()))
    changed = content + "x" if isinstance(content, str) else content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(IntegrityError):
        _both().reencrypt({**stored, name: {kind: changed}})


def test_an_item_without_a_header_has_no_form() -> None:
    for item in (_ITEM, {**_ITEM, "aws_dbe_head": {"S": "text"}}, {**_ITEM, "aws_dbe_head": {"B": b"\x02"}}):
        with pytest.raises(IntegrityError):
            _both().stored_form(item)
    with pytest.raises(MalformedItemError):
        _both().stored_form({**_ITEM, "aws_dbe_head": {"B": b"\x02\x00" + bytes(10)}})
