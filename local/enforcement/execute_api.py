"""What API Gateway asks IAM and the API's policy before a signed request reaches a method.

Source: API Gateway Developer Guide, "How API Gateway resource policies affect authorization workflow" and
"Control access for invoking an API"; Service Authorization Reference, "Amazon API Gateway Management".
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from local.enforcement.ask import Ask
from local.enforcement.documents import read
from local.policy import Policy

_SHORT = "execute-api:/"


def asks(
    *, api: str, stage: str, region: str, account: str, method: str, path: str, policy: str | None
) -> list[Ask]:
    """Return what a request to an API needs: its path is judged as it came, and as it is read.

    Parameters
    ----------
    path
        Below the stage, with its leading slash, as it came.
    policy
        The API's own.
    """
    arn = f"arn:aws:execute-api:{region}:{account}:{api}"
    own = _policy(policy, arn=arn) if policy else None
    return [
        Ask(
            action="execute-api:Invoke",
            resource=f"{arn}/{stage}/{method}{each}",
            account=account,
            policy=own,
        )
        for each in dict.fromkeys((path, unquote(path)))
    ]


def _policy(text: str, *, arn: str) -> Policy:
    """Read the API's policy, in which a resource may leave out the ARN's beginning."""
    document = json.loads(text)
    for statement in document["Statement"]:
        for element in ("Resource", "NotResource"):
            if element in statement:
                statement[element] = _whole(statement[element], arn)
    return read(document, name="the API's policy")


def _whole(resources: Any, arn: str) -> Any:  # noqa: ANN401 - a text or a list of them
    if isinstance(resources, str):
        return resources.replace(_SHORT, f"{arn}/", 1) if resources.startswith(_SHORT) else resources
    return [_whole(each, arn) for each in resources]


def context(*, source_ip: str, user_agent: str | None, region: str) -> Mapping[str, str]:
    """Return the condition keys of a request to an API."""
    return {
        "aws:RequestedRegion": region,
        "aws:SourceIp": source_ip,
        **({"aws:UserAgent": user_agent} if user_agent else {}),
    }
