"""`sealed inspect`: what stands in clear, and nothing that steers a terminal."""

import base64
import json
from pathlib import Path

import pytest

from client.entry import main
from envelope import CryptoAction, ItemEncryptor, encrypt
from tests.unit.envelope_keys import raw_aes_keyring


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _inspected(
    content: bytes, capfdbinary: pytest.CaptureFixture[bytes], *options: str
) -> tuple[int, bytes, str]:
    Path("file").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        main(["inspect", "file", *options])
    out, err = capfdbinary.readouterr()
    return int(ended.value.code or 0), out, err.decode()


def _message(content: bytes = b"x" * 40, **context: str) -> bytes:
    return encrypt(content, keyring=raw_aes_keyring(), encryption_context=context, frame_length=16)


def test_a_message_is_described(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    message = _message(tenant="acme")
    code, out, _ = _inspected(message, capfdbinary, "--output", "json")
    shown = json.loads(out)
    assert code == 0
    assert shown["algorithm_suite"].startswith("0478")
    assert shown["encryption_context"] == {"tenant": "acme"}
    assert shown["encrypted_data_keys"][0]["provider"] == "tests"
    assert (shown["frames"], shown["plaintext_bytes"], shown["message_bytes"]) == (3, 40, len(message))


def test_a_message_that_is_cut_is_described_as_far_as_it_goes(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    code, out, _ = _inspected(_message()[:-10], capfdbinary, "--output", "json")
    assert code == 0
    assert "truncated or extended" in json.loads(out)["incomplete"]


def test_an_item_is_described(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    encryptor = ItemEncryptor(
        table="records",
        partition_key="tenant",
        actions={"tenant": CryptoAction.SIGN_ONLY, "secret": CryptoAction.ENCRYPT_AND_SIGN},
        keyring=raw_aes_keyring(),
    )
    item = encryptor.encrypt({"tenant": {"S": "acme"}, "secret": {"S": "whisper"}})
    stored = {
        name: {
            kind: base64.b64encode(value).decode() if kind == "B" else value for kind, value in held.items()
        }
        for name, held in item.items()
    }
    code, out, _ = _inspected(json.dumps({"Item": stored}).encode(), capfdbinary, "--output", "json")
    shown = json.loads(out)
    assert code == 0
    assert (shown["legend"], shown["attributes"], shown["has_footer"]) == ("es", ["secret", "tenant"], True)


@pytest.mark.parametrize("output", ["json", "table"])
def test_nothing_that_steers_a_terminal_is_printed(
    capfdbinary: pytest.CaptureFixture[bytes], output: str
) -> None:
    _, out, _ = _inspected(_message(a="\x1b[2J\x9b2J\u202e\x7f"), capfdbinary, "--output", output)
    assert not set(out.decode()) & set("\x1b\x9b\u202e\x7f")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", 8), (b"hello", 8), (b"{}", 5), (b'{"Item": 1}', 5), (b"{" * 200_000, 5), (b'{"a":' * 100_000, 5)],
)
def test_what_is_neither_is_refused(
    capfdbinary: pytest.CaptureFixture[bytes], content: bytes, code: int
) -> None:
    ended, out, err = _inspected(content, capfdbinary)
    assert (ended, out) == (code, b"")
    assert "defect" not in err


def test_base64_is_recognized(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    code, _, err = _inspected(base64.b64encode(_message()), capfdbinary)
    assert code == 8
    assert "base64" in err


@pytest.mark.parametrize("name", ["a\x1b]0;mine\x07b", "a\x9b2Jb", "a\u202eb"])
def test_the_name_of_a_file_does_not_steer_the_terminal(
    name: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for there in (False, True):
        if there:
            Path(name).write_bytes(b"no message")
        with pytest.raises(SystemExit):
            main(["inspect", name])
        err = capfdbinary.readouterr().err.decode()
        assert "a?" in err
        assert all(character.isprintable() for character in err.removesuffix("\n"))
