"""Laws of drift: code that changed after its snapshot was taken is named."""

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mag.record.drift import survey_modules, tell_drift

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
    """What is known of the code stays as it is, and what was named before is looked at anew."""
    load("mag_drift_a")
    assert tell_drift({**commit, "changed": ["old.py"]}) == commit


@pytest.mark.parametrize("change", [touch, Path.unlink])
def test_changed_code_is_named(load: Load, commit: dict[str, Any], change: Callable[[Path], None]) -> None:
    """A module is named that was changed or removed, whether it was imported before the survey or after."""
    early = load("mag_drift_b")
    survey_modules(commit)
    late = load("mag_drift_c")
    for file in (early, late):
        change(file)

    assert tell_drift(commit)["changed"] == ["mag_drift_b.py", "mag_drift_c.py"]


def test_the_last_module_may_be_gone(load: Load, commit: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the module up to which the survey went is forgotten, all are looked at."""
    touch(load("mag_drift_d"))
    load("mag_drift_e")
    survey_modules(commit)
    monkeypatch.delitem(sys.modules, "mag_drift_e")

    assert tell_drift(commit)["changed"] == ["mag_drift_d.py"]


@pytest.mark.parametrize("known", [{}, {"top": "/"}, {"hash": None, "reason": "not in a git repository"}], ids=len)
def test_without_a_snapshot_there_is_no_drift(known: dict[str, Any]) -> None:
    """Where no code was kept, nothing can differ from it."""
    survey_modules(known)
    assert tell_drift(known) == known
