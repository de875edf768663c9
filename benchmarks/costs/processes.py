"""Starts what is measured in processes of its own, and takes their figures from the last line they print."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: The project's own environment: it has the emulator, the stacks and the CDK.
PROJECT_PYTHON = ROOT / ".venv" / "bin" / "python"
_SECONDS = 300
_EMULATORS: list[subprocess.Popen[str]] = []


class ProcessError(Exception):
    """A process that was to be measured failed; the message has the last it said."""


@dataclass(frozen=True, slots=True)
class Aws:
    """What functions reach.

    Parameters
    ----------
    variables
        The functions' environment variables, as they are deployed.
    dependencies
        The folder with the functions' locked dependencies, built for this machine.
    """

    variables: Mapping[str, str]
    dependencies: str

    @property
    def package(self) -> list[str]:
        """Where the modules of a function's package are."""
        return [str(ROOT / "lambda_src"), self.dependencies]


@cache
def emulated_aws() -> Aws:
    """Run an emulator of AWS, one for all parts; it ends with this process, which holds its standard input.

    Raises
    ------
    ProcessError
        It does not start, or the two environments have different Pythons.
    """
    process = subprocess.Popen(  # noqa: S603
        [str(PROJECT_PYTHON), "-m", "benchmarks.costs.emulated"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda_src'}"},
        # Ctrl-C does not reach it: it ends in order when its standard input does.
        start_new_session=True,
    )
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        _, errors = process.communicate()
        raise ProcessError(f"the emulator of AWS: {_last_line(errors)}")
    _EMULATORS.append(process)
    told = json.loads(line)
    if told["python"] != sys.version:
        raise ProcessError(".venv and .venv-bench have different Pythons: remove both, and set up anew")
    return Aws(told["variables"], told["dependencies"])


@dataclass(frozen=True, slots=True)
class Bytecode:
    """What the compiler has left behind for a process to load.

    Parameters
    ----------
    folder
        Where Python looks for compiled modules, and nowhere else.
    written
        Whether it writes what it does not find.
    """

    folder: Path
    written: bool

    def options(self) -> list[str]:
        """Return the interpreter's options."""
        return ["-X", f"pycache_prefix={self.folder}", *([] if self.written else ["-B"])]


def figures(
    program: Path, told: Mapping[str, Any], *, paths: Sequence[str], bytecode: Bytecode, name: str
) -> dict[str, Any]:
    """Run a program in a process of its own and return what it measured.

    Parameters
    ----------
    program
        Takes JSON from its standard input, and prints JSON as its last line.
    paths
        Where it finds modules beside the standard library, and nowhere else.
    told
        What it takes.
    bytecode
        Of all modules beside the interpreter's frozen ones.
    name
        Who is measured, for the error.

    Raises
    ------
    ProcessError
        It fails.
    """
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-s", "-P", *bytecode.options(), str(program)],
        env={"PYTHONPATH": os.pathsep.join(paths)},
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if result.returncode != 0:
        raise ProcessError(f"{name}: {_last_line(result.stderr)}")
    measured: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return measured


def installed_here() -> str:
    """Return the folder with the packages of this environment."""
    return sysconfig.get_path("purelib")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it ended without a word"])[-1]
