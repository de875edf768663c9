"""Messages exchanged with AWS's own library, aws-encryption-sdk, over the embedded AWS's KMS and DynamoDB."""

import io
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from aws_cryptographic_material_providers.mpl.client import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_encryption_sdk import AWSEncryptionSDKClientError
from cryptography.exceptions import InvalidSignature, InvalidTag

from envelope import (
    CommitmentError,
    ContextMismatchError,
    DataKeyError,
    IntegrityError,
    decrypt,
    encrypt,
    read_range,
)
from tests.interop.exchanges import PYTHON_MESSAGES, Exchanges, Group
from tests.interop.key_services import KeyServices
from tests.interop.official_messages import SUITES, V1_SUITES, Case, Pair, hierarchy, kms, raw

_SMALL = {"tenant": "acme", "record": "r", "é": "ü"}
_LARGE = {"tenant": "acme"} | {f"key {number:03}": "value of this key" * 4 for number in range(60)}
#: The context, and which of its pairs are required.
_CONTEXTS: list[tuple[dict[str, str], list[str]]] = [
    ({}, []),
    (_SMALL, []),
    (_LARGE, []),
    (_SMALL, ["tenant", "é"]),
    (_LARGE, ["tenant", "key 007"]),
]
#: AWS's library writes multiples of 128 only.
_FRAME_LENGTH = 128
_SIZES = [0, 1, _FRAME_LENGTH - 1, _FRAME_LENGTH, _FRAME_LENGTH + 1, 10 * _FRAME_LENGTH]
_GREAT_SIZE, _GREAT_FRAME_LENGTH = 5_000_000, 1024 * 1024
_KEYRINGS = ["kms", "hierarchy", "raw"]
_DIRECTIONS = ["ours", "theirs framed", "theirs in one block"]
_CASES = [
    Case(suite, context, required, size, _FRAME_LENGTH)
    for suite, (context, required), size in itertools.product(SUITES, _CONTEXTS, _SIZES)
] + [Case(suite, _SMALL, ["tenant"], _GREAT_SIZE, _GREAT_FRAME_LENGTH) for suite in SUITES]


@pytest.fixture(scope="module")
def aws(key_services: KeyServices) -> dict[str, Any]:
    """KMS and DynamoDB of the embedded AWS, and one KMS key."""
    return {"kms": key_services.kms, "dynamodb": key_services.dynamodb, "arn": key_services.key()}


@pytest.fixture(scope="module")
def providers() -> AwsCryptographicMaterialProviders:
    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


@pytest.fixture(scope="module", params=_KEYRINGS)
def pair(
    request: pytest.FixtureRequest, aws: dict[str, Any], providers: AwsCryptographicMaterialProviders
) -> Pair:
    made: dict[str, Callable[[], Pair]] = {
        "raw": lambda: raw(providers),
        "kms": lambda: kms(aws, providers),
        "hierarchy": lambda: hierarchy(aws, providers),
    }
    return made[request.param]()


def _written(pair: Pair, case: Case, direction: str) -> bytes:
    if direction != "ours":
        return pair.official.encrypt(case, frame_length=case.frame_length if "framed" in direction else 0)
    return encrypt(
        case.plaintext,
        keyring=pair.ours,
        encryption_context=case.context,
        required=case.required,
        frame_length=case.frame_length,
        signed=case.suite == 0x0578,
    )


def _group(pair: Pair, case: Case, direction: str) -> Group:
    return Group(PYTHON_MESSAGES, "messages", pair.name, f"suite {case.suite:04x}", direction == "ours")


def _cases(keyring: str) -> list[Case]:
    """All of them; but over KMS, whose calls take longest, the large context only with required pairs."""
    return [case for case in _CASES if keyring != "kms" or case.required or case.context is not _LARGE]


_GROUPS = list(itertools.product(_KEYRINGS, _DIRECTIONS))


def test_at_least_500_combinations_are_exchanged() -> None:
    exchanged = {(*group, str(case)) for group in _GROUPS for case in _cases(group[0])}
    assert len(exchanged) == 522


@pytest.mark.parametrize("direction", _DIRECTIONS)
def test_each_side_reads_what_the_other_wrote(
    request: pytest.FixtureRequest, pair: Pair, exchanges: Exchanges, direction: str
) -> None:
    cases = _cases(request.node.callspec.params["pair"])
    for number, case in enumerate(cases):
        message = _written(pair, case, direction)
        assert message[:3] == b"\x02" + case.suite.to_bytes(2, "big")
        if direction == "ours":
            read = pair.official.decrypt(message, required=case.required, context=case.reproduced)
        else:
            given = case.reproduced if number % 2 else case.context
            read = decrypt(message, keyring=pair.ours, encryption_context=given)
        assert read == case.plaintext, case
        exchanges.read[_group(pair, case, direction)] += 1
    assert len(cases) in (50, 62)


