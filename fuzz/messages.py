"""Runs the fuzzer; `make fuzz-messages` calls it. Its arguments are those of libFuzzer.

python -m fuzz.messages FOLDER... -max_total_time=600
"""

import shlex
import sys

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed here: make fuzz-messages sets up .venv-fuzz for it")

with atheris.instrument_imports(include=["envelope"]):
    from fuzz import parsers


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    # libFuzzer starts itself anew for a merge, by a shell.
    itself = f"{shlex.quote(sys.executable)} -m fuzz.messages"
    atheris.Setup([itself, *sys.argv[1:]], parsers.parse)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
