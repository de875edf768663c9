"""What the embedded AWS holds of a network, as EC2's ordinary calls describe it."""

from collections.abc import Callable, Mapping
from typing import Any

from local.clients import Clients

Properties = Mapping[str, Any]
Describe = Callable[[Clients, str, Properties], Any]


def _of_ec2(call: str, member: str, parameter: str) -> Describe:
    def described(clients: Clients, physical_id: str, _given: Properties) -> Any:  # noqa: ANN401
        return getattr(clients.client("ec2"), call)(**{parameter: [physical_id]})[member]

    return described


def _vpc(clients: Clients, vpc: str, _given: Properties) -> Any:  # noqa: ANN401
    ec2 = clients.client("ec2")
    found = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    switches = {
        name: ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[f"{name[0].upper()}{name[1:]}"]["Value"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    }
    return [found, switches]


def _security_group(clients: Clients, group: str, _given: Properties) -> Any:  # noqa: ANN401
    [found] = clients.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [found, {"GroupDescription": found["Description"], "SecurityGroupEgress": _rules(found)}]


def _rules(group: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {**permission, "CidrIp": each.get("CidrIp"), "Description": each.get("Description")}
        for permission in group["IpPermissionsEgress"]
        for each in permission["IpRanges"]
    ]


def _ingress(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    [group] = clients.client("ec2").describe_security_groups(GroupIds=[given["GroupId"]])["SecurityGroups"]
    return [
        {
            **permission,
            "GroupId": group["GroupId"],
            "SourceSecurityGroupId": pair["GroupId"],
            "Description": pair.get("Description"),
        }
        for permission in group["IpPermissions"]
        for pair in permission["UserIdGroupPairs"]
    ]


def _endpoint(clients: Clients, endpoint: str, _given: Properties) -> Any:  # noqa: ANN401
    [found] = clients.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    return [found, {"SecurityGroupIds": [group["GroupId"] for group in found.get("Groups", [])]}]


def _route_table_association(clients: Clients, _id: str, given: Properties) -> Any:  # noqa: ANN401
    tables = clients.client("ec2").describe_route_tables(RouteTableIds=[given["RouteTableId"]])
    return tables["RouteTables"][0]["Associations"]


DESCRIBE: Mapping[str, Describe] = {
    "AWS::EC2::FlowLog": _of_ec2("describe_flow_logs", "FlowLogs", "FlowLogIds"),
    "AWS::EC2::RouteTable": _of_ec2("describe_route_tables", "RouteTables", "RouteTableIds"),
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::EC2::Subnet": _of_ec2("describe_subnets", "Subnets", "SubnetIds"),
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::SecurityGroupIngress": _ingress,
    "AWS::EC2::SubnetRouteTableAssociation": _route_table_association,
    "AWS::EC2::VPCEndpoint": _endpoint,
}
