"""Synthesizes the stacks again with settings changed, in a second: in a process that has loaded the CDK.

The first deployment is synthesized by ``cdk synth``, which loads the CDK anew each time, for many seconds.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("synthesizing.py")
# What the CDK's command line adds to the context of cdk.json: without it the templates would differ.
_FURTHER_CONTEXT = {"aws:cdk:disable-version-reporting": True, "aws:cdk:bundling-stacks": ["**"]}


class SynthesisError(Exception):
    """The app could not be synthesized; the message is what it said."""


class Synthesizer:
    """A process that synthesizes the app of a project.

    Parameters
    ----------
    project
        The folder of ``app.py`` and ``cdk.json``.
    variables
        The process's environment.
    log_file
        Takes what the app prints.
    """

    def __init__(self, *, project: Path, variables: Mapping[str, str], log_file: Path) -> None:
        self._project = project
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(_PROGRAM)],
                cwd=project,
                # Its rules are asked by `cdk synth` and the tests of the stacks; loading them takes seconds.
                env={**variables, "CDK_VALIDATION": "false"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def synthesize(self, *, environment: str, changes: Mapping[str, object], assembly: Path) -> None:
        """Write the assembly of an environment whose settings differ from cdk.json's by ``changes``.

        Raises
        ------
        SynthesisError
            If a setting is wrong, or the app fails otherwise.
        """
        context: dict[str, Any] = json.loads((self._project / "cdk.json").read_text())["context"]
        context["environments"][environment] |= changes
        context |= {"env": environment, **_FURTHER_CONTEXT}
        asked = json.dumps({"outdir": str(assembly), "context": context})
        if self._process.stdin is None or self._process.stdout is None:
            raise SynthesisError("The synthesizer has no pipes.")
        try:
            self._process.stdin.write(f"{asked}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError as error:
            raise SynthesisError("The synthesizer has ended.") from error
        said = json.loads(answer)["error"] if answer else "The synthesizer has ended."
        if said is not None:
            raise SynthesisError(said)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
