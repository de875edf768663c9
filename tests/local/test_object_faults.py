"""`sealed object` where network, disk or file fail it: nothing is lost, nothing half done is seen."""

import contextlib
import fcntl
import os
import resource
import subprocess
import threading
from pathlib import Path
from uuid import uuid4

import pytest

from client.multipartupload import log_path
from tests.local.object_commands import PART, Commands

PARTS = 4
LENGTH = PARTS * PART - 1000
_OFTEN = 40  # more often than anything tries again


pytestmark = pytest.mark.usefixtures("tried_twice")


@pytest.fixture
def name() -> str:
    return f"f-{uuid4().hex[:12]}"


@pytest.fixture
def content(sealed_here: Commands) -> bytes:
    return sealed_here.file("in", LENGTH)


def put(sealed_here: Commands, name: str, *options: str, **variables: str) -> tuple[int, str]:
    ended = sealed_here("object", "put", "acme", name, "in", "--concurrency", "1", *options, **variables)
    return ended.code, ended.err


def is_there(sealed_here: Commands, name: str) -> bool:
    return sealed_here("object", "get", "acme", name, "-o", "there", "--overwrite").code == 0


def logs(sealed_here: Commands) -> list[str]:
    return [found for found in sealed_here.names() if found.endswith(".upload")]


@pytest.mark.parametrize(("refusals", "code"), [(1, 0), (_OFTEN, 6)])
def test_an_object_that_comes_while_it_is_looked_for_is_found_and_one_that_may_not_be_read_is_not(
    sealed_here: Commands, name: str, content: bytes, refusals: int, code: int
) -> None:
    assert put(sealed_here, name)[0] == 0
    # As S3 answers of an object that is not there yet to who may list its own prefix alone.
    sealed_here.aws.fail_next("s3", "GetObject", code="AccessDenied", times=refusals)
    seen = sealed_here("object", "cat", "acme", name)
    assert (seen.code, seen.out) == (code, b"" if code else content)


@pytest.mark.parametrize("failing", range(PARTS))
def test_an_upload_that_is_cut_at_any_part_goes_on_where_it_was(
    sealed_here: Commands, name: str, content: bytes, failing: int
) -> None:
    sealed_here.aws.fail_next("s3", "UploadPart", reset=True, times=_OFTEN, skip=failing)
    code, said = put(sealed_here, name)
    assert code == 7, said
    assert "run the same command again" in said
    assert not is_there(sealed_here, name)
    assert len(logs(sealed_here)) == 1
    sealed_here.aws.clear_faults()
    before = sealed_here.aws.requests("s3")
    code, said = put(sealed_here, name)
    assert code == 0, said
    sent = [
        request
        for request in sealed_here.aws.requests("s3")[len(before) :]
        if request.operation == "UploadPart"
    ]
    assert len(sent) == PARTS - failing
    assert sealed_here("object", "cat", "acme", name).out == content
    assert (logs(sealed_here), sealed_here.unfinished(name)) == ([], 0)


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "CompleteMultipartUpload"])
def test_an_upload_that_is_cut_at_its_begin_or_end_is_done_by_the_next_run(
    sealed_here: Commands, name: str, content: bytes, operation: str
) -> None:
    sealed_here.aws.fail_next("s3", operation, reset=True, times=_OFTEN)
    assert put(sealed_here, name)[0] == 7
    assert not is_there(sealed_here, name)
    sealed_here.aws.clear_faults()
    assert put(sealed_here, name)[0] == 0
    assert sealed_here("object", "cat", "acme", name).out == content
    assert (logs(sealed_here), sealed_here.unfinished(name)) == ([], 0)


@pytest.mark.parametrize(("length", "operation"), [(100, "PutObject"), (PART + 9, "CompleteMultipartUpload")])
def test_an_answer_that_is_lost_does_not_make_a_stored_object_a_conflict(
    sealed_here: Commands, name: str, length: int, operation: str
) -> None:
    content = sealed_here.file("in", length)
    sealed_here.aws.fail_next("s3", operation, answer_lost=True)
    code, said = put(sealed_here, name)
    assert code == 0, said
    assert sealed_here("object", "cat", "acme", name).out == content


