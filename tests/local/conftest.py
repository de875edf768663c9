"""One embedded AWS for all of these tests: deployed once, from the real stacks, in a folder of its own."""

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from envelope import BranchKeyStore
from local import deployed_api
from local.build_cache import ROOT
from local.clients import Clients
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from local.front import Front
from local.functions import Functions
from tests.local.actors import Actors, document
from tests.local.branch_keys_api import BranchKeysApi
from tests.local.names import LOGICAL_KEY_STORE
from tests.local.object_commands import Commands
from tests.local.records_api import RecordsApi


@pytest.fixture(scope="package")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """The embedded AWS, with the dev stacks deployed, and the rotation that they leave out."""
    folder, settings = tmp_path_factory.mktemp("embedded"), {"branch_key_rotation_days": 365}
    # Without enforcement only to see what it costs (local/README.md).
    enforce = os.environ.get("SEALED_ENFORCE") != "off"
    with EmbeddedAws(directory=folder, settings=settings, enforce=enforce) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws").clear_faults()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Signed:
    """A request that can still be changed after it was signed."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Sign = Callable[..., Signed]
Send = Callable[[str, Signed], Answer]


def sign_request(
    url: str,
    method: str,
    path: str,
    *,
    key: Credentials,
    region: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    at: datetime | None = None,
    service: str = "execute-api",
) -> Signed:
    """Sign a request for `url` + `path` as botocore does."""
    request = AWSRequest(method=method, url=url + path, data=body, headers=headers or {})
    SigV4Auth(key, service, region).add_auth(request)
    if at is not None:
        # botocore takes the time from the clock: sign again with the other time.
        signer = SigV4Auth(key, service, region)
        request = AWSRequest(method=method, url=url + path, data=body, headers=headers or {})
        request.context["timestamp"] = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        signer._modify_request_before_signing(request)
        canonical = signer.canonical_request(request)
        signer._inject_signature_to_request(
            request, signer.signature(signer.string_to_sign(request, canonical), request)
        )
    return Signed(method, path, body, {"Host": urlsplit(url).netloc, **dict(request.headers.items())})


def send_request(url: str, request: Signed) -> Answer:
    """Send a request exactly as it is."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.putrequest(
            request.method, parts.path + request.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if request.body or request.method in ("PUT", "POST"):
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        response = connection.getresponse()
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )
    finally:
        connection.close()


@pytest.fixture(scope="package")
def sign() -> Sign:
    """Sign a request."""
    return sign_request


@pytest.fixture(scope="package")
def send() -> Send:
    """Send a signed request."""
    return send_request


@pytest.fixture(scope="package")
def acme(aws: EmbeddedAws) -> Credentials:
    """The key of the ready-made caller of tenant acme."""
    key = aws.credentials("acme")
    return Credentials(key.access_key, key.secret_key)


def _processes_below(pid: int) -> list[int]:
    """Return a process and all that it has started, as Linux lists them."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A task can end while it is read.
        with suppress(FileNotFoundError):
            children.extend(int(child) for child in (task / "children").read_text().split())
    return [pid, *(below for child in children for below in _processes_below(child))]


@pytest.fixture(scope="package")
def processes_below() -> Callable[[int], list[int]]:
    """List a process and all that it has started."""
    return _processes_below


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter: it ended while the file was open
        return False


@pytest.fixture(scope="package")
def is_alive() -> Callable[[int], bool]:
    """Tell whether a process runs."""
    return _is_alive


PROBE = """
import json, os, sys, time
import boto3
sts = boto3.client("sts")

def handler(event, context):
    what = (event["pathParameters"] or {}).get("what")
    if what == "sleep":
        time.sleep(30)
    if what == "wait":
        time.sleep(1.6)
    if what == "raise":
        raise ValueError("asked for")
    if what == "exit":
        os._exit(7)
    if what == "malformed":
        return "not a response"
    if what == "print":
        print("a line of output", flush=True)
    if what == "large":
        return {"statusCode": 200, "body": "x" * (7 * 1024 * 1024)}
    several = {"X-Two": ["a", "b"]}
    body = {
        "event": event,
        "pid": os.getpid(),
        "identity": sts.get_caller_identity()["Arn"] if what == "identity" else None,
        "path": sys.path,
        "remaining": context.get_remaining_time_in_millis(),
        "name": context.function_name,
        "colour": os.environ.get("COLOUR"),
    }
    text = json.dumps(body)
    return {"statusCode": 200, "headers": {"X-One": "1"}, "multiValueHeaders": several, "body": text}
"""


@dataclass(frozen=True)
class Probe:
    """A second API beside the real one, with a function that does what its path says."""

    front: Front
    functions: Functions


@pytest.fixture(scope="package", params=["awslambdaric", "loop"])
def probe(
    request: pytest.FixtureRequest, aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Probe]:
    """The probe under AWS's runtime client, and under the small loop."""
    source = tmp_path_factory.mktemp("probe")
    (source / "probe.py").write_text(PROBE)
    copyfile(ROOT / "lambda_src" / "requirements.txt", source / "requirements.txt")
    clients = Clients(aws.aws_endpoint, aws.region)
    name = f"probe-{request.param}"
    function = _create_function(clients, name, source=source)
    api_id = _create_api(clients, name, function=function)
    functions = Functions(
        clients,
        directory=source / "state",
        source=source,
        runtime=request.param,
        enforcement=aws.enforcement,
    )
    api = deployed_api.read(clients, api_id=api_id, stage_name="v1", account=ACCOUNT)
    front = Front(api, functions, region=aws.region, enforcement=aws.enforcement)
    front.start()
    yield Probe(front, functions)
    front.stop()
    functions.stop()


