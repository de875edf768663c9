"""The files that Maven fetched are those that were once looked at: Maven itself pins versions, not hashes.

python -m tests.interop.java_libraries           compare
python -m tests.interop.java_libraries --write   pin what is there; read the diff before you commit it
"""

import hashlib
import sys
from pathlib import Path

_JAVA = Path(__file__).parent / "java"
_FETCHED, _PINNED = _JAVA / "target/libraries", _JAVA / "libraries.sha256"


def main(arguments: list[str]) -> str | None:
    """Compare or write; return what is wrong."""
    found = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(_FETCHED.glob("*.jar"))
    )
    if arguments == ["--write"]:
        _PINNED.write_text(found)
        return None
    differing = set(found.splitlines()) ^ set(_PINNED.read_text().splitlines())
    if not differing:
        return None
    names = ", ".join(sorted({line.split()[1] for line in differing}))
    return f"Java libraries are not those of {_PINNED.name}: {names}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
