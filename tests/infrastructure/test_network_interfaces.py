"""The functions' network interfaces: Lambda makes them in our subnets, the functions' code touches none."""

from collections.abc import Callable

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.policy_evaluation import Request, identity_allows

INTERFACE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/eni-0123456789abcdef0"


@pytest.fixture
def network(changed: Callable[..., Assembly]) -> Assembly:
    return changed("prod", vpc_cidr="10.20.0.0/24")


@pytest.mark.parametrize("role", ["writer", "reader", "tenant-admin"])
def test_lambda_makes_interfaces_in_our_subnets_only(network: Assembly, role: str) -> None:
    policies = network.identity_statements(role)
    (subnet, _) = sorted(
        name for name, found in network.resources("AWS::EC2::Subnet").items() if found["Properties"]
    )

    def may(action: str, resource: str, **context: str) -> bool:
        asked = Request(
            principal=f"arn:aws:iam::{ACCOUNT}:role/{network.prefix}-{role}",
            action=f"ec2:{action}",
            resource=resource,
            context=context,
        )
        return identity_allows(asked, policies=policies)

    here = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
    assert may("CreateNetworkInterface", INTERFACE)
    assert may("CreateNetworkInterface", f"{here}:subnet/<{subnet}>")
    assert not may("CreateNetworkInterface", f"{here}:subnet/subnet-0123456789abcdef0")
    assert not may("CreateNetworkInterface", f"{here}:security-group/sg-0123456789abcdef0")
    assert may("DeleteNetworkInterface", INTERFACE)
    assert may("DescribeNetworkInterfaces", "*")
    assert not may("AuthorizeSecurityGroupIngress", f"{here}:security-group/sg-0123456789abcdef0")


@pytest.mark.parametrize("function", ["writer", "reader", "tenant-admin", "rotation"])
@pytest.mark.parametrize(
    "action",
    [
        "AssignPrivateIpAddresses",
        "CreateNetworkInterface",
        "DeleteNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "UnassignPrivateIpAddresses",
    ],
)
def test_a_functions_code_touches_no_interface(network: Assembly, function: str, action: str) -> None:
    role = "tenant-admin" if function == "rotation" else function
    name = f"{network.prefix}-{function}"
    policies = network.identity_statements(role)
    asked = Request(
        principal=f"arn:aws:iam::{ACCOUNT}:role/{network.prefix}-{role}",
        action=f"ec2:{action}",
        resource=INTERFACE,
    )
    by_code = Request(
        principal=asked.principal,
        action=asked.action,
        resource=asked.resource,
        context={
            "lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        },
    )
    assert identity_allows(asked, policies=policies)
    assert not identity_allows(by_code, policies=policies)
