"""Delivers records: files and digests to the trail's bucket, lines to its log group, events to the bus.

The trail may do each of these only as far as the policies of bucket, key and role let CloudTrail; what is
refused is told, and lost, as in AWS.
"""

import gzip
import hashlib
import json
import secrets
import string
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudtrail.models import Trail
from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from local.additions import events
from local.emulator import ACCOUNT
from local.enforcement import Enforcement, identities, kms, s3
from local.enforcement.acts_of_services import RefusedError, require, take_role
from local.enforcement.ask import Ask
from local.enforcement.other_services import log_stream
from local.trail import digests
from local.trail.digests import DeliveredFile, Digest

Record = Mapping[str, Any]

_SERVICE = "cloudtrail.amazonaws.com"
_LETTERS = string.ascii_letters + string.digits
_MOST_LINES = 1000
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Delivery:
    """Delivers one trail's records, and remembers the last digest of each Region."""

    def __init__(self, enforcement: Enforcement) -> None:
        self._enforcement = enforcement
        self._last: dict[tuple[str, str], Digest] = {}

    def deliver(self, trail: Trail, records: Sequence[Record], *, since: datetime) -> list[str]:
        """Deliver records; return what could not be delivered, and why."""
        problems = []
        for step in (self._to_bucket, self._to_log_group):
            try:
                step(trail, records, since)
            except RefusedError as error:
                problems.append(str(error))
        return problems

    def _to_bucket(self, trail: Trail, records: Sequence[Record], since: datetime) -> None:
        by_region: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_region[record["awsRegion"]].append(record)
        now = datetime.now(UTC)
        for region, listed in sorted(by_region.items()):
            file = self._write_file(trail, listed, region=region, now=now)
            if trail.log_validation:
                self._write_digest(trail, file, region=region, begin=since, end=now)

    def _write_file(
        self, trail: Trail, records: Sequence[Record], *, region: str, now: datetime
    ) -> DeliveredFile:
        unique = "".join(secrets.choice(_LETTERS) for _ in range(16))
        name = f"{ACCOUNT}_CloudTrail_{region}_{now.strftime('%Y%m%dT%H%MZ')}_{unique}.json.gz"
        key = f"{_prefix(trail)}AWSLogs/{ACCOUNT}/CloudTrail/{region}/{now.strftime('%Y/%m/%d')}/{name}"
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        self._put(trail, key, text)
        times = [record["eventTime"] for record in records]
        return DeliveredFile(trail.bucket_name, key, hashlib.sha256(text).hexdigest(), min(times), max(times))

    def _write_digest(
        self, trail: Trail, file: DeliveredFile, *, region: str, begin: datetime, end: datetime
    ) -> None:
        before = self._last.get((trail.arn, region))
        digest = digests.make(
            [file],
            account=ACCOUNT,
            region=region,
            home=trail.region_name,
            trail=trail.trail_name,
            bucket=trail.bucket_name,
            begin=before.end if before else begin,
            # Digests are named by the second, and here can follow each other faster.
            end=max(end, before.end + timedelta(seconds=1)) if before else end,
            before=before,
        )
        self._put(trail, _prefix(trail) + digest.key, digest.text, metadata=digest.metadata)
        self._last[trail.arn, region] = digest

    def _put(self, trail: Trail, key: str, text: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        cloudtrail, source = identities.service(_SERVICE), _source(trail)
        acl = {"s3:x-amz-acl": "bucket-owner-full-control"}
        put = s3.on_bucket("s3:PutObject", trail.bucket_name, context={**source, **acl}, key=key)
        require(self._enforcement, cloudtrail, put)
        wrapping = kms.find_key(trail.kms_key_id, region=trail.region_name)
        if wrapping is not None:
            context = kms.encryption_context({"aws:cloudtrail:arn": trail.arn})
            require(
                self._enforcement, cloudtrail, kms.on_key(wrapping, "GenerateDataKey", {**context, **source})
            )
        stored = s3_backends[ACCOUNT]["aws"].put_object(
            trail.bucket_name,
            key,
            gzip.compress(text),
            encryption="aws:kms" if wrapping is not None else None,
            kms_key_id=wrapping.arn if wrapping is not None else None,
        )
        stored.set_metadata({f"x-amz-meta-{name}": value for name, value in (metadata or {}).items()})

    def _to_log_group(self, trail: Trail, records: Sequence[Record], _since: datetime) -> None:
        if not trail.cw_log_group_arn or not trail.cw_role_arn:
            return
        region = trail.region_name
        group = trail.cw_log_group_arn.partition(":log-group:")[2].removesuffix(":*")
        stream = f"{ACCOUNT}_CloudTrail_{region}"
        role = take_role(self._enforcement, _SERVICE, trail.cw_role_arn, session="CloudTrail")
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            arn = log_stream(group, stream, region=region)
            require(self._enforcement, role, Ask(action=action, resource=arn, account=ACCOUNT))
        backend = logs_backends[ACCOUNT][region]
        with suppress(ResourceAlreadyExistsException):
            backend.create_log_stream(group, stream)
        lines = [
            {"timestamp": _milliseconds(record["eventTime"]), "message": json.dumps(record)}
            for record in sorted(records, key=lambda record: str(record["eventTime"]))
        ]
        for begin in range(0, len(lines), _MOST_LINES):
            backend.put_log_events(group, stream, lines[begin : begin + _MOST_LINES])


def to_bus(record: Record) -> None:
    """Put a management event on the default bus of its Region."""
    event = {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": ACCOUNT,
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }
    events.put_event(event, account=ACCOUNT, region=record["awsRegion"])


def _prefix(trail: Trail) -> str:
    return f"{trail.s3_key_prefix}/" if trail.s3_key_prefix else ""


def _source(trail: Trail) -> dict[str, str]:
    return {"aws:SourceArn": trail.arn, "aws:SourceAccount": ACCOUNT}


def _milliseconds(time: str) -> int:
    return int(datetime.strptime(time, _TIME).replace(tzinfo=UTC).timestamp() * 1000)
