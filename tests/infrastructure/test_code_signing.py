"""Code signing: with the settings, Lambda takes signed code only, and the code is the signed package."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks import packaging
from stacks.packaging import PackagingError, main, write_archive
from tests.infrastructure.assembly import Assembly

PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/SealedRecords/AbCdEfGh12"
PACKAGE = "s3://signed-packages/sealed/0a1b2c3d.zip"


@pytest.fixture
def signed(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", code_signing_profile_arn=PROFILE, signed_package=PACKAGE)


def test_without_a_profile_cdks_package_is_deployed(assembly: Assembly) -> None:
    assert not assembly.resources("AWS::Lambda::CodeSigningConfig")
    for function in assembly.resources("AWS::Lambda::Function").values():
        assert "CodeSigningConfigArn" not in function["Properties"]
        assert function["Properties"]["Code"]["S3Bucket"].startswith("cdk-")


def test_untrusted_code_is_refused(signed: Assembly) -> None:
    (signing,) = signed.resources("AWS::Lambda::CodeSigningConfig").values()
    assert signing["Properties"]["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    assert signing["Properties"]["AllowedPublishers"] == {"SigningProfileVersionArns": [PROFILE]}


def test_every_function_asks_for_signed_code(signed: Assembly) -> None:
    signing = {
        f"<{name}.CodeSigningConfigArn>" for name in signed.resources("AWS::Lambda::CodeSigningConfig")
    }
    functions = signed.resources("AWS::Lambda::Function").values()
    assert len(functions) == len(signed.functions)
    for function in functions:
        assert function["Properties"]["CodeSigningConfigArn"] in signing
        assert function["Properties"]["Code"] == {
            "S3Bucket": "signed-packages",
            "S3Key": "sealed/0a1b2c3d.zip",
        }


def test_no_unsigned_package_is_built_beside_it(signed: Assembly) -> None:
    assert not list(signed.directory.glob("asset.*"))
    assert not [name for name in signed.templates["Service"].get("Parameters", {}) if "Asset" in name]


# --- the package that is to be signed


@pytest.fixture
def built(tmp_path: Path) -> Path:
    package = tmp_path / "package"
    (package / "service").mkdir(parents=True)
    (package / "service" / "reader.py").write_text("def handler(): ...\n")
    (package / "a.py").write_text("")
    for path in package.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return package


def test_the_archive_holds_the_package_readable_for_lambda(built: Path, tmp_path: Path) -> None:
    archive = tmp_path / "made" / "package.zip"
    write_archive(built, archive)
    with zipfile.ZipFile(archive) as made:
        assert made.namelist() == ["a.py", "service/reader.py"]
        assert made.read("service/reader.py") == b"def handler(): ...\n"
        for entry in made.infolist():
            assert stat.S_IMODE(entry.external_attr >> 16) == 0o644


def test_the_same_package_gives_the_same_archive(built: Path, tmp_path: Path) -> None:
    digest = write_archive(built, tmp_path / "first.zip")
    for path in built.rglob("*.py"):
        path.write_bytes(path.read_bytes())  # a new time
    assert write_archive(built, tmp_path / "second.zip") == digest
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_another_package_gives_another_archive(built: Path, tmp_path: Path) -> None:
    digest = write_archive(built, tmp_path / "first.zip")
    (built / "a.py").write_text("changed = True\n")
    assert write_archive(built, tmp_path / "second.zip") != digest


def test_the_command_writes_the_archive_and_says_its_digest(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(_source: Path, target: Path, **_: object) -> None:
        (target / "a.py").write_bytes((built / "a.py").read_bytes())

    monkeypatch.setattr(packaging, "build", build)
    archive = tmp_path / "package.zip"
    assert main([str(archive)]) == 0
    assert zipfile.ZipFile(archive).namelist() == ["a.py"]
    assert capsys.readouterr().out.startswith(f"{archive}\nSHA-256 ")


def test_the_command_says_in_one_sentence_why_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(*_: object, **__: object) -> None:
        raise PackagingError("The package cannot be built.")

    monkeypatch.setattr(packaging, "build", build)
    assert main([str(tmp_path / "package.zip")]) == 1
    assert capsys.readouterr().err == "The package cannot be built.\n"
    assert not (tmp_path / "package.zip").exists()
