"""Messages exchanged with AWS's own library for JavaScript."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from envelope import EnvelopeError
from tests.interop.exchanges import Exchanges
from tests.interop.item_cases import examples
from tests.interop.javascript_messages import MessageSides
from tests.interop.key_services import KeyServices
from tests.interop.keyring_pairs import KEYRINGS, KeyringPair, keyring_pair, raw_aes_pair
from tests.interop.official_command import OfficialCommand, OfficialError
from tests.interop.official_messages import SUITES, Case

_SMALL = {"tenant": "acme", "record": "r", "é": "ü"}
_LARGE = {"tenant": "acme"} | {f"key {number:03}": "value of this key" * 4 for number in range(60)}
#: By their UTF-8 these keys are in another order than by their UTF-16, and than in a dictionary.
_IN_ANOTHER_ORDER = {"B": "1", "a": "2", "\uff61": "3", "\U0001f600": "4", "\ue000": ""}
_CONTEXTS = [{}, _SMALL, _LARGE, _IN_ANOTHER_ORDER]
_GREAT_SIZE, _GREAT_FRAME_LENGTH = 3_000_000, 1024 * 1024
_GENERATED = 20

_generated_cases = st.builds(
    Case,
    suite=st.sampled_from(sorted(SUITES)),
    context=st.dictionaries(
        st.text(min_size=1, max_size=20).filter(lambda key: not key.startswith("aws-crypto-")),
        st.text(max_size=20),
        max_size=5,
    ),
    required=st.just([]),
    size=st.integers(0, 500),
    frame_length=st.integers(1, 300),
)


def _sizes(frame_length: int) -> list[int]:
    return sorted({0, 1, frame_length - 1, frame_length, frame_length + 1, 10 * frame_length})


_CASES = [
    *(
        Case(suite, context, [], size, 128)
        for suite, context, size in itertools.product(SUITES, _CONTEXTS, _sizes(128))
    ),
    *(
        Case(suite, _SMALL, [], size, frame_length)
        for suite, frame_length in itertools.product(SUITES, (1, 15, 4096))
        for size in _sizes(frame_length)
    ),
    *(Case(suite, _SMALL, [], _GREAT_SIZE, _GREAT_FRAME_LENGTH) for suite in SUITES),
    *examples(_generated_cases, _GENERATED),
]
_SHORT = [Case(suite, _SMALL, [], 40, 16) for suite in SUITES]
_suites = pytest.mark.parametrize("case", _SHORT, ids=lambda case: f"{case.suite:04x}")
_directions = pytest.mark.parametrize("written_by_us", [True, False], ids=["ours", "JavaScript's"])


@pytest.fixture(scope="module", params=KEYRINGS)
def keyring(
    request: pytest.FixtureRequest, javascript: OfficialCommand, key_services: KeyServices
) -> KeyringPair:
    return keyring_pair(request.param, key_services, javascript)


def test_at_least_100_messages_are_exchanged_each_way() -> None:
    assert len(_CASES) * len(KEYRINGS) >= 100


@_directions
def test_each_side_reads_what_the_other_wrote(
    javascript: OfficialCommand, keyring: KeyringPair, exchanges: Exchanges, *, written_by_us: bool
) -> None:
    sides = MessageSides(javascript, keyring)
    for case in _CASES:
        message = sides.encrypt(case) if written_by_us else sides.encrypt_officially(case)
        assert message[:3] == b"\x02" + case.suite.to_bytes(2, "big")
        read = sides.decrypt_officially if written_by_us else sides.decrypt
        assert read(message, case.context) == case.plaintext, case
        exchanges.read[sides.group(case, written_by_us=written_by_us)] += 1


def _refuses(sides: MessageSides, message: bytes, *, written_by_us: bool) -> bool:
    try:
        (sides.decrypt_officially if written_by_us else sides.decrypt)(message, {})
    except (EnvelopeError, OfficialError):
        return True
    return False


def _of_usual_length(case: Case, write: Callable[[Case], bytes]) -> bytes:
    """Signatures differ in length by a few bytes: so each run forges as many messages."""
    written = (write(case) for _ in range(100))
    return next(
        message
        for message in written
        if case.suite == 0x0478 or message[-105:-103] == (103).to_bytes(2, "big")
    )


def _forged(message: bytes) -> Iterator[tuple[str, bytes]]:
    """One bit of each byte, and each length that is too short."""
    for at in range(len(message)):
        changed = bytearray(message)
        changed[at] ^= 1 << at % 8
        yield f"byte {at} changed", bytes(changed)
        yield f"only {at} bytes", message[:at]


@_directions
@_suites
def test_what_was_tampered_with_is_refused_by_the_other_library(
    javascript: OfficialCommand, exchanges: Exchanges, case: Case, *, written_by_us: bool
) -> None:
    sides = MessageSides(javascript, raw_aes_pair())
    message = _of_usual_length(case, sides.encrypt if written_by_us else sides.encrypt_officially)
    forged = dict(_forged(message))

    accepted = [
        name for name, changed in forged.items() if not _refuses(sides, changed, written_by_us=written_by_us)
    ]

    assert accepted == []
    exchanges.refused[sides.group(case, written_by_us=written_by_us)] += len(forged)


@_directions
@pytest.mark.parametrize("kind", KEYRINGS)
def test_another_key_is_refused_by_the_other_library(
    javascript: OfficialCommand,
    key_services: KeyServices,
    exchanges: Exchanges,
    kind: str,
    *,
    written_by_us: bool,
) -> None:
    case = _SHORT[0]
    right = MessageSides(javascript, keyring_pair(kind, key_services, javascript))
    other = raw_aes_pair(key=bytes(32)) if kind == "raw AES" else keyring_pair(kind, key_services, javascript)
    message = right.encrypt(case) if written_by_us else right.encrypt_officially(case)
    assert not _refuses(right, message, written_by_us=written_by_us)
    assert _refuses(MessageSides(javascript, other), message, written_by_us=written_by_us)
    exchanges.refused[right.group(case, written_by_us=written_by_us)] += 1


def test_javascript_cannot_read_a_message_with_required_pairs(javascript: OfficialCommand) -> None:
    """It has no way to be given them; what it would need is not in the message."""
    sides = MessageSides(javascript, raw_aes_pair())
    case = replace(_SHORT[0], required=["tenant"])
    message = sides.encrypt(case)
    assert sides.decrypt(message, {"tenant": "acme"}) == case.plaintext
    with pytest.raises(OfficialError):
        sides.decrypt_officially(message, {})


@_directions
def test_javascript_must_be_told_to_sort_the_context_as_the_specification_does(
    javascript: OfficialCommand, *, written_by_us: bool
) -> None:
    told = raw_aes_pair()
    untold = replace(told, theirs=told.theirs | {"utf8Sorting": False})
    case = replace(_SHORT[0], context={"B": "1", "a": "2"})
    for pair, read in ((told, True), (untold, False)):
        sides = MessageSides(javascript, pair)
        message = sides.encrypt(case) if written_by_us else sides.encrypt_officially(case)
        assert _refuses(sides, message, written_by_us=written_by_us) is not read


@_suites
def test_bytes_after_the_message_pass_in_javascript_where_it_is_not_signed_and_never_here(
    javascript: OfficialCommand, case: Case
) -> None:
    sides = MessageSides(javascript, raw_aes_pair())
    assert _refuses(sides, sides.encrypt_officially(case) + b"x", written_by_us=False)
    assert _refuses(sides, sides.encrypt(case) + b"x", written_by_us=True) is (case.suite == 0x0578)
