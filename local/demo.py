"""The demonstration: the whole of it in one screen."""

from typing import Literal


def run(*, environment: str, runtime: Literal["auto", "awslambdaric", "loop"]) -> int:
    """Run the demonstration and return the exit code."""
    raise NotImplementedError(environment, runtime)
