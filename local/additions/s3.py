"""S3: bucket policies are accepted and not applied: moto reads a Deny without its conditions."""

from local.additions.cloudformation import Created, Properties, Where, supply


def install() -> None:
    """Accept the resource type."""
    supply("AWS::S3::BucketPolicy", _bucket_policy)


def _bucket_policy(properties: Properties, _where: Where) -> Created:
    return Created(properties["Bucket"])