def _create_function(clients: Clients, name: str, *, source: Path) -> str:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(source / "probe.py", "probe.py")
    lambda_may = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = clients.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=document({**lambda_may, "Action": "sts:AssumeRole"})
    )["Role"]["Arn"]
    created = clients.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.14",
        Role=role,
        Handler="probe.handler",
        Code={"ZipFile": package.getvalue()},
        Timeout=2,
        Environment={"Variables": {"COLOUR": "blue"}},
    )
    clients.client("lambda").add_permission(
        FunctionName=name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return str(created["FunctionArn"])


def _create_api(clients: Clients, name: str, *, function: str) -> str:
    client = clients.client("apigateway")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}
    api_policy = document({**everybody, "Resource": "execute-api:/*"})
    api_id = str(client.create_rest_api(name=name, policy=api_policy)["id"])
    root = client.get_resources(restApiId=api_id)["items"][0]["id"]
    parent = client.create_resource(restApiId=api_id, parentId=root, pathPart="probe")["id"]
    resource = client.create_resource(restApiId=api_id, parentId=parent, pathPart="{what}")["id"]
    where = {"restApiId": api_id, "resourceId": resource, "httpMethod": "ANY"}
    client.put_method(**where, authorizationType="AWS_IAM")
    path = f"lambda:path/2015-03-31/functions/{function}/invocations"
    client.put_integration(
        **where,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{clients.region}:{path}",
    )
    client.create_deployment(restApiId=api_id, stageName="v1")
    return api_id


@pytest.fixture
def actors(aws: EmbeddedAws) -> Actors:
    return Actors(aws)


@pytest.fixture
def person(actors: Actors) -> Any:
    """Makes people with policies."""
    return lambda *statements, **more: actors.user(f"person-{uuid4()}", *statements, **more)


@pytest.fixture(scope="package")
def everywhere(aws: EmbeddedAws) -> Credentials:
    """The key of somebody whom IAM lets call every path of every API, as no tenant's caller may."""
    iam = aws.client("iam")
    iam.create_user(UserName="everywhere")
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    iam.put_user_policy(UserName="everywhere", PolicyName="all", PolicyDocument=document(statement))
    made = iam.create_access_key(UserName="everywhere")["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


@pytest.fixture
def api(aws: EmbeddedAws, acme: Credentials) -> RecordsApi:
    """The deployed API, called by tenant acme; its table is empty."""
    api = RecordsApi(aws, "acme", acme, sign_request, send_request)
    api.empty()
    return api


@pytest.fixture
def globex(aws: EmbeddedAws) -> RecordsApi:
    """The deployed API, called by another tenant."""
    key = aws.credentials("globex")
    return RecordsApi(aws, "globex", Credentials(key.access_key, key.secret_key), sign_request, send_request)


Deploy = Callable[[dict[str, Any]], dict[str, str]]
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}


@pytest.fixture
def deploy(aws: EmbeddedAws) -> Deploy:
    """Create a stack of these resources; return their physical ids."""

    def create(resources: dict[str, Any]) -> dict[str, str]:
        cloudformation, name = aws.client("cloudformation"), f"resources-{uuid4()}"
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        listed = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    return create


@pytest.fixture(scope="package")
def branch_keys(aws: EmbeddedAws) -> BranchKeysApi:
    """The operator of branch keys."""
    key = aws.credentials("admin")
    return BranchKeysApi(aws, Credentials(key.access_key, key.secret_key), sign_request, send_request)


@pytest.fixture(scope="module")
def strategy_tenant(aws: EmbeddedAws) -> Iterator[EmbeddedAws]:
    """The deployment with the key strategy `tenant`; afterwards it is `record` again."""
    aws.change_settings({"key_strategy": "tenant"})
    yield aws
    aws.change_settings({"key_strategy": "record"})


@pytest.fixture
def aged(aws: EmbeddedAws, branch_keys: Any) -> Iterator[Callable[[str, int], None]]:
    """Makes a branch key as tenant-admin would have made it so many days ago."""
    made: list[str] = []

    def create(tenant: str, days: int) -> None:
        made.append(tenant)
        then = datetime.now(UTC) - timedelta(days=days)
        BranchKeyStore(
            dynamodb=aws.client("dynamodb"),
            kms=aws.client("kms"),
            table=aws.outputs["KeyStoreTableName"],
            logical_name=LOGICAL_KEY_STORE,
            key_arn=aws.outputs["EnvelopeKeyArn"],
            context_of=lambda tenant: {"tenant": tenant},
            now=lambda: then,
        ).create(tenant)

    yield create
    for tenant in made:
        branch_keys.remove(tenant)


@pytest.fixture
def sealed_here(
    aws: EmbeddedAws,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
) -> Commands:
    """`sealed`, run in this process and in a folder of its own."""
    return Commands(aws, monkeypatch, capfdbinary, tmp_path)


@pytest.fixture
def tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sealed object` asks AWS twice in place of five times: each time more would double the wait."""
    monkeypatch.setattr("client.objectstore._ATTEMPTS", 2)
