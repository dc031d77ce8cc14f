"""Laws of late values: what only the app or the experiment knows is resolved there, and counts as its text."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]

APP = """\
import itertools, os, mag
from omegaconf import OmegaConf

open("imported", "a").write("x")
counter = itertools.count()
OmegaConf.register_new_resolver("double", lambda value: 2 * value)
OmegaConf.register_new_resolver("next", lambda: next(counter))
OmegaConf.register_new_resolver("fail", lambda: 1 / 0)
os.environ.setdefault("SET_BY_APP", "yes")

@mag.main(config_path="configs", config_name="config", missing="late")
def train(config):
    return {key: str(config[key]) for key in ("out", "choice", "seed", "env", "twice") if key in config}

if __name__ == "__main__":
    train()
"""


@pytest.fixture
def write(project: Path) -> Callable[[str], None]:
    """Return a function that writes the config of an app that registers resolvers."""
    (project / "train.py").write_text(APP)

    def write_config(text: str) -> None:
        (project / "configs" / "config.yaml").write_text(f"C: 1\n{text}")

    return write_config


def test_the_app_is_asked_once_what_it_knows(write: Callable[[str], None], mag: Mag, read: Read) -> None:
    """Resolvers and variables that it sets at its top count, for any number of points, and it is imported once."""
    write("twice: ${double:${C}}\nenv: ${oc.env:SET_BY_APP}\n")

    assert mag("sweep", "C=1,2,3", "-n").returncode == 0
    assert mag("sweep", "C=1,2,3").returncode == 0
    assert Path("imported").read_text() == "xx"
    assert read("2|yes|4").config == {"C": 2, "twice": 4, "env": "yes"}
    assert mag("config", "--resolve").stdout == "C: 1\ntwice: 2\nenv: 'yes'\n"


@pytest.mark.parametrize("command", [["config"], ["check"], ["config", "C=2", "--choices"]])
def test_looking_does_not_import(write: Callable[[str], None], mag: Mag, command: list[str]) -> None:
    """What only the app knows is named by those who look, and the app stays as it is."""
    write("twice: ${double:${C}}\n")
    mag(*command)

    assert not Path("imported").exists()


def test_what_the_experiment_knows(write: Callable[[str], None], mag: Mag, read: Read) -> None:
    """It has its value there; in the record, the identity and the rerun it is its text."""
    write("out: ${hydra:runtime.output_dir}\nseed: ${mag:seed}\nfilled: ???\n")
    mag("run")
    record = read("1")

    assert record.results["out"] == str(Path("experiments", "1").resolve())
    assert record.results["seed"].isdigit()
    assert record.config["out"] == "${hydra:runtime.output_dir}"
    assert record.config["filled"] == "???"
    assert "done already" in mag("run").stderr


def test_what_differs_each_time(write: Callable[[str], None], mag: Mag, read: Read) -> None:
    """A resolver that answers otherwise when it is asked twice counts as its text, and is named once."""
    write("other: ${next:}\n")
    done = mag("sweep", "C=1,2")

    assert done.stderr.count("other has a different value each time") == 1
    assert read("1").config["other"] == "${next:}"
    assert "2 experiments: 2 completed" in mag("sweep", "C=1,2", "-n").stderr


def test_what_leads_nowhere_stops_nothing(write: Callable[[str], None], mag: Mag) -> None:
    """It is told with its place; who does not read it is not concerned."""
    write("unread: ${nowhere}\n")
    done = mag("run")

    assert done.returncode == 0
    assert "configs/config.yaml:2: unread is '${nowhere}', but there is no value nowhere" in done.stderr


def test_a_resolver_that_raises(write: Callable[[str], None], mag: Mag) -> None:
    """It is one sentence with the place, and nothing is started."""
    write("bad: ${fail:}\n")
    done = mag("sweep", "C=1,2")

    assert (done.returncode, done.stdout) == (2, "")
    assert "mag: configs/config.yaml:2: bad is '${fail:}', but its resolver raised ZeroDivision" in done.stderr
    assert not Path("experiments").exists()
