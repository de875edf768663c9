"""Generated items of all ten types, in both header versions and both flavors."""

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from envelope import CryptoAction, IntegrityError, ItemEncryptor
from tests.unit.envelope_items import (
    GeneratedItem,
    as_dynamodb_returns,
    encryptor,
    generated_items,
    sampled_bit_flip,
)
from tests.unit.envelope_keys import raw_aes_keyring

_FORMATS = [(1, 0), (1, 1), (2, 0), (2, 1)]
#: `make fuzz` takes many more.
_EXAMPLES = int(os.environ.get("SEALED_EXAMPLES", "200"))
_FLIPS_PER_ITEM = 2


@settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(generated=generated_items())
def test_generated_items_round_trip_and_no_sampled_bit_flip_is_accepted(generated: GeneratedItem) -> None:
    expected = as_dynamodb_returns(generated.item)
    chosen = random.Random(repr(generated))  # noqa: S311 - reproducible samples, no secrets
    for header_version, flavor in _FORMATS:
        formats = encryptor(
            raw_aes_keyring(), actions=generated.actions, header_version=header_version, flavor=flavor
        )
        stored = formats.encrypt(generated.item)
        assert stored["aws_dbe_head"]["B"][:2] == bytes([header_version, flavor])
        assert as_dynamodb_returns(formats.decrypt(stored)) == expected
        in_table = as_dynamodb_returns(stored)
        assert as_dynamodb_returns(formats.decrypt(in_table)) == expected
        for _ in range(_FLIPS_PER_ITEM):
            _refuses_a_flip(formats, in_table, generated.actions, chosen)


def _refuses_a_flip(
    formats: ItemEncryptor, stored: dict[str, Any], actions: dict[str, CryptoAction], chosen: random.Random
) -> None:
    signed = [name for name in stored if actions.get(name) is not CryptoAction.DO_NOTHING]
    name = chosen.choice(signed)
    flipped = sampled_bit_flip(stored[name], chosen)
    if flipped is not None:
        with pytest.raises(IntegrityError):
            formats.decrypt({**stored, name: flipped})
