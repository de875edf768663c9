"""Ranges against slices, and against sources that lie."""

import io
from collections.abc import Callable

import pytest

from envelope import (
    CommitmentError,
    ContextMismatchError,
    IntegrityError,
    MalformedMessageError,
    MessageRangeError,
    TagError,
    TruncatedMessageError,
    encrypt,
    read_range,
)
from tests.unit.message_cases import CONTEXT, KEYRING, StaticKeyring, UnusedKeyring
from tests.unit.message_reference import Message

_TEXT = bytes(range(23))
_MADE = Message(_TEXT, frame_length=5)
_HEADER = len(_MADE.header())


def _range(
    source: bytes | io.BytesIO, start: int, length: int, *, verify_end: bool = False, context: object = None
) -> bytes:
    return read_range(
        io.BytesIO(source) if isinstance(source, bytes) else source,
        start,
        length,
        keyring=StaticKeyring(),
        encryption_context=context or {},  # type: ignore[arg-type]
        verify_end=verify_end,
    )


@pytest.mark.parametrize("frame_length", [1, 5, 22, 23, 24, 100])
def test_every_range_is_the_slice_and_every_other_is_refused(frame_length: int) -> None:
    message = Message(_TEXT, frame_length=frame_length).whole()
    for start in range(-2, 27):
        for length in range(-2, 27):
            if start >= 0 and length >= 1 and start + length <= len(_TEXT):
                wanted = _TEXT[start : start + length]
                assert _range(message, start, length) == wanted
                assert _range(message, start, length, verify_end=True) == wanted
            else:
                with pytest.raises(MessageRangeError):
                    _range(message, start, length)


def test_ranges_of_an_empty_message_and_of_one_that_ends_in_an_empty_frame() -> None:
    with pytest.raises(MessageRangeError, match="has 0"):
        _range(Message(b"", frame_length=5).whole(), 0, 1)
    message = _MADE.whole(_MADE.frame(1, _TEXT[:5]), _MADE.final_frame(2, b""))
    assert _range(message, 1, 4, verify_end=True) == _TEXT[1:5]
    with pytest.raises(MessageRangeError, match="has 5"):
        _range(message, 5, 1)


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, 0), (0, -1), (-5, 3), (2**70, -(2**70))])
def test_impossible_ranges_are_refused_before_anything_is_read(start: int, length: int) -> None:
    with pytest.raises(MessageRangeError):
        read_range(None, start, length, keyring=UnusedKeyring(), encryption_context={})  # type: ignore[arg-type]


@pytest.mark.parametrize(("start", "length"), [(2**63, 1), (0, 2**63), (2**70, 2**70), (23, 1), (0, 24)])
def test_ranges_beyond_the_message_are_refused_and_the_size_is_told(start: int, length: int) -> None:
    with pytest.raises(MessageRangeError, match="the message has 23"):
        _range(_MADE.whole(), start, length)


def test_that_a_range_is_beyond_the_end_is_said_after_the_end_was_verified() -> None:
    """Who reads on until there is no more must not take a cut message for a short one."""
    cut = _MADE.header() + b"".join(_MADE.frames()[:3])
    for missing in range(40):
        message = cut[: len(cut) - missing]
        for start, length in ((0, 23), (14, 1), (15, 1), (100, 1)):
            with pytest.raises(IntegrityError):
                _range(message, start, length, verify_end=True)
    with pytest.raises(MessageRangeError, match="has 23"):
        _range(_MADE.whole(), 23, 1, verify_end=True)


