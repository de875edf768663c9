"""What one run exchanged with official libraries, counted where it happens, and the table of it."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

JAVA_ITEMS = "Java, Database Encryption SDK"
JAVA_KEY_STORE = "Java, Material Providers"
JAVASCRIPT = "JavaScript, Encryption SDK"
PYTHON_MESSAGES = "Python, Encryption SDK"
PYTHON_KEY_STORE = "Python, Material Providers"
COLUMNS = (
    "library",
    "version",
    "what",
    "keyring",
    "format",
    "ours, read there",
    "theirs, read here",
    "forged, refused there",
    "forged, refused here",
)
_HERE = Path(__file__).parent


class Group(NamedTuple):
    """Exchanges of one kind in one direction.

    Parameters
    ----------
    library
        The official library: one of the names above.
    what
        Items, messages or branch keys.
    keyring
        What wrapped the data keys.
    form
        The format's variant: header version and flavor, or the algorithm suite.
    written_by_us
        Whether the official library read, or wrote.
    """

    library: str
    what: str
    keyring: str
    form: str
    written_by_us: bool


@dataclass
class Exchanges:
    """How many were read as they were written, and how many forged ones the reader refused."""

    read: Counter[Group] = field(default_factory=Counter)
    refused: Counter[Group] = field(default_factory=Counter)

    def libraries(self) -> set[str]:
        """The libraries that have taken part so far."""
        return {group.library for group in (*self.read, *self.refused)}

    def table(self) -> str:
        """All of it as a table in Markdown, a row for both directions."""
        rows = sorted({group[:4] for group in (*self.read, *self.refused)})
        versions = official_versions()
        lines: list[tuple[str, ...]] = [COLUMNS, ("---",) * 5 + ("---:",) * 4]
        lines += [(row[0], versions[row[0]], *row[1:], *self._counts(*row)) for row in rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _counts(self, library: str, what: str, keyring: str, form: str) -> Iterator[str]:
        for counted in (self.read, self.refused):
            for written_by_us in (True, False):
                count = counted[Group(library, what, keyring, form, written_by_us)]
                yield f"{count:,}" if count else "-"


def official_versions() -> dict[str, str]:
    """The version of each library, by its pin."""
    project = (_HERE / "java/pom.xml").read_text()
    packages = json.loads((_HERE / "javascript/package.json").read_text())["dependencies"]
    return {
        JAVA_ITEMS: _property(project, "database-encryption-sdk.version"),
        JAVA_KEY_STORE: _property(project, "material-providers.version"),
        JAVASCRIPT: packages["@aws-crypto/client-node"],
        PYTHON_MESSAGES: version("aws-encryption-sdk"),
        PYTHON_KEY_STORE: version("aws-cryptographic-material-providers"),
    }


def _property(project: str, name: str) -> str:
    found = re.search(rf"<{re.escape(name)}>(.+)</{re.escape(name)}>", project)
    assert found, f"pom.xml has no property {name}"
    return found[1]
