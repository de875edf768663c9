"""Signed code: Lambda takes a function's package only if the named signing profile has signed it.

What must stay true: a package that is not signed, is signed by another profile, has expired or was changed
after it was signed is refused, not merely reported.

CDK uploads a package that nobody has signed, so where this is on, the functions' code is the signed one of
the setting `signed_package`:

1. `make package` builds the package, the same bytes on every machine, and prints its SHA-256.
2. Put it into a bucket with versioning, and let AWS Signer sign that version
   (`aws signer start-signing-job --profile-name ... --source s3={...} --destination s3={...}`).
3. Set `signed_package` to the object that Signer wrote, `code_signing_profile_arn` to the profile's version,
   and deploy. Signer names each object anew, so CloudFormation sees that the code has changed.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks import packaging
from stacks.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCode:
    """Where the functions' code is, and what Lambda asks of it (None: nothing)."""

    code: lambda_.Code
    signing: lambda_.CfnCodeSigningConfig | None


def functions_code(scope: Construct, settings: Settings) -> FunctionCode:
    """Give the code of all functions: the signed package, or the one that CDK builds.

    Raises
    ------
    PackagingError
        If the package is to be built and pip fails.
    """
    if settings.code_signing_profile_arn is None or settings.signed_package is None:
        package = packaging.package(scope)
        return FunctionCode(
            code=lambda_.Code.from_bucket(package.bucket, package.s3_object_key), signing=None
        )
    bucket, _, key = settings.signed_package.removeprefix("s3://").partition("/")
    signed = s3.Bucket.from_bucket_name(scope, "SignedPackages", bucket)
    cdk.Annotations.of(signed).acknowledge_warning(
        "@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified",
        "AWS Signer gives each signed object a name of its own: other code has another key.",
    )
    return FunctionCode(
        code=lambda_.Code.from_bucket(signed, key),
        signing=_only_signed_by(scope, settings.code_signing_profile_arn),
    )


def _only_signed_by(scope: Construct, profile_version: str) -> lambda_.CfnCodeSigningConfig:
    # CDK's own construct knows profiles of the stack's account and Region only.
    return lambda_.CfnCodeSigningConfig(
        scope,
        "CodeSigning",
        description="Code that this signing profile has signed, and no other",
        allowed_publishers=lambda_.CfnCodeSigningConfig.AllowedPublishersProperty(
            signing_profile_version_arns=[profile_version]
        ),
        code_signing_policies=lambda_.CfnCodeSigningConfig.CodeSigningPoliciesProperty(
            untrusted_artifact_on_deployment="Enforce"
        ),
    )
