"""What a synthesizer's process does: synthesize the app of the current folder as often as it is asked.

Run with ``python synthesizing.py`` in the folder of ``app.py``. Each line of standard input is a JSON object
with ``outdir`` and ``context``; each line of standard output answers with ``{"error": text or null}``. It
ends with its standard input.

The CDK's own process reads its environment once, when it starts, so that each app after the first would get
the first one's context and folder: they are given to it as arguments instead.
"""

import json
import os
import runpy
import sys
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk

_App = cdk.App


def main() -> None:
    """Answer until the starter closes the input."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # What an app prints is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.path[0] = str(Path.cwd())
    for line in sys.stdin:
        print(json.dumps({"error": _synthesize(json.loads(line))}), file=answers, flush=True)


def _synthesize(asked: dict[str, Any]) -> str | None:
    cdk.App = partial(  # type: ignore[misc, assignment]
        _App, outdir=asked["outdir"], post_cli_context=asked["context"], analytics_reporting=False
    )
    try:
        runpy.run_path("app.py", run_name="__main__")
    except SystemExit as error:
        return str(error.code) if error.code else None
    except Exception as error:  # noqa: BLE001 - whatever the app raises is the answer
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    main()
