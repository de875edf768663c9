"""EC2: of a network, names in DNS, public addresses, outgoing rules and endpoint policies can be read back.

Nothing here carries traffic: functions of a VPC reach the emulator as all others do.
"""

import json
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC, VPCEndPoint

from local.additions.cloudformation import Created, Properties, Where, extend, supply, truth


def install() -> None:
    """Add the resource type and the properties."""
    supply("AWS::EC2::SecurityGroupEgress", _egress, attributes=("Id",))
    extend(VPC, _vpc)
    extend(Subnet, _subnet)
    extend(RouteTable, _route_table)
    extend(SecurityGroup, _security_group)
    extend(VPCEndPoint, _endpoint)


def _backend(where: Where) -> Any:  # noqa: ANN401 - moto's backend is put together from fifty classes
    return ec2_backends[where.account][where.region]


def _vpc(vpc: VPC, properties: Properties, _where: Where) -> None:
    vpc.enable_dns_support = truth(properties.get("EnableDnsSupport", True))
    vpc.enable_dns_hostnames = truth(properties.get("EnableDnsHostnames", False))


def _subnet(subnet: Subnet, properties: Properties, _where: Where) -> None:
    subnet.map_public_ip_on_launch = truth(properties.get("MapPublicIpOnLaunch", False))


def _route_table(table: RouteTable, properties: Properties, _where: Where) -> None:
    for tag in properties.get("Tags", []):
        table.add_tag(tag["Key"], tag["Value"])


def _endpoint(endpoint: VPCEndPoint, properties: Properties, _where: Where) -> None:
    if not isinstance(endpoint.policy_document, (str, type(None))):
        endpoint.policy_document = json.dumps(endpoint.policy_document)
    endpoint.private_dns_enabled = truth(properties.get("PrivateDnsEnabled", False))


def _security_group(group: SecurityGroup, properties: Properties, where: Where) -> None:
    rules = properties.get("SecurityGroupEgress", [])
    if rules:
        # Rules of one's own take the place of the one that lets everything out.
        group.egress_rules.clear()
    for rule in rules:
        _let_out(group.id, rule, where)


def _egress(properties: Properties, where: Where) -> Created:
    _let_out(properties["GroupId"], properties, where)
    return Created(where.logical_id, {"Id": where.logical_id})


def _let_out(group: str, rule: Properties, where: Where) -> None:
    ranges = [
        {name: rule[name], "Description": rule.get("Description", "")}
        for name in ("CidrIp", "CidrIpv6")
        if name in rule
    ]
    groups = [{"GroupId": rule["DestinationSecurityGroupId"]}] if "DestinationSecurityGroupId" in rule else []
    prefixes = (
        [{"PrefixListId": rule["DestinationPrefixListId"]}] if "DestinationPrefixListId" in rule else []
    )
    _backend(where).authorize_security_group_egress(
        group,
        rule["IpProtocol"],
        rule.get("FromPort"),
        rule.get("ToPort"),
        ranges,
        source_groups=groups,
        prefix_list_ids=prefixes,
    )
