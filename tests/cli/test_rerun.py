"""Laws of `mag rerun`."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record, read_record
from mag.record.store import Store

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
Git = Callable[..., str]


def change(project: Path) -> None:
    """Make the app compute something else, in a file of its own."""
    (project / "model.py").write_text("FACTOR = 100\n")
    text = (project / "train.py").read_text()
    (project / "train.py").write_text(
        text.replace("import mag", "import mag, model").replace("config.C", "model.FACTOR * config.C")
    )


def test_clean_tree(versioned: Path, mag: Mag) -> None:
    """An experiment of committed code runs again from its commit, whatever the code and the YAML say today."""
    mag("run", "C=10")
    change(versioned)
    (versioned / "configs" / "config.yaml").write_text("C: 0\nother: 1\n")
    done = mag("rerun", "10|0.5")

    assert (done.returncode, done.stdout) == (0, "result\tbefore\tafter\tagrees\nscore\t5.0\t5.0\tyes\n"), done.stderr
    assert "1 of 1 results agree exactly" in done.stderr
    assert read_record(Store("experiments").find("experiments/10|0.5/.mag/reruns/1").paths).status == "completed"


def test_changed_tree(versioned: Path, mag: Mag, read: Read, git: Git) -> None:
    """An experiment of uncommitted code, untracked files included, runs again when nothing of that is left."""
    change(versioned)
    mag("run", "C=10")
    git("checkout", "-q", "--", ".")
    (versioned / "model.py").unlink()

    assert read("10|0.5").results == {"score": 500.0}
    assert mag("rerun", "10|0.5").returncode == 0
    assert mag("rerun", "10|0.5", "--json").returncode == 0
    assert sorted(os.listdir("experiments/10|0.5/.mag/reruns")) == ["1", "2"]


@pytest.mark.usefixtures("versioned")
def test_the_original_is_not_touched(mag: Mag, git: Git) -> None:
    """Record, log and results stay as they are, and no work tree is left behind."""
    mag("run", "C=10")
    files = [Path("experiments/10|0.5", name) for name in ("log", "results.json", ".mag/record.json", "config.json")]
    before = [file.read_bytes() for file in files]
    mag("rerun", "10|0.5")

    assert [file.read_bytes() for file in files] == before
    assert git("worktree", "list").count("\n") == 0
    assert git("status", "--porcelain") == "?? experiments/"


def test_here(versioned: Path, mag: Mag) -> None:
    """With --here today's code runs; where its results differ, the code is named as what differs."""
    mag("run", "C=10")
    change(versioned)
    done = mag("rerun", "10|0.5", "--here")

    assert done.returncode == 1
    assert "score\t5.0\t500.0\tno" in done.stdout
    assert "1 of 1 results differ" in done.stderr
    assert "code differs: snapshot was null, is " in done.stderr


def test_tolerance(versioned: Path, mag: Mag) -> None:
    """Numbers may be apart by the tolerance, and what is to be ignored does not count."""
    (versioned / "train.py").write_text(
        "import mag, time\n@mag.main('configs')\ndef train(c):\n    now = time.time()\n"
        "    return {'a': 1 + 1e-9 * (now % 1), 'now': now}\n"
    )
    mag("run")

    assert mag("rerun", "1|0.5", "--ignore", "now").returncode == 1
    assert mag("rerun", "1|0.5", "--ignore", "now", "--tolerance", "1e-6").returncode == 0
    done = mag("rerun", "1|0.5")
    assert "--times 3" in done.stderr


def test_json(versioned: Path, mag: Mag) -> None:
    """The verdict is data, too."""
    mag("run", "C=10")
    verdict = json.loads(mag("rerun", "10|0.5", "--json").stdout)

    assert verdict["agrees"] is True
    assert verdict["results"] == [{"key": "score", "before": 5.0, "after": 5.0, "agrees": True}]
    assert verdict["path"] == str(versioned / "experiments/10|0.5/.mag/reruns/1")
    assert not any(verdict["differences"].values())
    assert verdict["unknown"] == [verdict["unknown"][-1]]


def test_new_experiment(versioned: Path, mag: Mag, read: Read) -> None:
    """Overrides make a new experiment from the old one's config and code."""
    mag("run", "C=10")
    change(versioned)
    done = mag("rerun", "10|0.5", "gamma=2")

    assert done.returncode == 0, done.stderr
    record = read("10|2.0")
    assert (record.results, record.overrides) == ({"score": 20.0}, ("C=10", "gamma=2"))
    assert record.commit["hash"] == read("10|0.5").commit["hash"]
    assert "complete already" in mag("rerun", "10|0.5", "gamma=2").stderr
    assert "one experiment" in mag("rerun", "10|0.5", "gamma=3,4").stderr
    assert mag("rerun", "10|0.5", "gama=2").returncode == 2


