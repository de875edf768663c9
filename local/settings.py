"""The one setting of the stacks that is needed before there is a deployment: the Region."""

import json
from pathlib import Path

DEFAULT_REGION = "eu-central-1"


class UnknownEnvironmentError(Exception):
    """cdk.json has no such environment, or cannot be read; the message says which."""


def region_of(project: Path, *, environment: str) -> str:
    """Return the Region that cdk.json names for an environment, or the default where it leaves it open.

    What else is wrong with an environment, the stacks say when they are synthesized.

    Raises
    ------
    UnknownEnvironmentError
        If cdk.json has no such environment, or cannot be read.
    """
    try:
        environments = json.loads((project / "cdk.json").read_text())["context"]["environments"]
    except (ValueError, KeyError) as error:
        raise UnknownEnvironmentError(f"cdk.json cannot be read: {error}.") from error
    if environment not in environments:
        message = f"cdk.json has no environment {environment!r}; it has {', '.join(environments)}."
        raise UnknownEnvironmentError(message)
    return environments[environment].get("region") or DEFAULT_REGION
