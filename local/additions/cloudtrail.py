"""CloudTrail: trails come from templates; their digests' public key can be asked for.

What they record and deliver is `local.trail`'s part.
"""

import base64
import json
from typing import Any

from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse

from local.additions.cloudformation import Created, Properties, Where, supply, truth
from local.trail.digests import public_key


def install() -> None:
    """Add the resource type."""
    supply("AWS::CloudTrail::Trail", _trail, attributes=("Arn", "SnsTopicArn"))
    original = Trail.description

    def description(self: Trail, include_region: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
        selectors, advanced = self.get_event_selectors()
        return {
            **original(self, include_region),
            "HasCustomEventSelectors": bool(selectors or advanced),
            "HasInsightSelectors": bool(self.insight_selectors),
        }

    CloudTrailResponse.list_public_keys = _list_public_keys  # type: ignore[attr-defined]
    Trail.description = description  # type: ignore[method-assign]


def _list_public_keys(_self: CloudTrailResponse) -> str:
    key = public_key()
    listed = {
        "Value": base64.b64encode(key["Value"]).decode(),
        "Fingerprint": key["Fingerprint"],
        "ValidityStartTime": key["ValidityStartTime"].timestamp(),
    }
    return json.dumps({"PublicKeyList": [listed]})


def _trail(properties: Properties, where: Where) -> Created:
    multi_region = truth(properties.get("IsMultiRegionTrail", False))
    name = properties.get("TrailName") or f"{where.stack.rpartition(':stack/')[2]}-{where.logical_id}"
    trail = cloudtrail_backends[where.account][where.region].create_trail(
        name=name,
        bucket_name=properties["S3BucketName"],
        s3_key_prefix=properties.get("S3KeyPrefix"),  # type: ignore[arg-type]
        sns_topic_name=properties.get("SnsTopicName"),  # type: ignore[arg-type]
        is_global=truth(properties.get("IncludeGlobalServiceEvents", multi_region)),
        is_multi_region=multi_region,
        log_validation=truth(properties.get("EnableLogFileValidation", False)),
        is_org_trail=truth(properties.get("IsOrganizationTrail", False)),
        cw_log_group_arn=properties.get("CloudWatchLogsLogGroupArn", ""),
        cw_role_arn=properties.get("CloudWatchLogsRoleArn", ""),
        kms_key_id=properties.get("KMSKeyId", ""),
        tags_list=list(properties.get("Tags", [])),
    )
    trail.put_event_selectors(
        list(properties.get("EventSelectors", [])), list(properties.get("AdvancedEventSelectors", []))
    )
    trail.put_insight_selectors(list(properties.get("InsightSelectors", [])))
    if truth(properties["IsLogging"]):
        trail.start_logging()
    return Created(name, {"Arn": trail.arn, "SnsTopicArn": trail.topic_arn or ""})
