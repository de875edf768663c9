"""What a deployment's outputs say, as environment variables hand it on."""

import re
from collections.abc import Mapping

from client.problems import UsageError

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def check_given(environment: Mapping[str, str], outputs: Mapping[str, str], *, place: str) -> None:
    """Raise UsageError naming the variables that are missing, each with its output, and where these are."""
    missing = [
        f"{name} (the output {output})" for name, output in outputs.items() if not environment.get(name)
    ]
    if missing:
        raise UsageError(f"set {', '.join(missing)}: {place} have them")


def check_form(
    environment: Mapping[str, str], name: str, form: re.Pattern[str], *, what: str, output: str
) -> None:
    """Raise UsageError unless a variable has the form of what it should be."""
    if not form.fullmatch(environment[name]):
        raise UsageError(f"{name} is not the {what}: give the output {output}")


def check_bucket(environment: Mapping[str, str], name: str, *, output: str) -> None:
    """Raise UsageError unless a variable has the form of a bucket's name."""
    check_form(environment, name, _BUCKET_NAME, what="name of a bucket", output=output)