def test_ranges_of_what_the_official_library_wrote_are_read(pair: Pair) -> None:
    for size in _SIZES[1:]:
        case = Case(0x0478, _SMALL, ["tenant"], size, _FRAME_LENGTH)
        source = io.BytesIO(pair.official.encrypt(case, frame_length=_FRAME_LENGTH))
        for start in (0, size // 2, size - 1):
            part = read_range(
                source,
                start,
                size - start,
                keyring=pair.ours,
                encryption_context={"tenant": "acme"},
                verify_end=True,
            )
            assert part == case.plaintext[start:]


@pytest.mark.parametrize("suite", V1_SUITES, ids=lambda suite: f"{suite:04x}")
def test_version_1_of_the_official_library_is_read_where_that_is_allowed(pair: Pair, suite: int) -> None:
    for context, size, frame_length in itertools.product((_SMALL, {}), (0, 129, 1280), (0, _FRAME_LENGTH)):
        case = Case(suite, context, [], size, frame_length)
        message = pair.uncommitted.encrypt(case, frame_length=frame_length, algorithm=V1_SUITES[suite])
        assert message[:4] == b"\x01\x80" + suite.to_bytes(2, "big")
        with pytest.raises(CommitmentError, match="allow_uncommitted"):
            decrypt(message, keyring=pair.ours, encryption_context=context)
        read = decrypt(message, keyring=pair.ours, encryption_context=context, allow_uncommitted=True)
        assert read == case.plaintext


@pytest.mark.parametrize(
    "given", [{}, {"tenant": "other", "é": "ü"}, {"tenant": "acme"}, {"tenant": "acme", "é": "ü", "x": "y"}]
)
@pytest.mark.parametrize("direction", ["ours", "theirs framed"])
def test_both_refuse_required_pairs_that_are_not_those_that_were_written(
    pair: Pair, exchanges: Exchanges, direction: str, given: dict[str, str]
) -> None:
    case = Case(0x0478, _SMALL, ["tenant", "é"], 10, _FRAME_LENGTH)
    message = _written(pair, case, direction)
    with pytest.raises(DataKeyError):
        decrypt(message, keyring=pair.ours, encryption_context=given)
    with pytest.raises(Exception, match=r"(?i)context|decrypt|unwrap|key"):
        pair.official.decrypt(message, required=case.required, context=given)
    exchanges.refused[_group(pair, case, direction)] += 1


@pytest.mark.parametrize("direction", ["ours", "theirs framed"])
def test_both_refuse_another_value_of_a_stored_pair_and_changed_bytes(
    pair: Pair, exchanges: Exchanges, direction: str
) -> None:
    case = Case(0x0578, _SMALL, [], 300, _FRAME_LENGTH)
    message = _written(pair, case, direction)
    wrong = {**_SMALL, "record": "other"}
    with pytest.raises(ContextMismatchError):
        decrypt(message, keyring=pair.ours, encryption_context=wrong)
    with pytest.raises(AWSEncryptionSDKClientError):
        pair.official.decrypt(message, required=[], context=wrong)
    exchanges.refused[_group(pair, case, direction)] += 1
    for at in (5, len(message) - 200, len(message) - 5):
        changed = message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]
        with pytest.raises(IntegrityError):
            decrypt(changed, keyring=pair.ours, encryption_context=_SMALL)
        with pytest.raises((AWSEncryptionSDKClientError, InvalidSignature, InvalidTag)):
            pair.official.decrypt(changed, required=[], context=_SMALL)
        exchanges.refused[_group(pair, case, direction)] += 1


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: f"{suite:04x}")
def test_frames_of_any_length_are_read_there_and_bytes_after_the_message_pass(
    pair: Pair, exchanges: Exchanges, suite: int
) -> None:
    for frame_length in (1, 100, 65_536):
        case = Case(suite, _SMALL, [], 300, frame_length)
        message = _written(pair, case, "ours")
        assert pair.official.decrypt(message, required=[], context={}) == case.plaintext
        exchanges.read[_group(pair, case, "ours")] += 1
        assert pair.official.decrypt(message + b"x", required=[], context={}) == case.plaintext
        with pytest.raises(IntegrityError):
            decrypt(message + b"x", keyring=pair.ours, encryption_context={})
