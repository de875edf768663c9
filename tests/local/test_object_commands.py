"""`sealed object` over the embedded AWS: stored, read, read in part, listed and deleted."""

import json
import os
import threading
from pathlib import Path
from uuid import uuid4

import pytest

from local.embedded import EmbeddedAws
from tests.local.object_commands import PART, Commands
from tests.local.test_trail import Archive, of

Sealed = Commands


def new_id() -> str:
    return f"o-{uuid4().hex[:12]}"


@pytest.mark.parametrize("length", [0, 1, 65_536, PART, PART + 1, 2 * PART + 77_777])
def test_what_is_put_is_what_is_got(sealed_here: Sealed, length: int) -> None:
    content, name = sealed_here.file("in.bin", length), new_id()
    put = sealed_here("object", "put", "acme", name, "in.bin").document()
    assert (put["tenant"], put["object"], put["length"]) == ("acme", name, length)
    got = sealed_here("object", "get", "acme", name, "--output", "out.bin").document()
    assert (got["length"], got["version"]) == (length, put["version"])
    assert (sealed_here.folder / "out.bin").read_bytes() == content
    assert sealed_here("object", "cat", "acme", name).out == content
    assert sealed_here.names() == ["in.bin", "out.bin"]


def test_what_lies_in_the_bucket_shows_nothing_of_it(sealed_here: Sealed) -> None:
    name = new_id()
    (sealed_here.folder / "in").write_bytes(b"a secret that is long enough to be found" * 1000)
    sealed_here("object", "put", "acme", name, "in").document()
    assert b"secret" not in sealed_here.stored(name)


def test_a_pipe_of_unknown_length_is_stored_and_goes_out_through_one(sealed_here: Sealed) -> None:
    content, name = sealed_here.file("in.bin", 2 * PART + 5), new_id()
    os.mkfifo("pipe")
    writer = threading.Thread(daemon=True, target=Path("pipe").write_bytes, args=(content,))
    writer.start()
    sealed_here("object", "put", "acme", name, "pipe", "--content-type", "text/plain").document()
    writer.join(30)
    received: list[bytes] = []
    reader = threading.Thread(daemon=True, target=lambda: received.append(Path("pipe").read_bytes()))
    reader.start()
    got = sealed_here("object", "get", "acme", name, "--output", "pipe").document()
    reader.join(30)
    assert received == [content]
    assert got["content_type"] == "text/plain"
    assert sealed_here.unfinished(name) == 0


def test_content_type_and_length_are_bound_to_it(sealed_here: Sealed) -> None:
    name = new_id()
    sealed_here.file("report.pdf", 10)
    sealed_here("object", "put", "acme", name, "report.pdf").document()
    (sealed_here.folder / "m").write_bytes(sealed_here.stored(name))
    header = sealed_here("inspect", "m", "--output", "json").document()
    assert header["encryption_context"] == {
        "object-tenant": "acme",
        "object-id": name,
        "object-content-type": "application/pdf",
        "object-length": "10",
    }


def test_an_object_is_not_overwritten_unless_asked_for_and_old_versions_are_kept(sealed_here: Sealed) -> None:
    name = new_id()
    first = sealed_here.file("a", 10, seed=1)
    version = sealed_here("object", "put", "acme", name, "a").document()["version"]
    second = sealed_here.file("a", 20, seed=2)
    refused = sealed_here("object", "put", "acme", name, "a")
    assert refused.code == 4
    assert "--replace" in refused.err
    sealed_here("object", "put", "acme", name, "a", "--replace").document()
    assert sealed_here("object", "cat", "acme", name).out == second
    assert sealed_here("object", "cat", "acme", name, "--version", version).out == first


