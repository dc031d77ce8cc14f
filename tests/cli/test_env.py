"""Laws of `--env` and `[tool.mag] env`."""

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.errors import UsageError
from mag.record.records import Record
from mag.settings import Settings, parse_settings
from mag.sweeps.codebase import Codebase

Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]
Read = Callable[[str], Record]
APP = """\
import os
import mag
TOP = os.environ.get("A")
@mag.main("configs")
def train(config):
    return [TOP, os.environ.get("B"), os.environ["HF_TOKEN"] == "hunter2hunter2", config.name]
"""


def test_variables_are_set_recorded_and_replayed(project: Path, mag: Mag, git: Git, read: Read) -> None:
    """They are there before the import, in configs, too; a rerun has them again, and asks for what was masked."""
    (project / "train.py").write_text(APP)
    (project / "configs" / "config.yaml").write_text("name: ${oc.env:B}\n")
    (project / "mag.toml").write_text('env = {A = "1", B = "2"}\n')
    git("init", "-q")
    git("add", "train.py", "configs", "mag.toml")
    git("commit", "-qm", "a")
    mag("run", "--env", "B=3", "--env", "HF_TOKEN=hunter2hunter2", A="0")
    record = read("3")
    asked, again = mag("rerun", "3", "--json"), mag("rerun", "3", "--env", "HF_TOKEN=hunter2hunter2")

    assert record.results == {"result": ["1", "3", True, "3"]}
    assert record.environment["env"] == {"A": "1", "B": "3", "HF_TOKEN": "***"}
    assert "hunter2" not in (project / "experiments" / "3" / ".mag" / "record.json").read_text()
    assert (asked.returncode, "`mag rerun 3 --env HF_TOKEN=...`" in asked.stderr) == (2, True)
    assert (again.returncode, "agree exactly" in again.stderr) == (0, True)
    assert "'HF_TOKEN=***'" in mag("show", "3").stdout


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("FOO", "--env FOO has no value: type --env FOO=VALUE"),
        ("=x", "names ''"),
        ("A B=1", "names 'A B'"),
        ("MAG_X=1", "mag's own to set"),
        ("PYTHONHASHSEED=1", "PYTHONHASHSEED=1 mag ..."),
    ],
)
def test_what_is_no_variable(project: Path, mag: Mag, typed: str, said: str) -> None:
    """One sentence, and nothing is started."""
    done = mag("run", "--env", typed)

    assert (done.returncode, said in done.stderr) == (2, True)
    assert not (project / "experiments").exists()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"A": 4}, 'write A = "4"'),
        ({"A": True}, 'write A = "true"'),
        ("A", 'must be a table of texts, {NAME = "value"}'),
    ],
)
def test_settings_that_are_no_variables(value: object, said: str) -> None:
    """The settings take texts, and say how to write others."""
    with pytest.raises(UsageError) as caught:
        parse_settings({"env": value}, Path("mag.toml"))

    assert said in str(caught.value)


def test_a_program_gets_its_own_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a sweep the calling program has the variables that it had."""
    monkeypatch.setenv("A", "0")
    monkeypatch.delenv("B", raising=False)
    code = Codebase("x", Settings(), Path(), None, env={"A": "1", "B": "2"})
    with code.lend_env():
        assert (os.environ["A"], os.environ["B"]) == ("1", "2")

    assert (os.environ["A"], "B" in os.environ) == ("0", False)
