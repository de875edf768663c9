"""What the fuzzer kept goes through the parsers again: every input that once reached something new."""

import io
from pathlib import Path

import pytest

from envelope import CommitmentError, message_frames, message_opening
from fuzz.parsers import (
    ITEM_HEADER,
    PREFIX_LENGTH,
    UNCHECKED,
    UNCOMMITTED,
    DisagreementError,
    parse,
    unchecked,
)
from tests.unit.message_cases import opened
from tests.unit.message_reference import Message

_CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"


def test_every_kept_input_is_read_or_refused_as_the_library_promises() -> None:
    kept = [path.read_bytes() for path in sorted(_CORPUS.iterdir())]
    for data in kept:
        parse(data)
    assert 100 <= len(kept) <= 300
    assert sum(map(len, kept)) <= 500_000
    modes = {data[0] & (ITEM_HEADER | UNCHECKED | UNCOMMITTED) for data in kept if len(data) > PREFIX_LENGTH}
    assert {ITEM_HEADER, UNCOMMITTED, UNCHECKED | UNCOMMITTED} <= modes


def test_inputs_without_cryptography_reach_behind_it_and_leave_it_in_place() -> None:
    forged = Message(commitment=bytes(32)).whole()
    before = (message_frames.AESGCM, message_opening.hmac)
    with unchecked():
        assert len(opened(forged[:-1] + b"\0")) == len(Message().plaintext)
    assert (message_frames.AESGCM, message_opening.hmac) == before
    with pytest.raises(CommitmentError):
        opened(forged)


def test_ways_to_read_that_disagree_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = bytes([UNCOMMITTED, 0, 5]) + Message().whole()
    parse(stored)
    monkeypatch.setattr("fuzz.parsers.read_range", lambda source, *_, **__: source.read(5))
    with pytest.raises(DisagreementError, match="slice"):
        parse(stored)


def test_what_is_no_error_of_the_library_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(source: io.BytesIO) -> None:
        raise OverflowError

    monkeypatch.setattr("fuzz.parsers.read_header", broken)
    with pytest.raises(OverflowError):
        parse(bytes([UNCOMMITTED, 0, 5]) + Message().whole())
