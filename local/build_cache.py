"""What is worth keeping between runs, in ``.build/``: packages, dependencies, assemblies, by hash.

An entry appears under its name only when it is complete, whoever makes it at the same time, and never
changes afterwards. Deleting the folder costs time and nothing else.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".build"
_PACKAGES = FOLDER / "packages"


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``target`` at the end, unless somebody else was faster."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        yield unfinished
        try:
            unfinished.rename(target)
        except OSError:
            if not target.exists():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def restore_packages(assembly: Path) -> None:
    """Put the packages of earlier runs into an assembly that is about to be synthesized.

    The CDK names a package by the hash of its sources and builds it only when its folder is missing; its
    command line zips it only when the zip is missing.
    """
    assembly.mkdir(parents=True, exist_ok=True)
    (assembly / ".cache").mkdir(exist_ok=True)
    for kept in _PACKAGES.glob("asset.*"):
        _link_tree(kept / "folder", assembly / kept.name)
        for archive in kept.glob("*.zip"):
            _link(archive, assembly / ".cache" / archive.name)


def restore_archives(assembly: Path, *, named_by: Path) -> bool:
    """Put the zipped packages that another assembly names into this one; tell whether all are there.

    The CDK's command line needs no more to deploy an assembly that is synthesized.
    """
    found = [_PACKAGES / name for name in _named_packages(named_by)]
    archives = [archive for kept in found for archive in kept.glob("*.zip")]
    if len(archives) != len(found):
        return False
    (assembly / ".cache").mkdir(parents=True, exist_ok=True)
    for archive in archives:
        _link(archive, assembly / ".cache" / archive.name)
    return True


def keep_packages(assembly: Path) -> None:
    """Keep the packages that a deployed assembly names, and no older ones, restored as they may be."""
    current = [assembly / name for name in sorted(_named_packages(assembly))]
    for folder in current:
        target = _PACKAGES / folder.name
        if not target.exists():
            with made_whole(target) as unfinished:
                _link_tree(folder, unfinished / "folder")
                for archive in (assembly / ".cache").glob(f"{folder.name.removeprefix('asset.')}*.zip"):
                    _link(archive, unfinished / archive.name)
    names = {folder.name for folder in current}
    for kept in _PACKAGES.glob("asset.*"):
        if kept.name not in names:
            shutil.rmtree(kept, ignore_errors=True)


def _named_packages(assembly: Path) -> set[str]:
    """Return the names of the folders that the assembly's manifests of assets name."""
    manifests = [json.loads(path.read_text()) for path in assembly.glob("*.assets.json")]
    sources = [asset["source"] for manifest in manifests for asset in manifest["files"].values()]
    return {source["path"] for source in sources if source["packaging"] == "zip"}


def _link_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=_link, dirs_exist_ok=True)


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
