"""What moto lacks or does otherwise than AWS, as far as the deployed stacks and their tests need it.

One file per service. They change moto's classes in this process, once; nothing of moto is changed on disk.
"""

from local.additions import apigateway, awslambda, cloudformation, dynamodb, kms, logs, s3


def install() -> None:
    """Add everything. Calling it again changes nothing."""
    if cloudformation.installed():
        return
    cloudformation.install()
    apigateway.install()
    awslambda.install()
    dynamodb.install()
    kms.install()
    logs.install()
    s3.install()
    cloudformation.refresh()
