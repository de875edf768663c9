"""A small API of branch keys on loopback: what `sealed tenant` calls, with the answers of the real one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

OLD = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111"
NEW = "arn:aws:kms:eu-west-1:444455556666:key/22222222-2222-4222-8222-222222222222"
STAMP = "2026-01-02T03:04:05.000000Z"


@dataclass
class BranchKeys:
    """Branch keys by tenant: the KMS keys of their items; None once shredded."""

    items: dict[str, list[str] | None] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)
    deployed: str = NEW
    items_per_call: int = 100
    counted_per_call: int = 1000
    edited: set[str] = field(default_factory=set)

    def answer(self, request: Any, respond: Any, problem: Any) -> Any:
        """Answer a request for a path under /v1/branch-keys."""
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        names = parts.path.removeprefix("/v1/branch-keys").strip("/").split("/")
        tenant, call = names[0], names[1] if len(names) > 1 else ""

        def refuse(status: int, slug: str, **members: Any) -> Any:
            return respond(status, {**problem(slug, status=status), **members})

        if not tenant:
            return self._page(query, respond)
        if request.method == "PUT":
            if tenant in self.items:
                shredded = self.items[tenant] is None
                return refuse(410, "tenant-shredded") if shredded else refuse(409, "branch-key-exists")
            self.items[tenant] = [OLD] * 3
            return respond(201, self._active(tenant))
        if tenant not in self.items:
            return refuse(404, "branch-key-not-found")
        if request.method == "DELETE":
            return self._shred(tenant, query, respond, refuse)
        return self._with_key(tenant, call, request, respond, refuse)

    def _with_key(self, tenant: str, call: str, request: Any, respond: Any, refuse: Any) -> Any:
        items = self.items[tenant]
        if items is None:
            if request.method == "GET":
                return respond(200, {"tenant": tenant, "state": "shredded", "shredded_at": STAMP})
            return refuse(410, "tenant-shredded")
        if tenant in self.edited:
            return refuse(500, "branch-key-not-verified")
        if request.method == "GET":
            return respond(200, {**self._active(tenant), "versions": []})
        if call == "versions":
            items.append(self.deployed)
            version = {"version": f"v{len(items)}", "previous_version": "v", "caches_clear_at": STAMP}
            return respond(201, {"tenant": tenant, **version})
        return self._move(tenant, items, json.loads(request.body), respond, refuse)

    def _active(self, tenant: str) -> Mapping[str, Any]:
        return {"tenant": tenant, "state": "active", "version": "v", "created_at": STAMP, "kms_arn": OLD}

    def _page(self, query: Mapping[str, str], respond: Any) -> Any:
        names = sorted(name for name in self.items if name > query.get("cursor", ""))
        limit = int(query.get("limit", "25"))
        entries = [
            {"tenant": name, "state": "shredded", "shredded_at": STAMP}
            if self.items[name] is None
            else self._active(name)
            for name in names[:limit]
        ]
        cursor = names[limit - 1] if len(names) > limit else None
        return respond(200, {"tenants": entries, "cursor": cursor})

    def _move(self, tenant: str, items: list[str], body: Any, respond: Any, refuse: Any) -> Any:
        if body != {"to": self.deployed}:
            return refuse(409, "key-not-deployed")
        there = items.count(self.deployed)
        left = [place for place, arn in enumerate(items) if arn != self.deployed]
        now, later = left[: self.items_per_call], left[self.items_per_call :]
        for place in now:
            items[place] = self.deployed
        answer = {
            "tenant": tenant,
            "to": self.deployed,
            "moved": len(now),
            "already_there": there,
            "remaining": len(later),
            "verified": not later,
            "moved_from": [OLD] if now else [],
            "records_touched": 0,
            "old_key_needed_until": None if later else STAMP,
            "caches_clear_at": STAMP,
            "remarks": [],
        }
        return respond(200, answer)

    def _shred(self, tenant: str, query: Mapping[str, str], respond: Any, refuse: Any) -> Any:
        if query.get("confirm") != tenant:
            return refuse(400, "confirmation-missing")
        deleting = query.get("delete-records") == "true"
        counted = int(query.get("cursor", "0")) + self.counted_per_call
        outside = self.outside.get(tenant, 0)
        if counted < outside:
            found = {"counted": counted, "outside": counted, "deleted_records": counted if deleting else 0}
            return respond(202, {"tenant": tenant, "state": "counting", **found, "cursor": str(counted)})
        if outside and not deleting:
            return refuse(409, "records-outside-branch-key", count=outside)
        self.items[tenant] = None
        answer = {
            "tenant": tenant,
            "state": "shredded",
            "shredded_at": STAMP,
            "removed_items": 3,
            "deleted_records": outside,
            "caches_may_decrypt_until": STAMP,
            "recoverable_until": STAMP,
            "backups_until": None,
            "remarks": ["A remark."],
        }
        return respond(200, answer)