def test_a_file_is_not_overwritten_unless_asked_for(sealed_here: Sealed) -> None:
    content, name = sealed_here.file("a", 10), new_id()
    sealed_here("object", "put", "acme", name, "a").document()
    sealed_here.file("out", 5)
    refused = sealed_here("object", "get", "acme", name, "-o", "out")
    assert (refused.code, (sealed_here.folder / "out").stat().st_size) == (4, 5)
    sealed_here("object", "get", "acme", name, "-o", "out", "--overwrite").document()
    assert (sealed_here.folder / "out").read_bytes() == content
    assert sealed_here.names() == ["a", "out"]


def test_a_plaintext_file_is_readable_by_its_owner_alone(sealed_here: Sealed) -> None:
    name = new_id()
    sealed_here.file("a", 10)
    sealed_here("object", "put", "acme", name, "a").document()
    sealed_here("object", "get", "acme", name).document()
    assert (sealed_here.folder / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("asked_for", "start", "end"),
    [
        ("0-0", 0, 1),
        ("65535-65536", 65_535, 65_537),
        ("7000000-", 7_000_000, None),
        ("-10", -10, None),
        (f"-{PART + 2_000_000}", 0, None),
    ],
)
def test_a_range_is_these_bytes(sealed_here: Sealed, asked_for: str, start: int, end: int | None) -> None:
    content = sealed_here.file("in.bin", PART + 2_000_000, seed=3)
    sealed_here("object", "put", "acme", "ranges", "in.bin", "--replace").document()
    got = sealed_here("object", "cat", "acme", "ranges", f"--range={asked_for}", "--verify-end")
    assert (got.code, got.out) == (0, content[start:end])


@pytest.mark.parametrize("asked_for", ["100-200", "99-100", "100-", "101-", "-101"])
def test_a_range_that_is_not_there_is_refused(sealed_here: Sealed, asked_for: str) -> None:
    sealed_here.file("in", 100)
    sealed_here("object", "put", "acme", "short", "in", "--replace").document()
    refused = sealed_here("object", "cat", "acme", "short", f"--range={asked_for}")
    assert (refused.code, refused.out) == (5, b"")
    assert "not all there" in refused.err
    assert "has 100" in refused.err


def test_a_range_fetches_its_frames_and_little_more(sealed_here: Sealed, aws: EmbeddedAws) -> None:
    name, frame = new_id(), 65_536
    content = sealed_here.file("in.bin", 3 * PART)
    sealed_here("object", "put", "acme", name, "in.bin").document()
    aws.forget_trail()
    archive = Archive(aws)
    got = sealed_here("object", "cat", "acme", name, "--range", "1000000-2048575")
    assert got.out == content[1_000_000 : 1_000_000 + 2**20]
    reads = of(list(archive.new()), "s3", "GetObject")
    fetched = sum(read["additionalEventData"]["bytesTransferredOut"] for read in reads)
    assert 2**20 < fetched <= 2**20 + 2 * frame + 4096


def test_objects_are_listed_and_deleted(sealed_here: Sealed) -> None:
    sealed_here.file("in", 3)
    names = sorted(f"listed-{new_id()}" for _ in range(3))
    for name in names:
        sealed_here("object", "put", "acme", name, "in").document()
    listed = sealed_here("object", "list", "acme", "--prefix", "listed-").out.splitlines()
    assert [json.loads(line)["object"] for line in listed] == names
    assert sealed_here("object", "delete", "acme", names[0]).document()["deleted"] is True
    assert sealed_here("object", "get", "acme", names[0]).code == 3
    assert sealed_here("object", "delete", "acme", names[0]).code == 3


def test_another_tenants_objects_are_out_of_reach(sealed_here: Sealed) -> None:
    name = new_id()
    sealed_here.file("in", 3)
    sealed_here("object", "put", "acme", name, "in").document()
    for words in (
        ("object", "get", "acme", name),
        ("object", "list", "acme"),
        ("object", "delete", "acme", name),
        ("object", "put", "acme", new_id(), "in"),
    ):
        refused = sealed_here(*words, caller="globex")
        assert refused.code == 6, refused
        assert "sts:AssumeRole" in refused.err
    assert sealed_here.names() == ["in"]


