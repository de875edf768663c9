"""`cdk synth` itself: the command that people run, without credentials."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks.stack_names import stack_name
from tests.infrastructure.assembly import ROOT, Assembly, masked


@pytest.fixture(scope="module")
def command() -> list[str]:
    """The CDK's command line, under the node that jsii uses."""
    node = os.environ.get("JSII_NODE", "node")
    return [node, str(ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk")]


@pytest.fixture
def without_aws(tmp_path: Path) -> dict[str, str]:
    """This environment with nothing that names an account, a Region or credentials."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    nowhere = str(tmp_path / "nowhere")
    return {
        **kept,
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_it_gives_the_templates_that_these_tests_judge(
    command: list[str],
    without_aws: dict[str, str],
    synthesized: Callable[[str], Assembly],
    tmp_path: Path,
    environment: str,
) -> None:
    expected = synthesized(environment)
    (asset,) = {
        function["Properties"]["Code"]["S3Key"].removesuffix(".zip")
        for function in expected.resources("AWS::Lambda::Function").values()
    }
    output = tmp_path / "cdk.out"
    (output / f"asset.{asset}").mkdir(parents=True)  # built already, as far as the CDK can tell
    subprocess.run(
        [*command, "synth", "--quiet", "--no-notices", "-c", f"env={environment}", "--output", str(output)],
        cwd=ROOT,
        env=without_aws,
        check=True,
        capture_output=True,
        timeout=120,
    )
    for stack, template in expected.templates.items():
        made = output / f"{stack_name(environment, stack)}.template.json"
        assert masked(json.loads(made.read_text())) == masked(template)