class _Counting(io.BytesIO):
    """Notes which bytes were read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.read_here: list[tuple[int, int]] = []

    def read(self, size: int | None = -1, /) -> bytes:
        at = self.tell()
        data = super().read(size)
        self.read_here.append((at, at + len(data)))
        return data


def test_no_more_is_read_than_the_header_and_the_frames_of_the_range() -> None:
    made = Message(bytes(100_000), frame_length=1000)
    for start, length, first, last in (
        (0, 1, 0, 0),
        (999, 2, 0, 1),
        (5000, 1000, 5, 5),
        (98_999, 1, 98, 98),
        (98_000, 2000, 98, 99),
    ):
        source = _Counting(made.whole())
        assert _range(source, start, length) == bytes(length)
        begin = _HEADER + first * 1032
        end = len(made.whole()) if last == 99 else _HEADER + (last + 1) * 1032
        assert source.read_here == [(0, 4096), (begin, end)]
    source = _Counting(made.whole())
    assert _range(source, 0, 1, verify_end=True) == b"\0"
    assert source.read_here == [
        (0, 4096),
        (_HEADER + 99 * 1032, len(made.whole())),
        (_HEADER, _HEADER + 1032),
    ]


def test_headers_of_more_than_one_read_are_read_in_as_few_bytes_as_their_fields_allow() -> None:
    made = Message(_TEXT, context={"k": "v" * 20_000}, frame_length=5)
    source = _Counting(made.whole() + bytes(100_000))
    with pytest.raises(MalformedMessageError):
        _range(source, 0, 1)
    assert max(end for _, end in source.read_here) <= len(made.header()) + 4096


@pytest.mark.parametrize("cut", [*range(1, 60), 86, 87, 88, 200])
def test_a_truncated_message_gives_true_bytes_or_none(cut: int) -> None:
    message = _MADE.whole()[:-cut]
    with pytest.raises(IntegrityError):
        _range(message, 0, 1, verify_end=True)
    for start in range(23):
        try:
            assert _range(message, start, 1) == _TEXT[start : start + 1]
        except (IntegrityError, MessageRangeError):
            continue


@pytest.mark.parametrize("extra", [*range(1, 45), 74, 500])
def test_an_extended_message_gives_true_bytes_or_none(extra: int) -> None:
    for more in (bytes(extra), b"\xff" * extra, (_MADE.frames()[-1] * 20)[:extra]):
        with pytest.raises(IntegrityError):
            _range(_MADE.whole() + more, 0, 1, verify_end=True)
        for start in range(23):
            try:
                assert _range(_MADE.whole() + more, start, 1) == _TEXT[start : start + 1]
            except IntegrityError:
                continue


class _Liar(io.BytesIO):
    def __init__(self, data: bytes, claimed: int) -> None:
        super().__init__(data)
        self._claimed = claimed

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._claimed if whence == io.SEEK_END else super().seek(offset, whence)


def test_a_source_that_lies_about_its_size_gives_true_bytes_or_none() -> None:
    message = _MADE.whole()
    for claimed in [*range(len(message) + 200), 2**40, 2**63]:
        if claimed == len(message):
            continue
        with pytest.raises(IntegrityError):
            _range(_Liar(message, claimed), 0, 1, verify_end=True)
        for start in (0, 4, 5, 19, 20, 22, 30):
            try:
                found = _range(_Liar(message, claimed), start, 1)
            except (IntegrityError, MessageRangeError):
                continue
            assert found == _TEXT[start : start + 1]


def test_a_source_that_shrinks_while_it_is_read_is_refused() -> None:
    with pytest.raises(TruncatedMessageError, match="became shorter"):
        _range(_Liar(_MADE.whole()[:-60], len(_MADE.whole())), 15, 8)


@pytest.mark.parametrize(
    ("exchange", "error"),
    [
        (lambda frames: [frames[1], frames[0], *frames[2:]], MalformedMessageError),
        (lambda frames: [frames[0], frames[0], *frames[2:]], MalformedMessageError),
        (lambda frames: [*frames[:1], _MADE.frame(3, _TEXT[5:10]), *frames[2:]], MalformedMessageError),
        (lambda frames: [frames[0], _MADE.but(message_id=bytes(32)).frames()[1], *frames[2:]], TagError),
        (lambda frames: [frames[0], bytes([0, 0, 0, 2]) + frames[0][4:], *frames[2:]], TagError),
        (lambda frames: [frames[0], b"\xff" * 4 + frames[1][4:], *frames[2:]], IntegrityError),
    ],
)
def test_frames_in_another_place_are_refused(
    exchange: Callable[[list[bytes]], list[bytes]], error: type[IntegrityError]
) -> None:
    message = _MADE.header() + b"".join(exchange(_MADE.frames()))
    for start, length in ((5, 5), (4, 2), (0, 23)):
        with pytest.raises(error):
            _range(message, start, length)


@pytest.mark.parametrize("announced", [0, 2, 4, 5])
def test_the_last_frame_must_announce_the_length_that_the_size_leaves(announced: int) -> None:
    """Its tag fits, and whoever reads the whole message refuses it: so must who reads a part."""
    last = _MADE.final_frame(5, _TEXT[20:], length=announced)
    message = _MADE.header() + b"".join(_MADE.frames()[:-1]) + last
    for start, verify_end in ((22, False), (0, True)):
        with pytest.raises(MalformedMessageError, match="another length"):
            _range(message, start, 1, verify_end=verify_end)


def test_signed_unframed_and_uncommitted_messages_have_no_ranges() -> None:
    for made, error, reason in (
        (_MADE.but(suite=0x0578), MalformedMessageError, "signed"),
        (_MADE.but(frame_length=0), MalformedMessageError, "no frames"),
        (_MADE.but(suite=0x0178), CommitmentError, "version 1"),
        (_MADE.but(suite=0x0378), MalformedMessageError, "signed"),
        (_MADE.but(commitment=bytes(32)), CommitmentError, "commit"),
    ):
        with pytest.raises(error, match=reason):
            _range(made.whole(), 0, 1)


def test_ranges_are_bound_to_the_context_like_whole_messages() -> None:
    message = encrypt(_TEXT, keyring=KEYRING, encryption_context=CONTEXT, required=["tenant"], frame_length=5)
    source = io.BytesIO(message)
    settings = {"keyring": KEYRING, "encryption_context": CONTEXT}
    assert read_range(source, 7, 7, **settings) == _TEXT[7:14]  # type: ignore[arg-type]
    with pytest.raises(ContextMismatchError):
        read_range(source, 7, 7, keyring=KEYRING, encryption_context={**CONTEXT, "é": "x"})
    for context in ({}, {**CONTEXT, "tenant": "b"}, {**CONTEXT, "more": "x"}):
        with pytest.raises(IntegrityError):
            read_range(source, 7, 7, keyring=KEYRING, encryption_context=context)


def test_the_position_of_the_source_does_not_matter() -> None:
    source = io.BytesIO(_MADE.whole())
    for position in (0, 17, 10_000):
        source.seek(position)
        assert _range(source, 3, 4) == _TEXT[3:7]
