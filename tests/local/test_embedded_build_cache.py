"""Packages are built once for each state of their sources, and only the current ones are kept."""

import json
from pathlib import Path

import pytest

from local import build_cache

NAME = "asset.0123abcd"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_cache, "_PACKAGES", tmp_path / "packages")


def assembly(folder: Path, *, name: str = NAME) -> Path:
    (folder / name / "envelope").mkdir(parents=True)
    (folder / name / "envelope" / "a.py").write_text("a = 1\n")
    (folder / ".cache").mkdir(exist_ok=True)
    source = {"path": name, "packaging": "zip"}
    (folder / "Service.assets.json").write_text(json.dumps({"files": {"1": {"source": source}}}))
    (folder / ".cache" / f"{name.removeprefix('asset.')}.zip").write_bytes(b"zipped")
    return folder


def test_a_package_of_an_earlier_run_is_found_again(tmp_path: Path) -> None:
    build_cache.keep_packages(assembly(tmp_path / "first"))
    build_cache.restore_packages(tmp_path / "second")
    assert (tmp_path / "second" / NAME / "envelope" / "a.py").read_text() == "a = 1\n"
    assert (tmp_path / "second" / ".cache" / "0123abcd.zip").read_bytes() == b"zipped"


def test_packages_of_older_sources_are_not_kept(tmp_path: Path) -> None:
    build_cache.keep_packages(assembly(tmp_path / "first"))
    build_cache.restore_packages(tmp_path / "second")
    build_cache.keep_packages(assembly(tmp_path / "second", name="asset.ffff"))
    build_cache.restore_packages(tmp_path / "third")
    assert sorted(path.name for path in (tmp_path / "third").glob("asset.*")) == ["asset.ffff"]


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "made"

    def fail_half_way() -> None:
        with build_cache.made_whole(target) as unfinished:
            (unfinished / "half").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []
    with build_cache.made_whole(target) as unfinished:
        (unfinished / "all").write_text("all")
        assert not target.exists()
    assert (target / "all").read_text() == "all"


def test_who_is_slower_takes_what_is_there(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with build_cache.made_whole(target) as slower:
        with build_cache.made_whole(target) as faster:
            (faster / "by").write_text("faster")
        (slower / "by").write_text("slower")
    assert (target / "by").read_text() == "faster"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
