"""The laws of examples/typed.py: its schema holds in every command."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Mag = Callable[..., CompletedProcess[str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the example where it is the only app."""
    shutil.copy(ROOT / "examples" / "typed.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_values_of_the_right_type(mag: Mag, tmp_path: Path) -> None:
    """An integer for a float is that float, whatever way it was typed, and is one experiment."""
    done = mag("sweep", "steps=3", "optimizer.rate=1,1.0,0.25", "-j", "1")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.glob("experiments/[!.]*")) == [
        "plain|0.25|1.0|3",
        "plain|1.0|1.0|3",
    ]


@pytest.mark.parametrize("command", ["run", "sweep"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["steps=3", "optimizer.rate=fast"], "optimizer.rate=fast: optimizer.rate is 'fast', but must be float."),
        (["steps=3", "+optimizer.rat=1"], "optimizer.rat is no key of the schema Optimizer: did you mean optimizer.r"),
        (["steps=3", "optimizer.name=plian"], "must be one of plain, momentum: did you mean plain?"),
        ([], "steps must be given: type steps=VALUE"),
    ],
)
def test_mistakes(mag: Mag, tmp_path: Path, command: str, words: list[str], message: str) -> None:
    """A mistake is told with its place, and nothing is started."""
    done = mag(command, *words)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "experiments").exists()


def test_mistake_in_one_point_of_many(mag: Mag, tmp_path: Path) -> None:
    """A value of a sweep is checked even where values of its type passed."""
    done = mag("sweep", "steps=1,2,3.5", "start=0.5,1")
    assert (done.returncode, "steps=3.5: steps is 3.5" in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "experiments").exists()


def test_config_without_importing(mag: Mag) -> None:
    """`mag config` imports no app, and says so; with --typed it knows the schema."""
    assert "--typed" in mag("config").stderr
    done = mag("config", "--typed", "--json", "steps=3", "start=2")
    assert json.loads(done.stdout) == {"steps": 3, "start": 2.0, "optimizer": {"name": "plain", "rate": 0.1}}


def test_what_the_schema_gave(mag: Mag) -> None:
    """`--explain` names the schema where no file and no override gave a value."""
    assert mag("config", "--typed", "steps=3", "--explain", "start").stdout == "start: 1.0\n  the schema   1.0\n"
    assert "\nstart: 1.0" in (shown := mag("config", "--typed", "steps=3", "--explain").stdout)
    assert [line.partition("# ")[2] for line in shown.splitlines()[:2]] == ["steps=3", "the schema"]


def test_schema_that_is_none(tmp_path: Path) -> None:
    """A field that no config can hold is an error in one sentence, in the app run as a script, too."""
    source = (tmp_path / "typed.py").read_text().replace("start: float = 1.0", 'start: bytes = b""')
    (tmp_path / "typed.py").write_text(source)
    done = subprocess.run([sys.executable, "typed.py", "steps=3"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "Config.start is of type" in done.stderr
