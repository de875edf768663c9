"""What was synthesized is kept for the sources, the settings and the place that it was synthesized for."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from local import assemblies, build_cache
from local.build_cache import ROOT
from local.cdk_command import Deployment

PACKAGE = "asset.0123abcd"


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setattr(build_cache, "_PACKAGES", tmp_path / "packages")
    monkeypatch.setattr(assemblies, "_KEPT", tmp_path / "assemblies")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    project = tmp_path / "project"
    (project / "stacks").mkdir(parents=True)
    (project / "lambda_src" / "service").mkdir(parents=True)
    for name in ("app.py", "cdk.json", "stacks/keys.py", "lambda_src/service/reader.py"):
        (project / name).write_text(name)
    return Deployment(
        project=project, directory=tmp_path / "state", environment="dev", region="r", endpoint=""
    )


def synthesize(deployment: Deployment, template: str) -> None:
    """Write what the CDK would have written, with the package that it would have built."""
    assembly = deployment.assembly
    (assembly / PACKAGE).mkdir(parents=True)
    (assembly / ".cache").mkdir()
    (assembly / ".cache" / "0123abcd.zip").write_bytes(b"zipped")
    source = {"path": PACKAGE, "packaging": "zip"}
    (assembly / "Service.assets.json").write_text(json.dumps({"files": {"1": {"source": source}}}))
    (assembly / "Service.template.json").write_text(template)
    (assembly / "synth.lock").write_text("")


def kept(deployment: Deployment, template: str = "{}", **settings: object) -> None:
    synthesize(deployment, template)
    build_cache.keep_packages(deployment.assembly)
    assemblies.keep(deployment.assembly, kept=assemblies.place(deployment, settings))


def restored(deployment: Deployment, folder: Path, **settings: object) -> bool:
    return assemblies.restore(folder, kept=assemblies.place(deployment, settings))


def test_the_same_sources_and_settings_have_their_assembly_back(deployment: Deployment) -> None:
    kept(deployment, "the template", key_strategy="tenant")
    folder = deployment.directory / "again"
    assert restored(deployment, folder, key_strategy="tenant")
    assert (folder / "Service.template.json").read_text() == "the template"
    assert (folder / ".cache" / "0123abcd.zip").read_bytes() == b"zipped"
    assert not (folder / "synth.lock").exists()


@pytest.mark.parametrize(
    "changed", ["app.py", "cdk.json", "cdk.context.json", "stacks/keys.py", "lambda_src/service/reader.py"]
)
def test_other_sources_have_none_and_their_own_replaces_it(deployment: Deployment, changed: str) -> None:
    kept(deployment, "old")
    old = assemblies.place(deployment, {})
    (deployment.project / changed).write_text("changed")
    assert not restored(deployment, deployment.directory / "again")
    assemblies.keep(deployment.assembly, kept=assemblies.place(deployment, {}))
    assert restored(deployment, deployment.directory / "again")
    assert not old.exists()


def test_a_new_file_and_the_persons_own_context_are_other_sources(deployment: Deployment) -> None:
    kept(deployment)
    (deployment.project / "stacks" / "more.py").write_text("")
    assert not restored(deployment, deployment.directory / "again")
    (deployment.project / "stacks" / "more.py").unlink()
    assert restored(deployment, deployment.directory / "again")
    (Path.home() / ".cdk.json").write_text("{}")
    assert not restored(deployment, deployment.directory / "third")


def test_other_settings_another_environment_and_another_region_have_none(deployment: Deployment) -> None:
    kept(deployment, waf=True)
    folder = deployment.directory / "again"
    assert not restored(deployment, folder)
    assert not restored(deployment, folder, waf=False)
    assert not restored(replace(deployment, environment="prod"), folder, waf=True)
    assert not restored(replace(deployment, region="other"), folder, waf=True)
    assert assemblies.place(deployment, None) != assemblies.place(deployment, {})
    assert restored(deployment, folder, waf=True)


def test_without_its_package_an_assembly_is_not_restored(deployment: Deployment) -> None:
    kept(deployment)
    (build_cache._PACKAGES / PACKAGE / "0123abcd.zip").unlink()
    assert not restored(deployment, deployment.directory / "again")
    assert not (deployment.directory / "again").exists()


def test_the_app_imports_nothing_of_ours_but_what_is_hashed() -> None:
    ours = {path.name for path in ROOT.iterdir() if path.is_dir()}
    imported = set()
    for path in [ROOT / "app.py", *(ROOT / "stacks").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
    assert imported & ours == {"stacks"}
    assert "stacks" in assemblies.SOURCES
