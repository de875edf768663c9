"""The functions' package, really built: for Lambda's processor, from the lock, always the same bytes."""

import hashlib
import os
import re
import stat
import struct
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest

from stacks import packaging
from stacks.packaging import LAMBDA, LOCK, SOURCE, PackagingError

AARCH64 = 183  # e_machine in the ELF header


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("package")
    packaging.build(SOURCE, target, platform=LAMBDA)
    return target


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file with its mode and digest."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_shared_library_is_for_lambdas_processor(package: Path) -> None:
    libraries = [
        path for path in package.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"
    ]
    assert {path.name.partition(".")[0] for path in libraries} >= {"_rust", "_cffi_backend"}
    for library in libraries:
        (machine,) = struct.unpack_from("<H", library.read_bytes(), 18)
        assert machine == AARCH64, library.name


def test_compiled_modules_are_for_lambdas_python(package: Path) -> None:
    tagged = [path.name for path in package.rglob("*.so") if ".cpython-" in path.name]
    assert tagged
    for name in tagged:
        assert f".cpython-{LAMBDA.python.replace('.', '')}-aarch64-" in name


def test_it_holds_exactly_what_the_lock_names(package: Path) -> None:
    installed = {
        normalized(path.name.removesuffix(".dist-info").rpartition("-")[0])
        for path in package.glob("*.dist-info")
    }
    locked = {
        normalized(name) for name in re.findall(r"^([\w.-]+)==", (SOURCE / LOCK).read_text(), re.MULTILINE)
    }
    assert installed == locked


def test_the_lock_does_not_hang_on_a_python_version_or_a_machine() -> None:
    # pip judges markers by the Python that runs it, not by Lambda's.
    markers = re.findall(r"^[\w.-]+==\S+ ; (.*?) \\$", (SOURCE / LOCK).read_text(), re.MULTILINE)
    for marker in markers:
        assert set(re.findall(r"[a-z_]{4,}", marker)) <= {
            "platform_python_implementation",
            "implementation_name",
        }


def test_it_holds_our_code_and_no_leftovers(package: Path) -> None:
    for room in ("envelope", "service"):
        shipped = {path.relative_to(package) for path in (package / room).rglob("*.py")}
        assert shipped == {path.relative_to(SOURCE) for path in (SOURCE / room).rglob("*.py")}
    for pattern in (*packaging.LEFT_OUT, *packaging.UNNEEDED):
        assert not [path for path in package.rglob(pattern) if path.parent in (package, *package.iterdir())]


def test_it_carries_the_licences_of_what_it_ships(package: Path) -> None:
    for notes in package.glob("*.dist-info"):
        names = [path.name.upper() for path in notes.rglob("*")]
        assert any(name.startswith(("LICENSE", "LICENCE", "COPYING")) for name in names), notes.name


def test_it_fits_lambdas_limit(package: Path) -> None:
    assert sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) < 250 * 1024 * 1024


def test_a_second_build_is_the_same_to_the_byte_whatever_the_umask(package: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        packaging.build(SOURCE, tmp_path / "again", platform=LAMBDA)
    finally:
        os.umask(before)
    assert contents(tmp_path / "again") == contents(package)
    assert {mode for mode, _ in contents(package).values()} == {0o644}


def test_the_assets_name_changes_with_our_code_alone(tmp_path: Path) -> None:
    def name_of(source: Path, *, built: tuple[str, ...] = ()) -> str:
        app = cdk.App(context={"aws:cdk:bundling-stacks": [*built]}, outdir=str(tmp_path / "out"))
        cdk.AssetStaging.clear_asset_hash_cache()
        return packaging.package(cdk.Stack(app, "S"), source=source).asset_hash

    source = tmp_path / "source"
    (source / "service").mkdir(parents=True)
    (source / LOCK).write_text("")
    (source / "service" / "writer.py").write_text("handler = None\n")
    first = name_of(source)
    assert name_of(source, built=("**",)) == first
    assert (tmp_path / "out" / f"asset.{first}" / "service" / "writer.py").exists()
    (source / "service" / "__pycache__").mkdir()
    (source / "service" / "__pycache__" / "writer.cpython-314.pyc").write_bytes(b"\0")
    assert name_of(source) == first
    (source / "service" / "writer.py").write_text("handler = 1\n")
    assert name_of(source) != first


def test_a_requirement_without_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("six==1.17.0\n")
    with pytest.raises(PackagingError) as refused:
        packaging.install(tmp_path / LOCK, tmp_path / "target", platform=LAMBDA)
    sentence = str(refused.value)
    assert sentence.startswith("The functions' package cannot be built, pip says: ")
    assert "\n" not in sentence
    assert "six==1.17.0" in sentence or "hash" in sentence.lower()


def test_a_requirement_of_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackagingError, match="The functions' package cannot be built, pip says: "):
        packaging.install(tmp_path / LOCK, tmp_path / "target")
    assert not list(tmp_path.glob("target/six*"))


def test_a_failed_build_reaches_the_stacks_as_its_own_error(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / LOCK).write_text("six==1.17.0\n")
    app = cdk.App(outdir=str(tmp_path / "out"))
    with pytest.raises(PackagingError, match=r"^The functions' package cannot be built, pip says: [^\n]*$"):
        packaging.package(cdk.Stack(app, "S"), source=source)


def test_a_build_for_this_machine_runs_here(tmp_path: Path) -> None:
    hashes = re.search(r"^six==.*?(?=^\S|\Z)", (SOURCE / LOCK).read_text(), re.MULTILINE | re.DOTALL)
    assert hashes
    (tmp_path / LOCK).write_text(hashes[0])
    packaging.install(tmp_path / LOCK, tmp_path / "target")
    assert (tmp_path / "target" / "six.py").exists()
    assert str(tmp_path) not in sys.path
