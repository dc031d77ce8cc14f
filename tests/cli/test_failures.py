"""Laws of `mag failures`: the command it prints runs exactly the group again, whatever shell it is typed into."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Mag = Callable[..., CompletedProcess[str]]
APP = """\
import os
import mag

@mag.main
def train(config):
    if not os.path.exists("fixed"):
        raise ValueError("bad")
"""
ODD = """+s='a b',"it's",'$HOME','x*','y[1]','~t','ü','!x','`id`',-5,'#h','--only'"""


@pytest.fixture(autouse=True)
def app(project: Path) -> Path:
    """Make the project's app one that fails until it is fixed."""
    (project / "train.py").write_text(APP)
    return project


def type_it(shell: list[str], command: str, folder: Path) -> "CompletedProcess[str]":
    """Type a command into a shell that finds mag where these tests do."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [*shell, "-c", command], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )


@pytest.mark.parametrize("shell", [["sh"], ["bash"], ["zsh", "-f"], ["fish", "--no-config"]])
def test_odd_names_in_every_shell(mag: Mag, app: Path, shell: list[str]) -> None:
    """Values that mean something to a shell come through, also from another directory."""
    from shutil import which

    if which(shell[0]) is None:
        pytest.skip(f"no {shell[0]} here")
    mag("sweep", ODD, "+k=1,2")
    (app / "elsewhere").mkdir()
    (app / "fixed").touch()
    os.chdir(app / "elsewhere")
    group = json.loads(mag("failures", "--json", "--dir", "../experiments").stdout)[0]
    done = type_it(shell, group["commands"][0], app / "elsewhere")

    assert len(group["experiments"]) == 24
    assert "24 experiments: 24 completed." in done.stderr
    assert mag("failures", "--dir", "../experiments").returncode == 0


def test_a_part_of_a_sweep(mag: Mag, app: Path) -> None:
    """Of a sweep only those of the group run again."""
    mag("sweep", "+C=1,2,3")
    (app / "fixed").touch()
    mag("sweep", "+C=1,2,3", "--only", "2")
    command = json.loads(mag("failures", "--json").stdout)[0]["commands"][0]

    assert command == "mag sweep +C=1,2,3 --only 1 --only 3"
    assert "2 experiments: 2 completed." in type_it(["sh"], command, app).stderr


def test_a_masked_value(mag: Mag) -> None:
    """A command of which a value was masked would run something else, and is not shown."""
    mag("sweep", "+password=hunter2", "+C=1,2")
    shown = mag("failures").stdout

    assert "a value in it was masked" in shown
    assert "***" not in shown
    assert json.loads(mag("failures", "--json").stdout)[0]["commands"] == []
