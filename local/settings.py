"""The one setting of the stacks that is needed before there is a deployment: the Region."""

import json
from pathlib import Path

DEFAULT_REGION = "eu-central-1"


def region_of(project: Path, *, environment: str) -> str:
    """Return the Region that cdk.json names for an environment, or the default where it leaves it open.

    What else is wrong with an environment, the stacks say when they are synthesized.
    """
    content = json.loads((project / "cdk.json").read_text())
    chosen = content.get("context", {}).get("environments", {}).get(environment, {})
    return chosen.get("region") or DEFAULT_REGION
