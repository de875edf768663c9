"""Deploy the application into the emulator with the CDK's own command line, and change what is deployed.

Bootstrap and synthesis need nothing of each other and run at the same time; then one ``cdk deploy`` of the
synthesized assembly, and another one for each change of settings. What was synthesized before from the same
sources and settings is taken from ``.build/``.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

from local import assemblies, build_cache
from local.cdk_command import Deployment, DeploymentError, finish, log_of, started, variables
from local.emulator import ACCOUNT
from local.synthesis import SynthesisError, Synthesizer


def deploy(
    deployment: Deployment,
    *,
    changes: Mapping[str, object] | None = None,
    synthesizer: Callable[[], Synthesizer] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Bootstrap, synthesize and deploy every stack, telling ``progress`` what is being done.

    Parameters
    ----------
    deployment
        Where and what.
    changes, synthesizer
        Settings that are to be other than in cdk.json, and who synthesizes with them.
    progress
        Is told.

    Raises
    ------
    DeploymentError
        With the end of the command line's output, if any of the steps fails.
    """
    deployment.directory.mkdir(parents=True, exist_ok=True)
    wanted = dict(changes or {})
    bootstrap = ("bootstrap", f"aws://{ACCOUNT}/{deployment.region}")
    _empty(deployment)
    kept = assemblies.place(deployment, None if synthesizer is None else wanted)
    restored = assemblies.restore(deployment.assembly, kept=kept)
    if not restored:
        build_cache.restore_packages(deployment.assembly)
        progress("synthesizing the stacks (the first time also builds the functions' package)")
    # In a folder without an app: bootstrapping needs none, and would synthesize it once more.
    with started(deployment, "bootstrap", bootstrap, cwd=deployment.directory) as bootstrapping:
        beside = {"bootstrap": bootstrapping}
        if not restored and synthesizer is None:
            _synthesize(deployment, beside=beside)
        elif not restored and synthesizer is not None:
            _synthesize_with(synthesizer(), deployment, changes=wanted)
        finish(deployment, beside)
    progress("deploying them with the CDK's command line")
    _deploy_assembly(deployment)
    build_cache.keep_packages(deployment.assembly)
    assemblies.keep(deployment.assembly, kept=kept)


def start_synthesizer(deployment: Deployment) -> Synthesizer:
    """Start the process that synthesizes with other settings."""
    deployment.directory.mkdir(parents=True, exist_ok=True)
    return Synthesizer(
        project=deployment.project,
        variables=variables(deployment),
        log_file=log_of(deployment, "synthesizer"),
    )


def deploy_changes(
    deployment: Deployment, *, changes: Mapping[str, object], synthesizer: Callable[[], Synthesizer]
) -> None:
    """Update every stack that settings change.

    Parameters
    ----------
    deployment
        As it was deployed.
    changes
        The settings that are to be other than in cdk.json, all of them.
    synthesizer
        Starts that of this deployment, unless it runs.

    Raises
    ------
    DeploymentError
        If a setting is wrong (then nothing has changed), or an update fails.
    """
    _empty(deployment)
    kept = assemblies.place(deployment, changes)
    if not assemblies.restore(deployment.assembly, kept=kept):
        build_cache.restore_packages(deployment.assembly)
        _synthesize_with(synthesizer(), deployment, changes=changes)
    _deploy_assembly(deployment)
    assemblies.keep(deployment.assembly, kept=kept)


def _empty(deployment: Deployment) -> None:
    shutil.rmtree(deployment.assembly, ignore_errors=True)


def _synthesize(deployment: Deployment, *, beside: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Synthesize with the command line, and wait for what runs beside it."""
    app = f"{sys.executable} app.py"
    synthesis = ("synth", "--quiet", "--app", app, "--output", str(deployment.assembly))
    context = ("--context", f"env={deployment.environment}")
    with started(deployment, "synth", (*synthesis, *context), cwd=deployment.project) as synthesizing:
        finish(deployment, {"synth": synthesizing, **beside})


def _synthesize_with(
    synthesizer: Synthesizer, deployment: Deployment, *, changes: Mapping[str, object]
) -> None:
    try:
        synthesizer.synthesize(
            environment=deployment.environment, changes=changes, assembly=deployment.assembly
        )
    except SynthesisError as error:
        raise DeploymentError(f"The settings cannot be changed. {error}") from error


def _deploy_assembly(deployment: Deployment) -> None:
    everything = ("deploy", "--all", "--app", str(deployment.assembly))
    # A change set's outputs do not come back from moto; a direct deployment's do.
    how = ("--method", "direct", "--require-approval", "never", "--progress", "events", "--concurrency", "1")
    with started(deployment, "deploy", (*everything, *how), cwd=deployment.directory) as deploying:
        finish(deployment, {"deploy": deploying})


def stack_names(deployment: Deployment) -> list[str]:
    """Return the names of the deployed stacks."""
    manifest = json.loads((deployment.assembly / "manifest.json").read_text())
    artifacts = manifest["artifacts"].items()
    return [name for name, artifact in artifacts if artifact["type"] == "aws:cloudformation:stack"]
