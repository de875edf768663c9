"""Where the API is: its address, checked, and the Region that requests are signed for.

What must stay true: records never travel unencrypted. Plain http is accepted for this machine only.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from client.problems import UsageError

_EXECUTE_API_HOST = re.compile(r"(?:^|\.)execute-api\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?$")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API's address without a final slash, and its Region."""

    url: str
    region: str
    loopback: bool


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked(address: str) -> tuple[str, str, bool]:
    """Return the address, its host and whether that is this machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(f"--endpoint {address!r} is not a web address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(
            "--endpoint must be a whole address, such as https://ID.execute-api.REGION.amazonaws.com/v1"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("--endpoint must have no user name, query or fragment")
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise UsageError(
            f"--endpoint uses http to reach {host}: records would travel unencrypted. Use https "
            "(http is for 127.0.0.1, localhost and [::1])"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", host, loopback


def endpoint_from(*, address: str | None, region: str | None, environment: Mapping[str, str]) -> Endpoint:
    """Return the endpoint that options and environment name.

    Parameters
    ----------
    address, region
        The values of `--endpoint` and `--region`, or None.
    environment
        The environment variables. The host name of a deployed API names its Region, so it goes before
        AWS_REGION and AWS_DEFAULT_REGION: a request signed for another Region would be refused.
    """
    address = address or environment.get("SEALED_ENDPOINT")
    if not address:
        raise UsageError("no endpoint: give --endpoint URL or set SEALED_ENDPOINT")
    url, host, loopback = _checked(address)
    in_host = _EXECUTE_API_HOST.search(host)
    region = (
        region
        or (in_host.group(1) if in_host else None)
        or environment.get("AWS_REGION")
        or environment.get("AWS_DEFAULT_REGION")
    )
    if not region:
        raise UsageError("no Region to sign for: give --region, or set AWS_REGION")
    if not _REGION.fullmatch(region):
        raise UsageError(f"{region!r} is not the name of a Region: give one such as eu-west-1")
    return Endpoint(url=url, region=region, loopback=loopback)
