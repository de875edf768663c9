"""Items exchanged with AWS's own library for Java; for Python there is none of this format."""

from collections.abc import Iterator

import pytest

from tests.interop.exchanges import Exchanges
from tests.interop.item_cases import FORMATS, border_items, random_items
from tests.interop.java_items import Sides
from tests.interop.key_services import KeyServices
from tests.interop.keyring_pairs import KEYRINGS, KeyringPair, keyring_pair
from tests.interop.official_command import OfficialCommand
from tests.unit.envelope_items import GeneratedItem, as_dynamodb_returns

_formats = pytest.mark.parametrize(("header_version", "flavor"), FORMATS)


@pytest.fixture(scope="module", params=KEYRINGS)
def keyring(request: pytest.FixtureRequest, java: OfficialCommand, key_services: KeyServices) -> KeyringPair:
    return keyring_pair(request.param, key_services, java)


def _items(keyring: str) -> dict[str, GeneratedItem]:
    """Most over the raw key: the others differ in how keys are wrapped alone."""
    borders = border_items(each_action=keyring == "raw AES")
    generated = enumerate(random_items(60 if keyring == "raw AES" else 40))
    return borders | {f"generated item {number}": item for number, item in generated}


def _differences(
    java: OfficialCommand,
    keyring: KeyringPair,
    exchanges: Exchanges,
    *,
    header_version: int,
    flavor: int,
    written_by_us: bool,
) -> Iterator[str]:
    for name, generated in _items(keyring.name).items():
        sides = Sides(java, keyring, header_version, flavor, generated.actions)
        write, read = (
            (sides.encrypt, sides.decrypt_officially)
            if written_by_us
            else (sides.encrypt_officially, sides.decrypt)
        )
        stored = as_dynamodb_returns(write(generated.item))
        assert stored["aws_dbe_head"]["B"][:2] == bytes([header_version, flavor])
        try:
            found = as_dynamodb_returns(read(stored))
        except Exception as refused:  # noqa: BLE001 - all that fail are shown, not the first alone
            yield f"{name}: {refused}"
            continue
        if found != as_dynamodb_returns(generated.item):
            yield f"{name}: read as {found}"
        exchanges.read[sides.group(written_by_us=written_by_us)] += 1


def test_at_least_300_items_are_exchanged_each_way() -> None:
    assert len(FORMATS) * sum(len(_items(keyring)) for keyring in KEYRINGS) >= 300


@_formats
def test_java_reads_what_we_wrote(
    java: OfficialCommand, keyring: KeyringPair, exchanges: Exchanges, header_version: int, flavor: int
) -> None:
    found = _differences(
        java, keyring, exchanges, header_version=header_version, flavor=flavor, written_by_us=True
    )
    assert list(found) == []


@_formats
def test_we_read_what_java_wrote(
    java: OfficialCommand, keyring: KeyringPair, exchanges: Exchanges, header_version: int, flavor: int
) -> None:
    found = _differences(
        java, keyring, exchanges, header_version=header_version, flavor=flavor, written_by_us=False
    )
    assert list(found) == []
