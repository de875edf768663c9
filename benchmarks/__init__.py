"""Measurements, each a command of the Makefile."""

import sys
from pathlib import Path

# What is measured lies where the functions' package has it, which is no folder that Python looks into.
_SOURCES = str(Path(__file__).parents[1] / "lambda_src")
if _SOURCES not in sys.path:
    sys.path.insert(0, _SOURCES)
