"""A function's code as it runs here: what is ours from the deployed package, dependencies for this machine.

The deployed package is built for Lambda's platform; its compiled libraries do not run here. So only what is
ours is taken out of it, and beside it lies a build of the same locked dependencies for this machine. That
build is kept in ``.build/`` under the hash of the lock, so that it is made once.
"""

import hashlib
import importlib.metadata
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from local.build_cache import FOLDER, ROOT, made_whole
from local.cdk_command import node

# In a process of its own, because the packaging belongs to the stacks and brings the CDK with it.
_INSTALL = (
    "import pathlib, sys; from stacks import packaging; "
    "packaging.install(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), platform=None)"
)
_RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")


class DependenciesError(Exception):
    """The dependencies could not be installed; the message ends with the reason."""


def own_names(source: Path) -> frozenset[str]:
    """Return the top-level names of what is ours in a package: those of its source folder."""
    return frozenset(
        path.name
        for path in source.iterdir()
        if (path.is_dir() or path.suffix == ".py") and path.name != "__pycache__"
    )


def unpack(package: bytes, *, names: Iterable[str], target: Path) -> None:
    """Take what is ours out of a deployed package."""
    wanted = frozenset(names)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for member in archive.namelist():
            parts = PurePosixPath(member).parts
            if parts and parts[0] in wanted and ".." not in parts:
                archive.extract(member, target)


def dependencies(requirements: Path) -> Path:
    """Return the folder with the locked dependencies built for this machine, after building it if needed.

    Raises
    ------
    DependenciesError
        With the installer's reason.
    """
    target = _folder(requirements)
    if not target.exists():
        with made_whole(target) as unfinished:
            _install(requirements, unfinished)
    return target


def is_built(requirements: Path) -> bool:
    """Tell whether that folder is there already."""
    return _folder(requirements).exists()


def _folder(requirements: Path) -> Path:
    lock = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    return FOLDER / f"host-{lock[:20]}"


def _install(requirements: Path, target: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _INSTALL, str(requirements), str(target)],
        cwd=ROOT,
        env={**os.environ, "JSII_NODE": str(node())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        message = f"The functions' dependencies could not be installed for this machine: {reason}"
        raise DependenciesError(message)


def runtime_client() -> Path:
    """Return a folder with AWS's runtime client alone, without what else is installed beside it."""
    version = importlib.metadata.version("awslambdaric")
    target = FOLDER / f"runtime-{version}-{sys.implementation.cache_tag}"
    if not target.exists():
        with made_whole(target) as unfinished:
            for distribution in _RUNTIME_CLIENT:
                _copy(importlib.metadata.distribution(distribution), unfinished)
    return target


def _copy(distribution: importlib.metadata.Distribution, target: Path) -> None:
    for file in distribution.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            destination = target / file
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), destination)
