"""The functions' network: nothing leads out of it but three endpoints, and each lets only ours through."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly, Resource
from tests.infrastructure.policy_evaluation import Request, endpoint_allows, identity_allows

OTHERS = "444455556666"
OLD_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
BRANCH_KEYS_KEY = f"arn:aws:kms:{REGION}:{OTHERS}:key/99999999-8888-7777-6666-555555555555"
FUNCTIONS = ("writer", "reader", "tenant-admin", "rotation", "reencryptor")
KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
TABLE_ACTIONS = ("GetItem", "Query", "PutItem", "DeleteItem")
EGRESS_TO_NOBODY = {"CidrIp": "255.255.255.255/32", "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86}


@pytest.fixture
def network(changed: Callable[..., Assembly]) -> Assembly:
    return changed(
        "prod", vpc_cidr="10.20.0.0/24", decrypt_key_arns=[OLD_KEY], branch_key_arn=BRANCH_KEYS_KEY
    )


def of_network(assembly: Assembly, kind: str) -> list[dict[str, Any]]:
    here = assembly.templates["Network"]["Resources"]
    return [found["Properties"] for name, found in assembly.resources(kind).items() if name in here]


def only_property(resources: dict[str, Resource], name: str) -> Any:
    (found,) = resources.values()
    return found["Properties"][name]


def endpoint(assembly: Assembly, service: str) -> dict[str, Any]:
    (found,) = [
        endpoint
        for endpoint in of_network(assembly, "AWS::EC2::VPCEndpoint")
        if endpoint["ServiceName"].endswith(f".{service}")
    ]
    return found


def security_group(assembly: Assembly, name: str) -> dict[str, Any]:
    (found,) = [
        found["Properties"]
        for logical_id, found in assembly.resources("AWS::EC2::SecurityGroup").items()
        if logical_id.startswith(name)
    ]
    return found


def passes(
    assembly: Assembly,
    service: str,
    action: str,
    resource: str,
    *,
    caller: str = ACCOUNT,
    owner: str = ACCOUNT,
) -> bool:
    asked = Request(
        principal=f"arn:aws:iam::{caller}:role/somebody",
        action=action,
        resource=resource,
        context={"aws:ResourceAccount": owner},
    )
    statements = endpoint(assembly, service)["PolicyDocument"]["Statement"]
    return endpoint_allows(asked, endpoint_policy=statements)


def test_without_the_setting_there_is_no_network(assembly: Assembly) -> None:
    assert "Network" not in assembly.templates
    assert not assembly.resources("AWS::EC2::VPC")
    for function in assembly.resources("AWS::Lambda::Function").values():
        assert "VpcConfig" not in function["Properties"]


def test_nothing_leads_to_the_internet(network: Assembly) -> None:
    kinds = {
        found["Type"] for template in network.templates.values() for found in template["Resources"].values()
    }
    assert not kinds & {
        "AWS::EC2::EIP",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::EC2::VPCPeeringConnection",
    }
    for subnet in of_network(network, "AWS::EC2::Subnet"):
        assert subnet["MapPublicIpOnLaunch"] is False


def test_its_subnets_share_the_wanted_addresses_in_two_zones(network: Assembly) -> None:
    assert only_property(network.resources("AWS::EC2::VPC"), "CidrBlock") == "10.20.0.0/24"
    subnets = of_network(network, "AWS::EC2::Subnet")
    assert {subnet["CidrBlock"] for subnet in subnets} == {"10.20.0.0/25", "10.20.0.128/25"}
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {"<zone 0>", "<zone 1>"}


def test_a_known_account_needs_no_look_up(changed: Callable[..., Assembly]) -> None:
    known = changed("prod", vpc_cidr="10.20.0.0/24", account=ACCOUNT, region=REGION)
    assert "missing" not in json.loads((known.directory / "manifest.json").read_text())
    assert {subnet["AvailabilityZone"] for subnet in of_network(known, "AWS::EC2::Subnet")} == {
        "<zone 0>",
        "<zone 1>",
    }


def test_no_function_of_cdk_changes_security_groups(network: Assembly) -> None:
    functions = network.resources("AWS::Lambda::Function").values()
    assert {function["Properties"]["FunctionName"] for function in functions} == {
        f"{network.prefix}-{name}" for name in (*FUNCTIONS, "planner")
    }
    assert not [
        found
        for template in network.templates.values()
        for found in template["Resources"].values()
        if found["Type"].startswith("Custom::")
    ]


def test_functions_speak_https_and_are_spoken_to_by_nobody(network: Assembly) -> None:
    group = security_group(network, "FunctionsSecurityGroup")
    assert "SecurityGroupIngress" not in group
    (rule,) = group["SecurityGroupEgress"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)


@pytest.mark.parametrize("service", ["kms", "sts"])
def test_an_interface_endpoint_answers_the_functions_only(network: Assembly, service: str) -> None:
    name = f"{service.capitalize()}EndpointSecurityGroup"
    group = security_group(network, name)
    assert "SecurityGroupIngress" not in group
    (egress,) = group["SecurityGroupEgress"]
    assert egress.items() >= EGRESS_TO_NOBODY.items()
    (ingress,) = [
        found
        for found in of_network(network, "AWS::EC2::SecurityGroupIngress")
        if found["GroupId"].startswith(f"<{name}")
    ]
    assert ingress["SourceSecurityGroupId"].startswith("<FunctionsSecurityGroup")
    assert (ingress["IpProtocol"], ingress["FromPort"], ingress["ToPort"]) == ("tcp", 443, 443)
    assert endpoint(network, service)["SecurityGroupIds"] == [ingress["GroupId"]]


def test_there_is_an_endpoint_for_each_service_and_interfaces_keep_its_name(network: Assembly) -> None:
    kinds = {
        found["ServiceName"].rpartition(".")[2]: found["VpcEndpointType"]
        for found in of_network(network, "AWS::EC2::VPCEndpoint")
    }
    assert kinds == {"kms": "Interface", "sts": "Interface", "dynamodb": "Gateway", "s3": "Gateway"}
    for service in ("kms", "sts"):
        assert endpoint(network, service)["PrivateDnsEnabled"] is True
    for service in ("dynamodb", "s3"):
        assert len(endpoint(network, service)["RouteTableIds"]) == 2


@pytest.mark.parametrize("action", KEY_ACTIONS)
def test_only_our_keys_are_reached_and_only_by_this_account(network: Assembly, action: str) -> None:
    ours = network.key("envelope")["Arn"]
    theirs = f"arn:aws:kms:{REGION}:{OTHERS}:key/22222222-2222-3333-4444-555555555555"
    assert passes(network, "kms", action, ours)
    assert passes(network, "kms", action, OLD_KEY)
    assert passes(network, "kms", action, BRANCH_KEYS_KEY, owner=OTHERS)
    assert not passes(network, "kms", action, BRANCH_KEYS_KEY, caller=OTHERS, owner=OTHERS)
    assert not passes(network, "kms", action, ours, caller=OTHERS)
    assert not passes(network, "kms", action, theirs, caller=OTHERS, owner=OTHERS)
    assert not passes(network, "kms", action, theirs, owner=OTHERS)
    assert not passes(network, "kms", action, network.key("storage")["Arn"])
    assert not passes(network, "kms", action, network.key("audit")["Arn"])


@pytest.mark.parametrize("duty", ["writer", "reader", "tenant-admin"])
def test_only_our_sessions_are_begun_through_the_network(network: Assembly, duty: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{network.prefix}-{duty}-session"
    for action in ("sts:AssumeRole", "sts:TagSession"):
        assert passes(network, "sts", action, role)
        assert not passes(network, "sts", action, role, caller=OTHERS)
        assert not passes(network, "sts", action, f"arn:aws:iam::{ACCOUNT}:role/administrator")
        assert not passes(
            network, "sts", action, f"arn:aws:iam::{OTHERS}:role/{network.prefix}-{duty}-session"
        )
    assert not passes(network, "sts", "sts:GetSessionToken", "*")


@pytest.mark.parametrize("action", ["kms:Encrypt", "kms:CreateGrant", "kms:PutKeyPolicy", "kms:ListKeys"])
def test_the_endpoint_of_kms_takes_what_functions_do(network: Assembly, action: str) -> None:
    assert not passes(network, "kms", action, network.key("envelope")["Arn"])


@pytest.mark.parametrize("action", TABLE_ACTIONS)
def test_only_the_records_table_is_reached_and_only_by_this_account(network: Assembly, action: str) -> None:
    only_ours_passes(network, "records", action)


@pytest.mark.parametrize("action", [*TABLE_ACTIONS, "ConditionCheckItem", "Scan"])
def test_only_our_key_store_is_reached_and_only_by_this_account(network: Assembly, action: str) -> None:
    only_ours_passes(network, "key-store", action)


def only_ours_passes(network: Assembly, name: str, action: str) -> None:
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{network.prefix}-{name}"
    theirs = table.replace(ACCOUNT, OTHERS)
    assert passes(network, "dynamodb", f"dynamodb:{action}", table)
    assert not passes(network, "dynamodb", f"dynamodb:{action}", table, caller=OTHERS)
    assert not passes(network, "dynamodb", f"dynamodb:{action}", theirs, caller=OTHERS, owner=OTHERS)
    assert not passes(network, "dynamodb", f"dynamodb:{action}", f"{table}-2")


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("records", "Scan"),
        *(
            (name, action)
            for name in ("records", "key-store")
            for action in ("BatchWriteItem", "DeleteTable", "ExportTableToPointInTime", "UpdateItem")
        ),
    ],
)
def test_the_endpoint_of_dynamodb_takes_what_functions_do(network: Assembly, name: str, action: str) -> None:
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{network.prefix}-{name}"
    assert not passes(network, "dynamodb", f"dynamodb:{action}", table)


def test_only_this_accounts_buckets_are_reached_and_only_by_this_account(network: Assembly) -> None:
    assert passes(network, "s3", "s3:PutObject", "arn:aws:s3:::bucket/key")
    assert not passes(network, "s3", "s3:PutObject", "arn:aws:s3:::bucket/key", owner=OTHERS)
    assert not passes(network, "s3", "s3:PutObject", "arn:aws:s3:::bucket/key", caller=OTHERS, owner=OTHERS)
    assert not passes(network, "s3", "s3:PutBucketPolicy", "arn:aws:s3:::bucket")


def test_all_traffic_is_logged_under_the_storage_key(network: Assembly) -> None:
    (flow_log,) = of_network(network, "AWS::EC2::FlowLog")
    assert (flow_log["ResourceType"], flow_log["TrafficType"]) == ("VPC", "ALL")
    assert flow_log["LogGroupName"] == f"/aws/vpc/{network.prefix}-flow-logs"
    (group,) = of_network(network, "AWS::Logs::LogGroup")
    assert group["LogGroupName"] == flow_log["LogGroupName"]
    assert group["KmsKeyId"] == network.key("storage")["Arn"]
    assert group["RetentionInDays"] == 365


def test_the_flow_logs_role_writes_there_and_nowhere_else(network: Assembly) -> None:
    (flow_log,) = of_network(network, "AWS::EC2::FlowLog")
    assert flow_log["DeliverLogsPermissionArn"] == f"arn:aws:iam::{ACCOUNT}:role/{network.prefix}-flow-logs"
    (statement,) = network.identity_statements("flow-logs")
    assert statement["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert statement["Resource"].endswith(f":log-group:/aws/vpc/{network.prefix}-flow-logs:*")


@pytest.mark.parametrize(("account", "trusted"), [(ACCOUNT, True), (OTHERS, False)])
def test_only_this_accounts_flow_logs_assume_their_role(
    network: Assembly, account: str, *, trusted: bool
) -> None:
    (role,) = of_network(network, "AWS::IAM::Role")
    asked = Request(
        principal="vpc-flow-logs.amazonaws.com",
        action="sts:AssumeRole",
        resource="*",
        context={
            "aws:SourceAccount": account,
            "aws:SourceArn": f"arn:aws:ec2:{REGION}:{account}:vpc-flow-log/fl-0123456789abcdef0",
        },
    )
    statements = [
        {**statement, "Resource": "*"} for statement in role["AssumeRolePolicyDocument"]["Statement"]
    ]
    assert identity_allows(asked, policies=statements) == trusted


def test_functions_run_in_its_subnets(network: Assembly) -> None:
    functions = [
        function
        for function in network.resources("AWS::Lambda::Function").values()
        # It reaches no record and no key.
        if function["Properties"]["FunctionName"] != f"{network.prefix}-planner"
    ]
    assert len(functions) == len(FUNCTIONS)
    for function in functions:
        configuration = function["Properties"]["VpcConfig"]
        assert len(configuration["SubnetIds"]) == 2
        (group,) = configuration["SecurityGroupIds"]
        assert group.startswith("<FunctionsSecurityGroup")
