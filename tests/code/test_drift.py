"""Laws of drift: code that changed after its snapshot was taken is named."""

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mag.code.drift import survey_modules, tell_drift
from mag.record.paths import ExperimentPaths
from mag.record.records import read_record

Load = Callable[[str], Path]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return a function that writes a module, imports it, and returns its file."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def load_module(name: str) -> Path:
        file = tmp_path / f"{name}.py"
        file.write_text("")
        importlib.invalidate_caches()
        importlib.import_module(name)
        return file

    yield load_module
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def commit(tmp_path: Path) -> dict[str, Any]:
    """Return what is known of code that is kept from now on."""
    return {"hash": "5" * 40, "top": str(tmp_path), "taken": time.time() + 1}


def touch(file: Path) -> None:
    """Let a file have been changed after the snapshot."""
    os.utime(file, (time.time() + 60,) * 2)


def test_unchanged_code_is_not_named(load: Load, commit: dict[str, Any]) -> None:
    """What is known of the code stays as it is, and what was named before stays named."""
    load("mag_drift_a")
    assert tell_drift(commit) == commit
    assert tell_drift({**commit, "changed": ["old.py"]}) == {**commit, "changed": ["old.py"]}


@pytest.mark.parametrize("change", [touch, Path.unlink])
def test_changed_code_is_named(load: Load, commit: dict[str, Any], change: Callable[[Path], None]) -> None:
    """A module is named that was changed or removed, whether it was imported before the survey or after."""
    early = load("mag_drift_b")
    survey_modules()
    late = load("mag_drift_c")
    for file in (early, late):
        change(file)

    assert tell_drift(commit)["changed"] == ["mag_drift_b.py", "mag_drift_c.py"]


def test_the_last_module_may_be_gone(load: Load, commit: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the module up to which the survey went is forgotten, all are looked at."""
    touch(load("mag_drift_d"))
    load("mag_drift_e")
    survey_modules()
    monkeypatch.delitem(sys.modules, "mag_drift_e")

    assert tell_drift(commit)["changed"] == ["mag_drift_d.py"]


@pytest.mark.parametrize("known", [{}, {"top": "/"}, {"hash": None, "reason": "not in a git repository"}], ids=len)
def test_without_a_snapshot_there_is_no_drift(known: dict[str, Any]) -> None:
    """Where no code was kept, nothing can differ from it."""
    survey_modules()
    assert "changed" not in tell_drift(known)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell when a process started")
@pytest.mark.parametrize("edit", ["", "pathlib.Path('part.py').write_text('VALUE = 2\\n')\n"], ids=len)
def test_a_script_that_runs_older_code_than_its_snapshot_has(code: Path, edit: str) -> None:
    """What a script had imported before it was edited is named, although the snapshot was taken later."""
    (code / "part.py").write_text("VALUE = 1\n")
    (code / "script.py").write_text(
        f"import pathlib, mag, part\n{edit}with mag.Experiment(config={{'C': 1}}) as one:\n"
        "    one.register_result('value', part.VALUE)\n"
    )
    subprocess.run([sys.executable, "script.py"], cwd=code, check=True, capture_output=True)
    record = read_record(ExperimentPaths(str(code / "experiments" / "1")))

    assert record.results == {"value": 1}
    assert record.commit.get("changed") == (["part.py"] if edit else None)


def test_what_is_imported_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Callable[..., str]) -> None:
    """A module that git ignores or that is in no work tree is told with its digest, though an experiment imports it."""
    code, other = tmp_path / "code", tmp_path / "other"
    for folder in (code, other):
        folder.mkdir()
        monkeypatch.syspath_prepend(folder)
    git("init", "-q", folder=code)
    (code / ".gitignore").write_text("mag_late_a.py\n")
    for file in (code / "mag_late_a.py", code / "mag_late_b.py", other / "mag_late_c.py"):
        file.write_text("x = 1\n")
    survey_modules()
    monkeypatch.setattr("mag.code.drift._MOST", 10_000)  # other tests have imported modules since the first survey
    for name in "abc":
        importlib.import_module(f"mag_late_{name}")
    told = tell_drift({"hash": "1" * 40, "top": str(code), "taken": time.time(), "elsewhere": []})
    paths = {one["path"] for one in told["elsewhere"]}

    assert {str(code / "mag_late_a.py"), str(other / "mag_late_c.py")} <= paths
    assert str(code / "mag_late_b.py") not in paths
