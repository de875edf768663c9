"""What is gone on with is not believed: logs and unfinished files that were lost, edited or planted."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.local.object_commands import PART, Commands

LENGTH = 4 * PART - 1000
_OFTEN = 40


pytestmark = pytest.mark.usefixtures("tried_twice")


@pytest.fixture
def name() -> str:
    return f"s-{uuid4().hex[:12]}"


@pytest.fixture
def content(sealed_here: Commands) -> bytes:
    return sealed_here.file("in", LENGTH)


@pytest.fixture
def upload_log(sealed_here: Commands, name: str, content: bytes) -> Path:
    """The log of an upload whose third part did not go through."""
    sealed_here.aws.fail_next("s3", "UploadPart", reset=True, times=_OFTEN, skip=2)
    assert sealed_here("object", "put", "acme", name, "in", "--concurrency", "1").code == 7
    sealed_here.aws.clear_faults()
    [log] = sealed_here.folder.glob(".in.*.upload")
    return log


@pytest.fixture
def download(sealed_here: Commands, name: str, content: bytes) -> tuple[str, ...]:
    """The command of a download of which two parts came through."""
    sealed_here("object", "put", "acme", name, "in").document()
    words = ("object", "get", "acme", name, "-o", "out", "--concurrency", "1")
    sealed_here.aws.fail_next("s3", "GetObject", reset=True, times=_OFTEN, skip=3)
    assert sealed_here(*words).code == 7
    sealed_here.aws.clear_faults()
    assert sealed_here.names() == [".out.download", ".out.part", "in"]
    return words


def _set_back(lines: list[bytes]) -> list[bytes]:
    return lines[:-2]


def _torn(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], lines[-1][:20]]


@pytest.mark.parametrize("change", [_set_back, _torn])
def test_a_log_that_lacks_what_may_have_been_sent_begins_an_upload_under_another_key(
    sealed_here: Commands, name: str, upload_log: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    lines = upload_log.read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + 3  # the third was noted before it was to be sent
    header = json.loads(lines[0])["state"]["header"]
    upload_log.write_bytes(b"".join(change(lines)))
    ended = sealed_here("object", "put", "acme", name, "in")
    assert ended.code == 0, ended.err
    assert "is not complete: beginning anew" in ended.err
    assert not sealed_here.stored(name).startswith(bytes.fromhex(header))
    assert sealed_here.unfinished(name) == 0


def test_a_planted_log_cannot_have_content_encrypted_under_a_key_that_was_used(
    sealed_here: Commands, name: str, upload_log: Path
) -> None:
    sealed_here("object", "put", "acme", name, "in").document()
    old = sealed_here.stored(name)
    sealed_here.file("in", LENGTH, seed=2)
    sealed_here.aws.fail_next("s3", "UploadPart", reset=True, times=_OFTEN)
    assert sealed_here("object", "put", "acme", name, "in", "--replace").code == 7
    sealed_here.aws.clear_faults()
    planted = json.loads(upload_log.read_text().splitlines()[0])
    length = len(bytes.fromhex(planted["state"]["header"]))
    planted["state"]["header"] = old[:length].hex()
    upload_log.write_text(json.dumps(planted) + "\n")
    before = len(sealed_here.aws.requests("s3"))
    refused = sealed_here("object", "put", "acme", name, "in", "--replace")
    assert refused.code == 4
    assert "was not written by this command" in refused.err
    assert "--no-resume" in refused.err
    assert "UploadPart" not in [request.operation for request in sealed_here.aws.requests("s3")[before:]]
    assert sealed_here("object", "put", "acme", name, "in", "--replace", "--no-resume").code == 0


def _lost(folder: Path) -> None:
    (folder / ".out.part").unlink()


def _emptied(folder: Path) -> None:
    (folder / ".out.part").write_bytes(b"")


def _edited(folder: Path) -> None:
    with (folder / ".out.part").open("r+b") as stream:
        stream.seek(PART + 5)
        stream.write(b"EVIL")


def _claimed(folder: Path) -> None:
    """Say of a part that did not come through that it did."""
    with (folder / ".out.download").open("a") as stream:
        stream.write(json.dumps({"part": 3, "proof": "00" * 32}) + "\n")


def _nonsense(folder: Path) -> None:
    with (folder / ".out.download").open("a") as stream:
        stream.write('{"part": -1}\n{"part": "x"}\n[]\n{"part": 99999}\nnothing\n')


@pytest.mark.parametrize("change", [_lost, _emptied, _edited, _claimed, _nonsense])
def test_what_an_interrupted_download_left_is_verified_again(
    sealed_here: Commands,
    content: bytes,
    download: tuple[str, ...],
    change: Callable[[Path], None],
) -> None:
    change(sealed_here.folder)
    ended = sealed_here(*download)
    assert ended.code == 0, ended.err
    assert Path("out").read_bytes() == content
    assert sealed_here.names() == ["in", "out"]


@pytest.mark.parametrize("which", [".out.part", ".out.download"])
@pytest.mark.parametrize("how", ["open to others", "a pipe", "a link"])
def test_a_file_that_somebody_put_in_the_way_is_not_written_into(
    sealed_here: Commands, name: str, which: str, how: str
) -> None:
    sealed_here.file("in", 100)
    sealed_here("object", "put", "acme", name, "in").document()
    place = Path(which)
    if how == "a pipe":
        os.mkfifo(place, 0o600)
    elif how == "a link":
        Path("elsewhere").touch()
        place.symlink_to("elsewhere")
    else:
        place.touch()
        place.chmod(0o666)
    refused = sealed_here("object", "get", "acme", name, "-o", "out")
    assert refused.code == 2, refused.err
    assert which in refused.err
    assert not Path("out").exists()
    assert how != "a link" or Path("elsewhere").read_bytes() == b""


def test_a_pipe_of_the_default_name_gets_nothing(sealed_here: Commands, name: str) -> None:
    sealed_here.file("in", 100)
    sealed_here("object", "put", "acme", name, "in").document()
    os.mkfifo(name)
    refused = sealed_here("object", "get", "acme", name)
    assert (refused.code, refused.out) == (4, b"")
