"""Assemblies of earlier runs, in ``.build/``: what the same sources gave is not synthesized again.

Kept is what the CDK wrote for an environment with some settings, under the hash of all that it depends on.
"""

import hashlib
import importlib.metadata
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from local import build_cache
from local.cdk_command import Deployment

_KEPT = build_cache.FOLDER / "assemblies"
#: What the app reads of its project. A test says that it imports nothing else of ours.
SOURCES = ("app.py", "cdk.json", "cdk.context.json", "stacks", "lambda_src")
_PACKAGES = ("aws-cdk-lib", "constructs", "jsii")
_CLI = build_cache.ROOT / "node_modules" / "aws-cdk" / "package.json"


def place(deployment: Deployment, changes: Mapping[str, object] | None) -> Path:
    """Return where the assembly of these settings is kept, while the sources are as they are now.

    ``None`` is for what the CDK's command line synthesizes from cdk.json alone.
    """
    asked = json.dumps([deployment.environment, deployment.region, changes], sort_keys=True)
    return _KEPT / _hash(deployment.project) / hashlib.sha256(asked.encode()).hexdigest()


def restore(assembly: Path, *, kept: Path) -> bool:
    """Put what is kept into the folder of an assembly, which is empty; tell whether there was something."""
    if not kept.exists() or not build_cache.restore_archives(assembly, named_by=kept):
        return False
    shutil.copytree(kept, assembly, dirs_exist_ok=True)
    return True


def keep(assembly: Path, *, kept: Path) -> None:
    """Keep a deployed assembly, and none of older sources."""
    if not kept.exists():
        with build_cache.made_whole(kept) as unfinished:
            for path in assembly.iterdir():
                if path.is_file() and path.suffix != ".lock":
                    shutil.copyfile(path, unfinished / path.name)
    for older in kept.parent.parent.iterdir():
        if older != kept.parent:
            shutil.rmtree(older, ignore_errors=True)


def _hash(project: Path) -> str:
    """Hash the sources, and the versions of what synthesizes them."""
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    cli = json.loads(_CLI.read_text())["version"] if _CLI.exists() else None
    digest = hashlib.sha256(json.dumps([str(project), sys.version, versions, cli]).encode())
    for path in _sources(project):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(project)}\0{content}\n".encode())
    # The CDK takes context from here too.
    own = Path.home() / ".cdk.json"
    digest.update(own.read_bytes() if own.exists() else b"")
    return digest.hexdigest()


def _sources(project: Path) -> Iterator[Path]:
    for source in SOURCES:
        found = project / source
        for path in sorted(found.rglob("*")) if found.is_dir() else [found]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
