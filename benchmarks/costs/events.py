"""The events that functions are called with, as the API, the schedule and the state machine make them."""

import json
from collections.abc import Mapping
from typing import Any

Event = dict[str, Any]

_RUN = "20260131T120000Z-0a1b2c3d"
#: What callers send along, as API Gateway passes it on.
_HEADERS = {
    "Accept": "application/json",
    "Host": "abcdefghij.execute-api.eu-west-1.amazonaws.com",
    "User-Agent": "sealed/0.1",
    "X-Amz-Date": "20260131T120000Z",
    "X-Amzn-Trace-Id": "Root=1-65ba3b40-0a1b2c3d4e5f60718293a4b5",
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}
#: A record of eight attributes beside keys, revision and time: 500 bytes in all.
RECORD = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "born": "1815-12-10",
    "email": "ada.lovelace@example.com",
    "iban": "GB33BUKB20201555555555",
    "balance": 1234.56,
    "notes": "The Analytical Engine weaves algebraical patterns. " * 3,
    "address": "12 St James's Square, London SW1Y 4JH, United Kingdom",
}


def api_event(
    method: str,
    path: str,
    *,
    resource: str,
    parameters: Mapping[str, str],
    body: object = None,
    query: Mapping[str, str] | None = None,
) -> Event:
    """Return an event of API Gateway's REST proxy integration."""
    headers = {**_HEADERS, **({"Content-Type": "application/json"} if body is not None else {})}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()}
        if query
        else None,
        "pathParameters": dict(parameters),
        "stageVariables": None,
        "requestContext": {"requestId": "11111111-2222-4333-8444-555555555555", "stage": "v1"},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def put(tenant: str, record: str) -> Event:
    """Return the event that stores a record."""
    return _of_record("PUT", tenant, record, body=RECORD)


def get(tenant: str, record: str) -> Event:
    """Return the event that reads a record."""
    return _of_record("GET", tenant, record)


def page(tenant: str, *, limit: int) -> Event:
    """Return the event that reads a page of records."""
    return api_event(
        "GET",
        f"/tenants/{tenant}/records",
        resource="/tenants/{tenant}/records",
        parameters={"tenant": tenant},
        query={"limit": str(limit)},
    )


def describe_branch_key(tenant: str) -> Event:
    """Return the event that asks for a tenant's branch key."""
    return api_event(
        "GET",
        f"/branch-keys/{tenant}",
        resource="/branch-keys/{tenant}",
        parameters={"tenant": tenant},
    )


def plan() -> Event:
    """Return what the state machine passes to the planner; planned again, it gives the same plan."""
    return {
        "operation": "plan",
        "execution": f"arn:aws:states:eu-west-1:111122223333:execution:reencryption:{_RUN}",
        "name": _RUN,
        "began": "2026-01-31T12:00:00Z",
        "input": {"run": _RUN},
    }


def segment(tenant: str) -> Event:
    """Return what the state machine passes to the reencryptor: to go through a tenant's records."""
    return {
        "run": _RUN,
        "job": {
            "dry_run": True,
            "segments": 1,
            "filter": {"tenant": tenant},
            "read_units_per_second": None,
            "write_units_per_second": None,
            "seconds": 780,
        },
        "segment": 0,
        "start_key": None,
        "step": 1,
    }


def _of_record(method: str, tenant: str, record: str, *, body: object = None) -> Event:
    return api_event(
        method,
        f"/tenants/{tenant}/records/{record}",
        resource="/tenants/{tenant}/records/{record}",
        parameters={"tenant": tenant, "record": record},
        body=body,
    )
