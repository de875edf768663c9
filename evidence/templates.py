"""Templates laid out for the scanners that read files: as they are, and bare of all acknowledgements.

What such a scanner says of the bare ones is what is acknowledged or not; what it says of the others shows
that it understands the acknowledgements, so that a reviewer's own run gives the same result.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence.assembly import Assembly, Resource
from evidence.findings import EMPTY, ScanError

TOOLS = ("checkov", "cfn-lint")
"""Keys of a resource's metadata under which these tools look for acknowledgements."""

AS_THEY_ARE, BARE = "as-they-are", "bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A folder with both forms of an app's templates."""

    assembly: Assembly
    folder: Path

    @property
    def files(self) -> list[str]:
        """Every file, as a path in the folder."""
        return [f"{form}/{file}" for form in (AS_THEY_ARE, BARE) for file in self.assembly.templates]

    def resource(self, file: str, logical_id: str) -> tuple[str, Resource]:
        """Find what a scanner reports: the form it was read in, and the resource."""
        form, _, name = file.removeprefix(f"{self.folder}/").lstrip("/").partition("/")
        return form, self.assembly.resource(name, logical_id)

    @property
    def environment(self) -> dict[str, str]:
        """What a scanner's process gets: no variable that changes rules, a home without settings."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
        }


@contextmanager
def laid_out(assembly: Assembly) -> Iterator[Layout]:
    """Write both forms into a temporary folder.

    Raises
    ------
    ScanError
        If there is no resource in them.
    """
    if not assembly.resources:
        raise ScanError(EMPTY)
    with TemporaryDirectory(prefix="templates-") as name:
        folder = Path(name).resolve()
        (folder / AS_THEY_ARE).mkdir()
        (folder / BARE).mkdir()
        for file, template in assembly.templates.items():
            shutil.copy(assembly.directory / file, folder / AS_THEY_ARE / file)
            bare = {**template, "Resources": {}}
            for logical_id, resource in template.get("Resources", {}).items():
                kept = {key: value for key, value in resource.get("Metadata", {}).items() if key not in TOOLS}
                bare["Resources"][logical_id] = {**resource, "Metadata": kept}
            (folder / BARE / file).write_text(json.dumps(bare, indent=1))
        yield Layout(assembly=assembly, folder=folder)
