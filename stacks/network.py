"""The network that the functions run in, where a deployment wants one of its own.

What must stay true:
- Nothing leads to the internet: no gateway, no NAT, no public address.
- What leaves the functions goes to KMS, DynamoDB and S3 alone, and to STS where they begin sessions; the
  endpoints let only this account's principals through, to our keys, our tables, this account's buckets and
  our sessions' roles. Code that has been taken over can send nothing to somebody else's account with
  credentials of that account.

Whatever a function reaches beside these needs an endpoint here first. A key of `decrypt_key_arns` in
another Region cannot be reached. Logs and traces are Lambda's own affair, outside of this network.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks import names
from stacks.acknowledgements import acknowledge
from stacks.keys import BRANCH_KEY_ADMINISTRATION, DUTIES, KeysStack
from stacks.settings import Settings
from stacks.settings_allowed import LOG_RETENTION
from stacks.storage import StorageStack
from stacks.tenant_sessions import BEGINNING

PACKS = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321")
ZONES = 2
HTTPS = 443
# What the functions do with records and branch keys, and what an object of theirs needs.
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey", *BRANCH_KEY_ADMINISTRATION)
TABLE_ACTIONS = ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
KEY_STORE_ACTIONS = (*TABLE_ACTIONS, "dynamodb:ConditionCheckItem", "dynamodb:Scan")
BUCKET_ACTIONS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)


class NetworkStack(cdk.Stack):
    """A VPC of private subnets in two zones, its endpoints, and the security group of the functions."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        keys: KeysStack,
        storage: StorageStack,
        **stack: Any,  # noqa: ANN401 - what cdk.Stack takes
    ) -> None:
        super().__init__(scope, name, **stack)
        if settings.vpc_cidr is None:
            raise ValueError("a network needs the setting vpc_cidr")
        self._settings = settings
        self.vpc = self._vpc(settings.vpc_cidr)
        self._flow_logs(keys)
        self.functions_security_group = self._functions_security_group()
        self._interface_endpoint(
            "Kms",
            service=ec2.InterfaceVpcEndpointAwsService.KMS,
            statement=_this_account_may("OurKeys", actions=KEY_ACTIONS, resources=keys.branch_key_arns()),
        )
        if settings.sessions_hold_rights:
            roles = [keys.session_role_arn(duty) for duty in DUTIES]
            self._interface_endpoint(
                "Sts",
                service=ec2.InterfaceVpcEndpointAwsService.STS,
                statement=_this_account_may("OurSessions", actions=BEGINNING, resources=roles),
            )
        self._gateway_endpoint(
            "DynamoDB",
            service=ec2.GatewayVpcEndpointAwsService.DYNAMODB,
            statements=[
                _this_account_may(
                    "RecordsTable", actions=TABLE_ACTIONS, resources=[storage.records.table_arn]
                ),
                _this_account_may(
                    "KeyStoreTable", actions=KEY_STORE_ACTIONS, resources=[storage.key_store.table_arn]
                ),
            ],
        )
        self._gateway_endpoint(
            "S3",
            service=ec2.GatewayVpcEndpointAwsService.S3,
            statements=[
                _this_account_may(
                    "BucketsOfThisAccount",
                    actions=BUCKET_ACTIONS,
                    resources=["*"],
                    conditions={"aws:ResourceAccount": cdk.Aws.ACCOUNT_ID},
                )
            ],
        )

    @property
    @jsii.member(jsii_name="availabilityZones")
    def availability_zones(self) -> list[str]:
        """The Region's first zones, asked for by CloudFormation: `cdk synth` looks nothing up."""
        zones = cdk.Fn.get_azs()
        return [cdk.Fn.select(index, zones) for index in range(ZONES)]

    def _vpc(self, network: str) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=f"{self._settings.prefix}-vpc",
            ip_addresses=ec2.IpAddresses.cidr(network),
            max_azs=ZONES,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Functions", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            ],
            # Emptying the default group takes a function of CDK's with rights over security groups.
            restrict_default_security_group=False,
        )
        acknowledge(
            vpc,
            reason="Nothing is in the default security group: functions and endpoint have groups of their "
            "own, and the VPC has no way to the internet. Emptying it needs a function that may change "
            "security groups.",
            nag=[f"{pack}-VPCDefaultSecurityGroupClosed" for pack in PACKS],
        )
        return vpc

    def _flow_logs(self, keys: KeysStack) -> None:
        settings = self._settings
        log_group = logs.LogGroup(
            self,
            "FlowLogs",
            log_group_name=names.flow_log_group(settings),
            encryption_key=keys.storage_key,
            retention=LOG_RETENTION[settings.log_retention_days],
            removal_policy=settings.removal_policy,
        )
        role = iam.Role(
            self,
            "FlowLogsWriter",
            role_name=f"{settings.prefix}-flow-logs",
            description="Writes the flow logs of the VPC; nothing else.",
            assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com").with_conditions(
                {
                    "StringEquals": {"aws:SourceAccount": self.account},
                    "ArnLike": {
                        "aws:SourceArn": self.format_arn(
                            service="ec2", resource="vpc-flow-log", resource_name="*"
                        )
                    },
                }
            ),
        )
        policy = iam.ManagedPolicy(
            self,
            "FlowLogsMayBeWritten",
            description="The streams of the flow logs' own log group.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="OwnLogs",
                    actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    resources=[log_group.log_group_arn],
                )
            ],
        )
        flow_log = ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self.vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=log_group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        flow_log.node.add_dependency(policy)

    def _functions_security_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "FunctionsSecurityGroup",
            vpc=self.vpc,
            description="The functions: they call AWS by HTTPS and are called by nobody",
            allow_all_outbound=False,
        )
        # DynamoDB and S3 keep their public addresses behind a gateway endpoint; what confines the traffic is
        # that the routes lead to the endpoints only.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "AWS APIs through the endpoints")
        return group

    def _interface_endpoint(
        self, name: str, *, service: ec2.InterfaceVpcEndpointAwsService, statement: iam.PolicyStatement
    ) -> None:
        group = ec2.SecurityGroup(
            self,
            f"{name}EndpointSecurityGroup",
            vpc=self.vpc,
            description=f"The endpoint of {name.upper()}: answers the functions only",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(self.functions_security_group, ec2.Port.tcp(HTTPS), "HTTPS from the functions")
        endpoint = self.vpc.add_interface_endpoint(
            name, service=service, private_dns_enabled=True, security_groups=[group], open=False
        )
        endpoint.add_to_policy(statement)

    def _gateway_endpoint(
        self,
        name: str,
        *,
        service: ec2.GatewayVpcEndpointAwsService,
        statements: Sequence[iam.PolicyStatement],
    ) -> None:
        endpoint = self.vpc.add_gateway_endpoint(name, service=service)
        for statement in statements:
            endpoint.add_to_policy(statement)


def _this_account_may(
    sid: str, *, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, str] | None = None
) -> iam.PolicyStatement:
    """Let this account's principals through an endpoint; what they may do there, IAM decides.

    A gateway endpoint takes no principal but `*`: the account is a condition.
    """
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=list(resources),
        conditions={"StringEquals": {"aws:PrincipalAccount": cdk.Aws.ACCOUNT_ID, **(conditions or {})}},
    )