def test_what_is_missing_in_the_environment_is_named(
    sealed_here: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = sealed_here("object", "list", "acme", SEALED_OBJECTS_BUCKET="")
    assert refused.code == 2
    assert "SEALED_OBJECTS_BUCKET (the output ObjectsBucketName)" in refused.err


def test_files_are_encrypted_and_decrypted_and_are_what_put_stores(sealed_here: Sealed) -> None:
    content, name = sealed_here.file("in.txt", 200_000), new_id()
    made = sealed_here("encrypt", "in.txt", "--tenant", "acme", "--object", name).document()
    assert made["output"] == "in.txt.sealed"
    sealed_here.put_raw(name, (sealed_here.folder / "in.txt.sealed").read_bytes())
    assert sealed_here("object", "cat", "acme", name).out == content
    again = ("decrypt", "in.txt.sealed", "--tenant", "acme", "--object", name)
    assert sealed_here(*again).code == 4
    sealed_here(*again, "-o", "out.txt").document()
    assert (sealed_here.folder / "out.txt").read_bytes() == content
    wrong = sealed_here("decrypt", "in.txt.sealed", "--tenant", "acme", "--object", "x", "-o", "no")
    assert wrong.code == 8
    assert "'object-id'" in wrong.err
    assert sealed_here.names() == ["in.txt", "in.txt.sealed", "out.txt"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SEALED_ENVELOPE_KEY_ARN", "alias/envelope"), ("SEALED_OBJECT_ROLE_ARN", "object-client")],
)
def test_a_wrong_setting_is_named(sealed_here: Sealed, variable: str, value: str) -> None:
    refused = sealed_here("object", "list", "acme", **{variable: value})
    assert refused.code == 2, refused
    assert variable in refused.err


def test_an_absent_version_and_an_absent_folder_are_said_to_be_absent(sealed_here: Sealed) -> None:
    name = new_id()
    sealed_here.file("in", 3)
    sealed_here("object", "put", "acme", name, "in").document()
    version = sealed_here("object", "get", "acme", name, "--version", str(uuid4()), "-o", "out")
    assert (version.code, "no such version" in version.err) == (3, True)
    folder = sealed_here("object", "get", "acme", name, "-o", "nowhere/out")
    assert (folder.code, "there is no folder nowhere" in folder.err) == (2, True)
    assert sealed_here.names() == ["in"]


@pytest.mark.usefixtures("tried_twice")
def test_an_interrupted_upload_whose_place_was_taken_says_how_to_take_it(
    sealed_here: Sealed, aws: EmbeddedAws
) -> None:
    name = new_id()
    content = sealed_here.file("in", 2 * PART)
    aws.fail_next("s3", "UploadPart", reset=True, times=40, skip=1)
    assert sealed_here("object", "put", "acme", name, "in", "--concurrency", "1").code == 7
    aws.clear_faults()
    sealed_here.file("other", 3)
    sealed_here("object", "put", "acme", name, "other").document()
    refused = sealed_here("object", "put", "acme", name, "in")
    assert (refused.code, "--replace" in refused.err) == (4, True)
    assert "run the same command again" not in refused.err
    sealed_here("object", "put", "acme", name, "in", "--replace").document()
    assert sealed_here("object", "cat", "acme", name).out == content


def test_a_bucket_that_another_account_has_taken_the_name_of_is_not_used(
    sealed_here: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = new_id()
    sealed_here.file("in", 3)
    sealed_here("object", "put", "acme", name, "in").document()
    # The deployment's account is another one than the bucket's.
    monkeypatch.setattr("client.objectstore.ObjectSettings.account", property(lambda _: "999988887777"))
    for words in (("put", "acme", new_id(), "in"), ("get", "acme", name, "-o", "out"), ("list", "acme")):
        refused = sealed_here("object", *words)
        assert refused.code == 6, refused
    assert sealed_here.names() == ["in"]