def test_a_throttled_part_is_sent_again(sealed_here: Commands, name: str, content: bytes) -> None:
    sealed_here.aws.fail_next("s3", "UploadPart", code="SlowDown")
    assert put(sealed_here, name)[0] == 0
    assert sealed_here("object", "cat", "acme", name).out == content


def test_what_comes_through_a_pipe_is_taken_away_when_it_fails(sealed_here: Commands, name: str) -> None:
    os.mkfifo("in")
    writer = threading.Thread(target=_write, args=(Path("in"), bytes(2 * PART)), daemon=True)
    writer.start()
    sealed_here.aws.fail_next("s3", "UploadPart", reset=True, times=_OFTEN)
    assert put(sealed_here, name)[0] == 7
    writer.join(30)
    assert (sealed_here.names(), sealed_here.unfinished(name)) == (["in"], 0)


def _write(pipe: Path, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        pipe.write_bytes(content)


def test_a_file_that_changes_while_it_is_read_is_not_stored(
    sealed_here: Commands, name: str, content: bytes
) -> None:
    sealed_here.aws.fail_next("s3", "UploadPart", delay=1.0)
    changing = threading.Timer(0.0, lambda: None)

    def change() -> None:
        while not logs(sealed_here):
            pass
        with Path("in").open("ab") as stream:
            stream.write(b"more")

    changing = threading.Thread(target=change, daemon=True)
    changing.start()
    code, said = put(sealed_here, name)
    changing.join(30)
    assert code == 4
    assert "changed while it was read" in said
    assert not is_there(sealed_here, name)
    assert (logs(sealed_here), sealed_here.unfinished(name)) == ([], 0)


def _interrupted(sealed_here: Commands, name: str) -> None:
    sealed_here.aws.fail_next("s3", "UploadPart", reset=True, times=_OFTEN, skip=2)
    assert put(sealed_here, name)[0] == 7
    sealed_here.aws.clear_faults()


def test_a_file_that_changed_since_an_interruption_is_uploaded_anew(
    sealed_here: Commands, name: str, content: bytes
) -> None:
    _interrupted(sealed_here, name)
    changed = sealed_here.file("in", LENGTH, seed=2)
    code, said = put(sealed_here, name)
    assert code == 0
    assert "is not what it was" in said
    assert sealed_here("object", "cat", "acme", name).out == changed
    assert (logs(sealed_here), sealed_here.unfinished(name)) == ([], 0)


@pytest.mark.parametrize("at", [100, PART + 100, 2 * PART + 100])
def test_no_second_content_is_encrypted_with_a_nonce_that_was_used(
    sealed_here: Commands, name: str, content: bytes, at: int
) -> None:
    """Even if size and time of the file do not tell: in a part that was sent, and in one that may have."""
    _interrupted(sealed_here, name)
    found = Path("in").stat()
    with Path("in").open("r+b") as stream:
        stream.seek(at)
        stream.write(bytes([content[at] ^ 1]))
    os.utime("in", ns=(found.st_atime_ns, found.st_mtime_ns))
    # Only the system's own note of a change tells; so let the log know the new one.
    [log] = logs(sealed_here)
    text = Path(log).read_text()
    Path(log).write_text(
        text.replace(f'"changed": {found.st_ctime_ns}', f'"changed": {Path("in").stat().st_ctime_ns}')
    )
    sent = len(_parts_sent(sealed_here))
    code, said = put(sealed_here, name)
    assert (code, len(_parts_sent(sealed_here))) == (4, sent)
    assert "changed" in said
    assert (logs(sealed_here), sealed_here.unfinished(name)) == ([], 0)


def _parts_sent(sealed_here: Commands) -> list[object]:
    return [request for request in sealed_here.aws.requests("s3") if request.operation == "UploadPart"]


def test_an_upload_begun_under_another_key_is_not_gone_on_with(
    sealed_here: Commands, name: str, content: bytes
) -> None:
    _interrupted(sealed_here, name)
    other = sealed_here.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    code, said = put(sealed_here, name, SEALED_ENVELOPE_KEY_ARN=other)
    assert code == 4
    assert "--no-resume" in said
    assert len(logs(sealed_here)) == 1
    assert put(sealed_here, name, "--no-resume")[0] == 0
    assert sealed_here("object", "cat", "acme", name).out == content
    assert (logs(sealed_here), sealed_here.unfinished(name)) == ([], 0)


def test_an_upload_that_is_no_longer_there_begins_anew(
    sealed_here: Commands, name: str, content: bytes
) -> None:
    _interrupted(sealed_here, name)
    [upload] = sealed_here.s3.list_multipart_uploads(Bucket=sealed_here.bucket)["Uploads"]
    sealed_here.s3.abort_multipart_upload(
        Bucket=sealed_here.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
    )
    code, said = put(sealed_here, name)
    assert code == 0, said
    assert "beginning anew" in said
    assert sealed_here("object", "cat", "acme", name).out == content


def test_two_uploads_of_one_file_at_once_do_not_disturb_each_other(
    sealed_here: Commands, name: str, content: bytes
) -> None:
    path = log_path(Path("in"), bucket=sealed_here.bucket, key=f"tenants/acme/{name}")
    path.touch(0o600)
    with path.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, said = put(sealed_here, name)
    assert code == 2
    assert "another command is using" in said


@pytest.mark.parametrize("failing", range(3))
def test_a_download_that_is_cut_goes_on_where_it_was(
    sealed_here: Commands, name: str, content: bytes, failing: int
) -> None:
    assert put(sealed_here, name)[0] == 0
    get = ("object", "get", "acme", name, "-o", "out", "--concurrency", "1")
    sealed_here.aws.fail_next("s3", "GetObject", reset=True, times=_OFTEN, skip=1 + failing)
    ended = sealed_here(*get)
    assert ended.code == 7, ended.err
    assert "run the same command again" in ended.err
    assert sealed_here.names() == [".out.download", ".out.part", "in"]
    sealed_here.aws.clear_faults()
    before = len(sealed_here.aws.requests("s3"))
    assert sealed_here(*get).code == 0
    asked = [request.operation for request in sealed_here.aws.requests("s3")[before:]]
    assert asked == ["GetObject"] * (1 + PARTS - failing)
    assert Path("out").read_bytes() == content
    assert sealed_here.names() == ["in", "out"]


def test_a_download_whose_object_was_replaced_meanwhile_begins_anew(
    sealed_here: Commands, name: str, content: bytes
) -> None:
    assert put(sealed_here, name)[0] == 0
    get = ("object", "get", "acme", name, "-o", "out", "--concurrency", "1")
    sealed_here.aws.fail_next("s3", "GetObject", reset=True, times=_OFTEN, skip=2)
    assert sealed_here(*get).code == 7
    sealed_here.aws.clear_faults()
    changed = sealed_here.file("in", LENGTH, seed=5)
    assert put(sealed_here, name, "--replace")[0] == 0
    assert sealed_here(*get).code == 0
    assert Path("out").read_bytes() == changed


def with_room_for(size: int, sealed_here: Commands, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `sealed` where no file can be larger."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        sealed_here.command(*words),
        cwd=sealed_here.folder,
        env=sealed_here.environment(),
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_upload_whose_log_has_no_room_is_taken_away(
    sealed_here: Commands, name: str, content: bytes
) -> None:
    done = with_room_for(100, sealed_here, "object", "put", "acme", name, "in")
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert "run the same command again" not in done.stderr
    assert (sealed_here.names(), sealed_here.unfinished(name)) == (["in"], 0)
    assert put(sealed_here, name)[0] == 0


def test_a_full_disk_is_told_and_leaves_nothing(sealed_here: Commands, name: str, content: bytes) -> None:
    assert put(sealed_here, name)[0] == 0
    for words in (
        ("object", "get", "acme", name, "-o", "out"),
        ("encrypt", "in", "--tenant", "acme", "--object", "x"),
    ):
        done = with_room_for(PART, sealed_here, *words)
        assert done.returncode == 2, done.stderr
        assert "File too large" in done.stderr
        assert sealed_here.names() == ["in"]
    full = sealed_here("object", "get", "acme", name, "-o", "/dev/full")
    assert full.code == 2
    assert "No space left" in full.err