def test_it_is_what_the_command_would_be(versioned: Path, mag: Mag, read: Read, git: Git) -> None:
    """With overrides the config is composed anew from the recorded configs: interpolations follow."""
    (versioned / "configs" / "model").mkdir()
    (versioned / "configs" / "config.yaml").write_text("defaults:\n- model: svm\nC: 1\ngamma: ${C}\nname: net_${C}\n")
    for name, key in (("svm", "kernel: rbf"), ("mlp", "width: ${C}")):
        (versioned / "configs" / "model" / f"{name}.yaml").write_text(f"{key}\n")
    git("add", ".")
    git("commit", "-q", "-m", "groups")
    mag("run", "C=2", "name=x_${C}")
    (versioned / "configs" / "config.yaml").write_text("other: 1\n")
    name = next(path.name for path in Path("experiments").glob("*x_2*"))
    done = mag("rerun", name, "C=3", "model=mlp")
    again = next(path.name for path in Path("experiments").glob("*x_3*"))
    record = read(again)

    assert done.returncode == 0, done.stderr
    assert record.config == {"model": {"width": 3}, "C": 3, "gamma": 3, "name": "x_3"}
    assert (record.choices, record.overrides) == ({"model": "mlp"}, ("C=3", "name=x_${C}", "model=mlp"))
    assert mag("rerun", again).returncode == 0


TYPED = """\
import dataclasses
import mag

@dataclasses.dataclass
class Config:
    C: float = 1.0

@mag.main(schema=Config)
def train(config):
    return {"score": config.C}
"""


@pytest.mark.usefixtures("versioned")
def test_overrides_are_held_to_the_schema(project: Path, mag: Mag, read: Read) -> None:
    """A new experiment from an old one's config has values of the app's types, too, or is refused."""
    (project / "train.py").write_text(TYPED)
    mag("run", "C=10")
    refused = mag("rerun", "10.0", "C=few")

    assert mag("rerun", "10.0", "C=3").returncode == 0
    assert read("3.0").config == {"C": 3.0}
    assert (refused.returncode, "must be float" in refused.stderr) == (2, True)


def test_a_secret_of_a_config_file(versioned: Path, mag: Mag) -> None:
    """It is in the recorded code, so that nobody is asked for it; the record does not have it."""
    (versioned / "configs" / "config.yaml").write_text("C: 1\ngamma: 0.5\npins: [{api_key: hunter2}, {api_key: 77}]\n")
    text = (versioned / "train.py").read_text()
    (versioned / "train.py").write_text(text.replace("config.C *", "len(config.pins[0].api_key) * config.C *"))
    mag("run")
    name = next(path.name for path in Path("experiments").glob("1*"))
    (versioned / "configs" / "config.yaml").write_text("C: 1\ngamma: 0.5\n")

    assert "hunter2" not in Path("experiments", name, ".mag", "record.json").read_text()
    assert mag("rerun", name).returncode == 0
    assert mag("rerun", name, "C=2").returncode == 0


