"""The README is true: its files and commands are taken from it and run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", re.DOTALL)
RUN = re.compile(r"<!-- run -->\n```console\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files that the README shows."""
    project = tmp_path / "project"
    for name, text in FILE.findall(README):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    return project


def test_commands_do_what_it_says(folder: Path) -> None:
    """Every command of the README's own example works as it is typed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in RUN.findall(README):
        for line in block.splitlines():
            command = ["bash", "-c", line.removeprefix("$ ")]
            environment = os.environ | {"PATH": path}
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
            assert done.returncode == 0, f"{line}\n{done.stderr}"

    assert (folder / "experiments" / "0.01|1.0|svm" / "results.json").exists()
    found = [json.loads(path.read_text()) for path in folder.glob("experiments/*/results.json")]
    assert {1, 2} <= {one.get("accuracy") for one in found}


def test_every_command_is_mentioned() -> None:
    """Each command of mag stands in the README's table."""
    from mag.cli.pages import COMMANDS

    assert not [name for name in COMMANDS if f"mag {name}" not in README]


def test_every_setting_is_mentioned() -> None:
    """Each setting stands on the page about settings."""
    from mag.settings import _KINDS

    page = (ROOT / "mag" / "cli" / "topics" / "settings.md").read_text(encoding="utf-8")
    assert not [name for name in _KINDS if f"\n{name} = " not in page]


def test_it_is_short() -> None:
    """The README is read in one go; the rest is in the guides."""
    assert len(README.splitlines()) <= 250


@pytest.mark.parametrize("name", ["README.md", ".github/CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    """A relative link leads to a file of the repository."""
    links = [link for link, _ in LINK.findall((ROOT / name).read_text(encoding="utf-8")) if "://" not in link]

    assert not [link for link in links if not (ROOT / name).parent.joinpath(link).exists()]
