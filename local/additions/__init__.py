"""What moto lacks or does otherwise than AWS, as far as the deployed stacks and their tests need it.

One file per service. They change moto's classes in this process, once; nothing of moto is changed on disk.
"""

from local.additions import (
    apigateway,
    athena,
    awslambda,
    awslambda_invoke,
    backup,
    cloudformation,
    cloudtrail,
    cloudwatch,
    dynamodb,
    dynamodb_scan,
    ec2,
    events,
    glue,
    iam,
    kms,
    logs,
    requests,
    s3,
    s3_ownership,
    s3_ranges,
    s3_uploads,
    scheduler,
    services,
    sns,
    sqs,
    stepfunctions,
    sts,
    wafv2,
)

_SERVICES = (
    apigateway,
    athena,
    awslambda,
    awslambda_invoke,
    backup,
    cloudtrail,
    cloudwatch,
    dynamodb,
    dynamodb_scan,
    ec2,
    events,
    glue,
    iam,
    kms,
    logs,
    requests,
    s3,
    # Before the owner of the bucket is looked at: what is installed last is asked first.
    s3_uploads,
    s3_ownership,
    s3_ranges,
    scheduler,
    services,
    sns,
    sqs,
    stepfunctions,
    sts,
    wafv2,
)


def install() -> None:
    """Add everything. Calling it again changes nothing."""
    if cloudformation.installed():
        return
    cloudformation.install()
    for service in _SERVICES:
        service.install()
    cloudformation.refresh()
