"""The functions' package: our code beside its locked dependencies, built by pip for Lambda without Docker.

What must stay true: only what the lock names is installed, and only with the hashes it gives; the same
sources give the same bytes, on whatever machine; every shared library in it is for the functions'
architecture.

`python -m stacks.packaging FILE` writes the package as one file for AWS Signer (see code_signing.py).
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

SOURCE = Path(__file__).parent.parent / "lambda_src"
LOCK = "requirements.txt"
# The earliest time that a ZIP file can hold.
NO_TIME = (1980, 1, 1, 0, 0, 0)
LEFT_OUT = ("__pycache__", "*.pyc", ".DS_Store", "requirements.in")

# Notes of pip to itself, and commands with this machine's interpreter in their first line: nothing of them
# runs in Lambda. The rest of *.dist-info stays: it holds the licences, which must go with the code.
UNNEEDED = ("bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Where installed wheels must run, in pip's terms.

    pip judges the lock's markers (`; python_version ...`) by the Python that it runs in, not by this one:
    no dependency of the functions may hang on a Python version or a machine.
    """

    python: str
    tags: tuple[str, ...]

    def options(self) -> list[str]:
        """Options of `pip install` that choose this platform's wheels."""
        chosen = [option for tag in self.tags for option in ("--platform", tag)]
        return [*chosen, "--implementation", "cp", "--python-version", self.python]


RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64
# Amazon Linux 2023 has glibc 2.34. Both tags: with the newer one alone pip picks pre-releases of some
# libraries.
LAMBDA = Platform(python="3.14", tags=("manylinux2014_aarch64", "manylinux_2_28_aarch64"))


class PackagingError(Exception):
    """The package cannot be built. The message is one sentence for the person who runs the build."""


def install(requirements: Path, target: Path, *, platform: Platform | None = None) -> None:
    """Install a hashed lock into a directory.

    Parameters
    ----------
    requirements
        The lock; a requirement without hash is refused.
    target
        An empty or missing directory.
    platform
        Where the result will run; None: on this machine, under this Python.

    Raises
    ------
    PackagingError
        With pip's own reason.
    """
    command = [
        sys.executable,
        "-m",
        "pip",
        *pip_arguments(platform),
        "--target",
        str(target),
        "-r",
        str(requirements),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise PackagingError(f"The functions' package cannot be built, pip says: {_reason(result.stderr)}")
    for pattern in UNNEEDED:
        for path in target.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def pip_arguments(platform: Platform | None) -> list[str]:
    """Arguments of pip that no machine changes. `--no-compile`, because bytecode carries times and paths."""
    fixed = ["install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]
    return [*fixed, "--only-binary=:all:", "--require-hashes", *(platform.options() if platform else [])]


def build(source: Path, target: Path, *, platform: Platform | None = None) -> None:
    """Build a package in `target`: the dependencies that `source` locks, and `source` itself.

    Raises
    ------
    PackagingError
        If pip fails.
    """
    install(source / LOCK, target, platform=platform)
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    # Lambda runs as another user than the one who built, whose umask or checkout may have withheld what it
    # needs.
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _reason(stderr: str) -> str:
    errors = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: ")]
    lines = errors or stderr.strip().splitlines() or ["nothing; run it by hand"]
    return lines[-1].strip()


@jsii.implements(cdk.ILocalBundling)
class _LocalBundling:
    """Runs `build` where CDK would start a container."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self.failure: PackagingError | None = None

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Build into CDK's directory; always True, so that CDK never tries Docker."""
        try:
            build(self._source, Path(output_dir), platform=LAMBDA)
        except PackagingError as error:
            self.failure = error
            raise
        return True


def package(scope: Construct, *, source: Path = SOURCE) -> assets.Asset:
    """Add the package to a stack as an asset.

    CDK builds it once per state of `source`: the hash in its name is that of the sources and of pip's
    arguments.

    Raises
    ------
    PackagingError
        If pip fails.
    """
    bundling = _LocalBundling(source)
    options: dict[str, Any] = {
        "image": cdk.DockerImage.from_registry("never-started"),
        "local": bundling,
        "command": pip_arguments(LAMBDA),
    }
    try:
        asset = assets.Asset(
            scope,
            "Package",
            path=str(source),
            exclude=list(LEFT_OUT),
            ignore_mode=cdk.IgnoreMode.GIT,
            bundling=cdk.BundlingOptions(**options),
        )
    except RuntimeError:
        # The exception has been through jsii and comes back as its own with two stack traces.
        if bundling.failure:
            raise bundling.failure from None
        raise
    cdk.Annotations.of(asset).acknowledge_warning(
        "@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified",
        "The object's key is the hash of the code: other code has another key.",
    )
    return asset


def write_archive(directory: Path, archive: Path) -> str:
    """Write a built package as a ZIP file, and give its SHA-256 in hex.

    The files are stored as they are: what a compressor makes of them differs between versions of zlib.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), NO_TIME)
            entry.create_system = 3  # Unix, also where Python would say Windows: the mode below counts
            entry.external_attr = path.stat().st_mode << 16
            target.writestr(entry, path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Build the package that is to be signed."""
    parser = argparse.ArgumentParser(
        prog="python -m stacks.packaging", description="Build the functions' package for AWS Signer."
    )
    parser.add_argument("archive", type=Path, metavar="FILE", help="the ZIP file to write")
    archive: Path = parser.parse_args(arguments).archive
    with tempfile.TemporaryDirectory() as directory:
        try:
            build(SOURCE, Path(directory), platform=LAMBDA)
        except PackagingError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        digest = write_archive(Path(directory), archive)
    sys.stdout.write(f"{archive}\nSHA-256 {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
