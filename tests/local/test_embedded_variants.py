"""What an environment can add to the stacks is deployed here as well, and can be read back.

The variants are those that the scanners look at. Each is deployed beside dev, under names of its own.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from evidence.synthesis import VARIANTS, Variant, cdk_context, compose
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from stacks.stack_names import deployment_name

BOUNDARY = "everything"
ADDED = [variant for variant in VARIANTS if variant.environment != "dev"]


@pytest.fixture(scope="module", params=ADDED, ids=lambda variant: str(variant.title))
def variant(request: pytest.FixtureRequest) -> Variant:
    found: Variant = request.param
    return found


@pytest.fixture(scope="module")
def prefix(aws: EmbeddedAws, variant: Variant, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Deploy a variant; return what its names begin with."""
    name = f"variant-{ADDED.index(variant)}"
    target = tmp_path_factory.mktemp(name)
    changes = {**variant.changes, "prefix": name, **_boundary(aws, variant)}
    app = compose(variant.environment, context=cdk_context(), target=target, changes=changes)
    assembly = app.synth()
    _put_packages(aws, variant)
    cloudformation = aws.client("cloudformation")
    for stack in assembly.stacks:
        own = deployment_name(variant.environment)
        body = Path(stack.template_full_path).read_text().replace(f"{own}-", f"{name}-")
        renamed = stack.stack_name.replace(f"{own}-", f"{name}-")
        cloudformation.create_stack(StackName=renamed, TemplateBody=body)
        [made] = cloudformation.describe_stacks(StackName=renamed)["Stacks"]
        assert made["StackStatus"] == "CREATE_COMPLETE"
    return name


def _boundary(aws: EmbeddedAws, variant: Variant) -> dict[str, str]:
    """Add the boundary that a variant names, in this account: bounded roles can do nothing without it."""
    if "permissions_boundary_arn" not in variant.changes:
        return {}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    made = aws.client("iam").create_policy(
        PolicyName=BOUNDARY, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": everything})
    )
    return {"permissions_boundary_arn": made["Policy"]["Arn"]}


def _put_packages(aws: EmbeddedAws, variant: Variant) -> None:
    """Put a signed package where the variant says it is. The other is dev's, which is there."""
    place = str(variant.changes.get("signed_package") or "")
    if not place:
        return
    bucket, _, key = place.removeprefix("s3://").partition("/")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("signed.py", "")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket=bucket, Key=key, Body=package.getvalue())


def configuration(aws: EmbeddedAws, prefix: str, function: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("lambda").get_function_configuration(
        FunctionName=f"{prefix}-{function}"
    )
    return found


def test_functions_are_where_the_settings_put_them(aws: EmbeddedAws, variant: Variant, prefix: str) -> None:
    for function in ("writer", "reader"):
        found = configuration(aws, prefix, function)
        assert found["KMSKeyArn"].startswith(f"arn:aws:kms:{aws.region}:{ACCOUNT}:key/")
        assert found["TracingConfig"] == {"Mode": "Active"}
        if variant.changes.get("vpc_cidr"):
            [vpc] = aws.client("ec2").describe_vpcs(VpcIds=[found["VpcConfig"]["VpcId"]])["Vpcs"]
            assert vpc["CidrBlock"] == variant.changes["vpc_cidr"]
        else:
            assert not found.get("VpcConfig")
        role = aws.client("iam").get_role(RoleName=f"{prefix}-{function}")["Role"]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        bounded = "permissions_boundary_arn" in variant.changes
        assert boundary == (f"arn:aws:iam::{ACCOUNT}:policy/{BOUNDARY}" if bounded else None)


def test_signed_code_is_asked_for(aws: EmbeddedAws, variant: Variant, prefix: str) -> None:
    client, profile = aws.client("lambda"), variant.changes.get("code_signing_profile_arn")
    found = client.get_function_code_signing_config(FunctionName=f"{prefix}-reader")
    if profile is None:
        assert not found.get("CodeSigningConfigArn")
        return
    kept = client.get_code_signing_config(CodeSigningConfigArn=found["CodeSigningConfigArn"])
    assert kept["CodeSigningConfig"]["AllowedPublishers"] == {"SigningProfileVersionArns": [profile]}


def test_records_are_copied_into_a_vault_that_is_locked(aws: EmbeddedAws, prefix: str) -> None:
    backup = aws.client("backup")
    vault = backup.describe_backup_vault(BackupVaultName=f"{prefix}-records")
    assert vault["Locked"]
    plans = backup.list_backup_plans()["BackupPlansList"]
    [plan] = [each for each in plans if each["BackupPlanName"] == f"{prefix}-records"]
    [selection] = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    found = backup.get_backup_selection(
        BackupPlanId=plan["BackupPlanId"], SelectionId=selection["SelectionId"]
    )
    [table] = found["BackupSelection"]["Resources"]
    assert f":table/{prefix}-" in table


def test_the_trail_records_what_another_trail_does_not(
    aws: EmbeddedAws, variant: Variant, prefix: str
) -> None:
    selectors = aws.client("cloudtrail").get_event_selectors(TrailName=f"{prefix}-trail")
    categories = {
        value
        for selector in selectors["AdvancedEventSelectors"]
        for field in selector["FieldSelectors"]
        if field["Field"] == "eventCategory"
        for value in field["Equals"]
    }
    organization = variant.changes.get("trail") == "organization"
    assert categories == ({"Data"} if organization else {"Data", "Management"})


def test_what_another_trail_records_is_counted_from_the_bus_and_else_from_the_trail(
    aws: EmbeddedAws, variant: Variant, prefix: str
) -> None:
    described = aws.client("kms").describe_key(KeyId=f"alias/{prefix}/envelope")
    resources = [{"type": "AWS::KMS::Key", "ARN": described["KeyMetadata"]["Arn"]}]
    issuer = {"arn": f"arn:aws:iam::{ACCOUNT}:role/someone"}
    detail = {
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "readOnly": True,
        "managementEvent": True,
        "resources": resources,
        "userIdentity": {"sessionContext": {"sessionIssuer": issuer}},
    }
    event = {
        "source": "aws.kms",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT,
        "region": aws.region,
        "resources": [],
        "detail": detail,
    }
    aws.put_event(event)
    name = f"{prefix}-envelope-key-used-by-others"
    [alarm] = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["StateValue"] == "ALARM") is (variant.changes.get("trail") == "organization")


def test_the_firewall_stands_before_the_stage(aws: EmbeddedAws, prefix: str) -> None:
    waf = aws.client("wafv2")
    apis = aws.client("apigateway").get_rest_apis(limit=100)["items"]
    [api] = [each for each in apis if each["name"].startswith(prefix)]
    stage = f"arn:aws:apigateway:{aws.region}::/restapis/{api['id']}/stages/v1"
    acl = waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]
    assert any("RateBasedStatement" in rule["Statement"] for rule in acl["Rules"])
    kept = waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
    assert kept["LogDestinationConfigs"][0].endswith(f":log-group:aws-waf-logs-{prefix}")


def test_a_private_api_answers_its_endpoints_only(aws: EmbeddedAws, variant: Variant, prefix: str) -> None:
    apis = aws.client("apigateway").get_rest_apis(limit=100)["items"]
    [api] = [each for each in apis if each["name"].startswith(prefix)]
    endpoints: Any = variant.changes.get("api_vpc_endpoints")
    if endpoints is None:
        assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
        return
    assert api["endpointConfiguration"]["types"] == ["PRIVATE"]
    assert api["endpointConfiguration"]["vpcEndpointIds"] == endpoints
    assert all(endpoint in api["policy"] for endpoint in endpoints)
