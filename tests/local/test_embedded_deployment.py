"""Deploying: everything lies where it should, and a failure says why."""

import os
from pathlib import Path

import pytest

from local.build_cache import ROOT
from local.cdk_command import Deployment, DeploymentError
from local.deploy import deploy
from local.embedded import EmbeddedAws
from stacks.stack_names import stack_name


def test_the_stacks_and_their_outputs_are_there(aws: EmbeddedAws) -> None:
    names = ("Keys", "Storage", "Service", "Maintenance", "Audit")
    assert aws.stacks == [stack_name("dev", name) for name in names]
    described = aws.client("cloudformation").describe_stacks()["Stacks"]
    states = {stack["StackName"]: stack["StackStatus"] for stack in described}
    assert {states[name] for name in aws.stacks} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    expected = {"ApiUrl", "ApiId", "RecordsReadPolicyArn", "RecordsWritePolicyArn", "EnvelopeKeyArn"}
    assert expected <= set(aws.outputs)


def test_callers_are_tied_to_their_tenants(aws: EmbeddedAws) -> None:
    iam = aws.client("iam")
    for tenant in ("acme", "globex"):
        assert iam.list_user_tags(UserName=f"{tenant}-caller")["Tags"] == [{"Key": "tenant", "Value": tenant}]
        attached = iam.list_attached_user_policies(UserName=f"{tenant}-caller")["AttachedPolicies"]
        arns = {policy["PolicyArn"] for policy in attached}
        named = ("RecordsReadPolicyArn", "RecordsWritePolicyArn", "ObjectsPolicyArn")
        assert arns == {aws.outputs[name] for name in named}


def test_the_operator_belongs_to_no_tenant(aws: EmbeddedAws) -> None:
    iam = aws.client("iam")
    assert iam.list_user_tags(UserName="admin-caller")["Tags"] == []
    attached = iam.list_attached_user_policies(UserName="admin-caller")["AttachedPolicies"]
    named = ("BranchKeysAdminPolicyArn", "MaintenanceOperatePolicyArn")
    assert {policy["PolicyArn"] for policy in attached} == {aws.outputs[name] for name in named}
    assert "admin" not in aws.tenants()
    assert aws.credentials("admin").access_key


def test_a_deployment_writes_nothing_into_the_project(aws: EmbeddedAws) -> None:
    assert not list(ROOT.glob("cdk.context.json"))


def test_what_the_command_line_said_of_a_failure_is_passed_on(aws: EmbeddedAws, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import sys\nsys.exit('a setting is wrong')\n")
    (tmp_path / "cdk.json").write_text("{}")
    broken = Deployment(
        project=tmp_path,
        directory=tmp_path / "state",
        environment="dev",
        region=aws.region,
        endpoint=aws.aws_endpoint,
    )
    with pytest.raises(DeploymentError, match=r"`cdk synth` failed(.|\n)*a setting is wrong"):
        deploy(broken)


def test_the_persons_aws_settings_take_no_part(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://elsewhere.invalid")
    seen = tmp_path / "seen"
    program = f"import os\nopen({str(seen)!r}, 'w').write(repr(dict(os.environ)))\nraise SystemExit(1)\n"
    (tmp_path / "app.py").write_text(program)
    (tmp_path / "cdk.json").write_text("{}")
    broken = Deployment(
        project=tmp_path,
        directory=tmp_path / "state",
        environment="dev",
        region=aws.region,
        endpoint=aws.aws_endpoint,
    )
    with pytest.raises(DeploymentError):
        deploy(broken)
    assert "production" not in seen.read_text()
    assert "elsewhere.invalid" not in seen.read_text()
    assert os.environ["AWS_PROFILE"] == "production"
