"""Laws of `mag.sweep`: what a function brings along."""

import subprocess
import sys
from pathlib import Path

import pytest

import mag
from mag.record.store import Store

SCRIPT = """
import sys, mag
sys.path.insert(0, {folder!r})
import train
print(mag.sweep(train.train, {overrides!r}, **{options!r}).counts["completed"])
"""


def sweep(folder: Path, overrides: list[str], **options: str) -> str:
    """Sweep the project's decorated function in a script, in the current directory, and return what that printed."""
    code = SCRIPT.format(folder=str(folder), overrides=overrides, options=options)
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_a_decorated_function_brings_its_configs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configs and settings of a decorated function are its own, wherever it is swept."""
    (project / "mag.toml").write_text('app = "train.py"\n')
    (project / "other").mkdir()
    monkeypatch.chdir(project / "other")

    assert sweep(project, ["C=1,2"]) == "2"
    records = {one.name: one.record for one in Store(project / "experiments")}
    assert {name: record.app for name, record in records.items() if record} == dict.fromkeys(
        ["1|0.5", "2|0.5"], f"{project}/train.py:train"
    )


def test_other_configs_can_be_given(project: Path) -> None:
    """What is said of configs to the sweep takes the place of what the decorator says."""
    (project / "configs" / "other.yaml").write_text("C: 1\ngamma: 2.0\n")
    (project / "more").mkdir()
    (project / "more" / "config.yaml").write_text("C: 1\ngamma: 3.0\n")
    sweep(project, ["C=7"], config_name="other")
    sweep(project, ["C=7"], config_path="more")

    assert sorted(one.name for one in Store("experiments")) == ["7|2.0", "7|3.0"]


def test_a_plain_function_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function without a decorator is swept without configs, in the current directory."""
    monkeypatch.chdir(tmp_path)

    def train(config: object) -> None:
        print(config)

    assert mag.sweep(train, ["+C=1,2"]).counts["completed"] == 2
    assert sorted(one.name for one in Store("experiments")) == ["1", "2"]
