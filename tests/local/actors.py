"""Who tries: roles of the deployment in sessions, people with policies that tests give them, roots."""

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local import principals
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from tests.local.names import PREFIX

ELSEWHERE = "999999999999"
_ONCE = Config(retries={"total_max_attempts": 1})


def document(*statements: dict[str, Any]) -> str:
    """Write a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    """Write a statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@dataclass(frozen=True)
class Actor:
    """Somebody with an access key."""

    aws: EmbeddedAws
    key: Credentials = field(repr=False)

    def client(self, service: str) -> Any:
        """A client that calls as this actor."""
        session = boto3.session.Session(self.key.access_key, self.key.secret_key, self.key.token)
        return session.client(
            service, endpoint_url=self.aws.aws_endpoint, region_name=self.aws.region, config=_ONCE
        )


@dataclass(frozen=True)
class Actors:
    """Makes actors."""

    aws: EmbeddedAws

    def role(self, name: str, **session: Any) -> Actor:
        """A session of a role of the deployment, such as `writer`."""
        return self.session(f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{name}", **session)

    def session(self, role_arn: str, **session: Any) -> Actor:
        """A session of any role."""
        made = self.aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="somebody", **session)
        key = made["Credentials"]
        return Actor(self.aws, Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"]))

    def user(self, name: str, *statements: dict[str, Any], tags: dict[str, str] | None = None) -> Actor:
        """A person with these statements in their policy."""
        iam = self.aws.client("iam")
        given = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        iam.create_user(UserName=name, Tags=given)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=document(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return Actor(self.aws, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))

    def root(self, account: str = ACCOUNT) -> Actor:
        """The root of this account or of another."""
        made = principals.root_of(account)
        return Actor(self.aws, Credentials(made.access_key_id, made.secret_access_key))


def refused(call: Any, *arguments: Any, **parameters: Any) -> dict[str, Any]:
    """What a refusal says."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    error: dict[str, Any] = caught.value.response["Error"]
    return error
