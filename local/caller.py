"""Call the API as one of the ready-made callers: sign with botocore, send, read the answer."""

import json
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from local.embedded import EmbeddedAws
from local.signature import SERVICE


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and parsed body of an answer; numbers keep their exact value."""

    status: int
    content: Any

    @property
    def problem(self) -> str:
        """The last part of a problem's type, or nothing."""
        kind = self.content.get("type", "") if isinstance(self.content, dict) else ""
        return str(kind).rpartition(":")[2]


def get(aws: EmbeddedAws, *, tenant: str, path: str) -> Answer:
    """Read ``path`` below a tenant, as the tenant's caller."""
    key = aws.credentials(tenant)
    url = f"{aws.api_url}/tenants/{quote(tenant)}/{path}"
    request = AWSRequest(method="GET", url=url)
    SigV4Auth(BotocoreCredentials(key.access_key, key.secret_key), SERVICE, aws.region).add_auth(request)
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers=dict(request.headers.items()))
        answer = connection.getresponse()
        return Answer(answer.status, json.loads(answer.read(), parse_float=Decimal, parse_int=Decimal))
    finally:
        connection.close()


def get_all(aws: EmbeddedAws, *, tenant: str) -> dict[str, Any]:
    """Return all records of a tenant that verify, page by page."""
    records: dict[str, Any] = {}
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={quote(cursor, safe='')}" if cursor else ""
        page = get(aws, tenant=tenant, path=f"records?limit=100{more}").content
        records |= {entry["record"]: entry["data"] for entry in page["records"]}
        cursor = page["cursor"]
    return records