@pytest.mark.parametrize("around", ["{}", "a://me:{}@host/db"])
def test_masked_secret(versioned: Path, mag: Mag, around: str) -> None:
    """A masked value must be given again; a wrong one is refused, the right one is no new experiment."""
    (versioned / "configs" / "config.yaml").write_text("C: 1\ngamma: 0.5\npassword: ''\nurl: ''\n")
    key, value = "password" if around == "{}" else "url", around.format("hunter2")
    mag("run", f"{key}={value}")
    (name,) = (path.name for path in Path("experiments").iterdir() if path.name != ".mag")

    assert f"value of {key} was masked" in mag("rerun", name).stderr
    assert "ran with another value" in mag("rerun", name, f"{key}=wrong").stderr
    assert mag("rerun", name, f"{key}={value}").returncode == 0
    found = [path for path in Path("experiments").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert found == []


def test_failure_is_repeated(versioned: Path, mag: Mag) -> None:
    """An experiment that fails again agrees with itself; one that fails only now does not."""
    (versioned / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c):\n    1 / 0\n")
    mag("run")
    assert mag("rerun", "1|0.5").returncode == 0
    (versioned / "train.py").write_text(
        "import mag\n@mag.main('configs')\ndef train(c):\n    return open('data').read()\n"
    )
    (versioned / ".gitignore").write_text("data\n")
    (versioned / "data").write_text("x")
    mag("run")

    done = mag("rerun", "1|0.5")
    assert done.returncode == 1
    assert "it was completed, and the rerun is failed (FileNotFoundError" in done.stderr
    assert mag("rerun", "1|0.5", "--link", "data").returncode == 0


def test_hash_seed(versioned: Path, mag: Mag) -> None:
    """An interpreter's seed of string hashes is recorded and used again."""
    (versioned / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c):\n    return hash('a')\n")
    mag("run", PYTHONHASHSEED="7")
    mag("run", "C=2", PYTHONHASHSEED="random")

    assert mag("rerun", "1|0.5", PYTHONHASHSEED="random").returncode == 0
    done = mag("rerun", "2|0.5", PYTHONHASHSEED="random")
    assert (done.returncode, "seeded at random" in done.stderr) == (1, True)


@pytest.mark.parametrize("options", [[], ["-E"]], ids=len)
def test_hashes_repeat_unasked(
    versioned: Path, mag: Mag, read: Read, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Where nobody says how strings are hashed, `mag` sees to it that they are hashed alike, if Python lets it."""
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    (versioned / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c):\n    return hash('a')\n")
    command = [sys.executable, *options, "-m", "mag", "sweep", "C=1,2"]
    subprocess.run(command, check=True, capture_output=True)
    seeds = {read(name).environment["hash_seed"] for name in ("1|0.5", "2|0.5")}

    assert seeds == ({None} if options else {0})
    assert mag("rerun", "2|0.5").returncode == (1 if options else 0)


def test_it_is_called_what_the_original_is_called(versioned: Path, mag: Mag) -> None:
    """What an experiment is told of its name is the same in a rerun."""
    (versioned / "train.py").write_text(
        "import mag, os\n@mag.main('configs')\ndef train(c, experiment):\n"
        "    return {'name': experiment.identifier, 'variable': os.environ['MAG_IDENTIFIER']}\n"
    )
    mag("run")
    done = mag("rerun", "1|0.5")

    assert (done.returncode, done.stdout.count("1|0.5\t1|0.5\tyes")) == (0, 2), done.stderr


def test_code_that_was_not_recorded(project: Path, mag: Mag) -> None:
    """Without a repository there is no code to go back to; --here runs today's, as the message says."""
    mag("run")

    assert "not in a git repository): --here runs" in mag("rerun", "1|0.5").stderr
    assert mag("rerun", "1|0.5", "--here").returncode == 0
    assert (project / "experiments/1|0.5/.mag/reruns/1").is_dir()


def test_another_clone(versioned: Path, mag: Mag, git: Git, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A clone that fetched refs/mag/* reruns without the original; one that did not is told to."""
    change(versioned)
    mag("run", "C=10")
    clone = tmp_path_factory.mktemp("other") / "clone"
    git("clone", "-q", versioned.as_uri(), str(clone))
    shutil.move(versioned / "experiments", clone)
    hidden = versioned.rename(versioned.with_name("hidden"))
    os.chdir(clone)

    assert "git fetch REMOTE 'refs/mag/*:refs/mag/*'" in mag("rerun", "10|0.5").stderr
    git("fetch", "-q", str(hidden), "refs/mag/*:refs/mag/*")
    done = mag("rerun", "10|0.5")
    assert (done.returncode, "500.0\tyes" in done.stdout) == (0, True), done.stderr


@pytest.mark.usefixtures("versioned")
def test_the_path_of_python(mag: Mag, git: Git) -> None:
    """`PYTHONPATH` is replayed where the recorded code is, and no difference of environments is told."""
    Path("src").mkdir()
    Path("src/helper.py").write_text("V = 1\n")
    Path("train.py").write_text("import helper, mag\n@mag.main\ndef train(c):\n    return helper.V\n")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    mag("run", "+a=1", PYTHONPATH="src")
    Path("src/helper.py").write_text("V = 3\n")
    done = mag("rerun", "1", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["differences"]["environment"] == []


def test_configs_that_were_typed(mag: Mag, versioned: Path) -> None:
    """What --config-name and --config-dir chose is chosen again, in the recorded code, also for a new override."""
    (versioned / "configs" / "other.yaml").write_text("C: 7\ngamma: 0.25\n")
    (versioned / "more" / "extra").mkdir(parents=True)
    (versioned / "more" / "extra" / "x.yaml").write_text("far: 1\n")
    mag("run", "--config-name", "other", "--config-dir", "more", "+extra=x")
    (versioned / "configs" / "other.yaml").write_text("C: 8\n")
    assert "agree exactly" in mag("rerun", "7|1|0.25").stderr
    assert mag("rerun", "7|1|0.25", "gamma=0.5").returncode == 0
    assert (versioned / "experiments" / "7|1|0.5").is_dir()
