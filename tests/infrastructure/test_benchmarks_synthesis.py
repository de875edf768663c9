"""What synthesis is compared with in the benchmarks: an app with one empty stack, which synthesizes."""

import json
from pathlib import Path

import pytest

from benchmarks.costs.processes import ProcessError
from benchmarks.costs.synthesis import _cdk, synthesize_empty


def test_the_empty_app_synthesizes_one_stack_without_resources(tmp_path: Path) -> None:
    synthesize_empty(tmp_path)
    templates = list((tmp_path / "cdk.out").glob("*.template.json"))
    assert [template.name for template in templates] == ["Empty.template.json"]
    assert json.loads(templates[0].read_text()).get("Resources", {}) == {}


def test_an_app_that_does_not_synthesize_is_told(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "false"}))
    with pytest.raises(ProcessError, match="cdk synth: "):
        _cdk(folder=tmp_path)
