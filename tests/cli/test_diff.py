"""Laws of `mag diff`."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Run = Callable[..., Any]
Write = Callable[..., Any]
Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]


def test_config_and_results(versioned: Path, mag: Mag) -> None:
    """What differs is told by section, and what does not is not told."""
    mag("sweep", "C=1,10")
    done = mag("diff", "1|0.5", "10|0.5")

    assert done.returncode == 1
    assert done.stdout == "config\n  C  1 -> 10\nresults\n  score  0.5 -> 5.0\n"
    assert (versioned / "train.py").exists()


def test_code(versioned: Path, mag: Mag) -> None:
    """Uncommitted code is compared, too, line by line or by file."""
    mag("run")
    (versioned / "train.py").write_text((versioned / "train.py").read_text().replace("C is", "C was"))
    (versioned / "new.py").touch()
    mag("run", "_seed=1", "--force")
    mag("run", "C=2")
    done = mag("diff", "1|0.5", "2|0.5")
    assert done.returncode == 1

    mag("rerun", "1|0.5")
    assert mag("diff", "1|0.5", "experiments/1|0.5/.mag/reruns/1").returncode == 0
    first = json.loads(Path("experiments/1|0.5/.mag/attempts/1/record.json").read_text())
    assert first["commit"]["snapshot"] is None


def test_lines_of_code(versioned: Path, mag: Mag) -> None:
    """The difference of the code is git's."""
    mag("run")
    (versioned / "train.py").write_text((versioned / "train.py").read_text().replace("C is", "C was"))
    mag("run", "C=2")

    shown = mag("diff", "1|0.5", "2|0.5").stdout
    assert '-    print("C is", config.C)' in shown
    assert '+    print("C was", config.C)' in shown
    assert "train.py | 2 +-" in mag("diff", "1|0.5", "2|0.5", "--stat").stdout
    data = json.loads(mag("diff", "1|0.5", "2|0.5", "--json").stdout)
    assert data["config"] == [{"key": "C", "before": 1, "after": 2, "agrees": False}]
    assert "C was" in data["diff"]


@pytest.mark.parametrize(
    "setting", ["diff.external", "diff.any.textconv", "core.fsmonitor", "core.pager", "any.command"]
)
def test_hostile_settings_run_nothing(setting: str, versioned: Path, mag: Mag, git: Git) -> None:
    """Looking at a difference runs no program that the repository names."""
    (versioned / ".gitattributes").write_text("* diff=any filter=any\n")
    mag("run")
    (versioned / "train.py").write_text((versioned / "train.py").read_text() + "\n")
    mag("run", "C=2")
    canary = versioned / "canary"
    git("config", setting if setting != "any.command" else "diff.any.command", f"touch {canary}; cat")
    git("config", "filter.any.clean", f"touch {canary}; cat")
    git("config", "filter.any.smudge", f"touch {canary}; cat")

    assert "train.py" in mag("diff", "1|0.5", "2|0.5").stdout
    assert not canary.exists()


def test_a_hostile_partial_clone_fetches_nothing(versioned: Path, mag: Mag, git: Git) -> None:
    """Where an object is missing, looking does not run what the repository would fetch it with, and says so."""
    mag("run")
    (versioned / "train.py").write_text((versioned / "train.py").read_text() + "\n")
    mag("run", "C=2")
    canary, blob = versioned / "canary", git("rev-parse", "HEAD:train.py")
    (versioned / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in {"url": str(versioned), "promisor": "true", "uploadpack": f"touch {canary}; false"}.items():
        git("config", f"remote.origin.{key}", value)
    git("config", "core.repositoryformatversion", "1")
    git("config", "extensions.partialClone", "origin")
    done = mag("diff", "1|0.5", "2|0.5")

    assert (done.returncode, "cannot be compared" in done.stderr) == (1, True), done.stderr
    assert "`git diff " in done.stderr
    assert not canary.exists()


def test_alike(write: Write, run: Run) -> None:
    """Two that are alike lead to status 0 and no output."""
    for name in ("a", "b"):
        write(name, {"C": 1}, results={"loss": float("nan")})

    assert (run("diff", "a", "b").status, run("diff", "a", "b").out) == (0, "")
    assert run("diff", "a", "c").status == 4


def test_control_characters_are_spelled_out(write: Write, run: Run) -> None:
    """Nothing in a config or result reaches a terminal as a command."""
    write("a", {"C": "\x1b[31m"})
    write("b", {"C": "\x1b]0;x\x07"})

    assert run("diff", "a", "b").out == "config\n  C  \\x1b[31m -> \\x1b]0;x\\x07\n"


def test_environments(write: Write, run: Run) -> None:
    """Distributions are compared by version where their lists are known."""
    for name, version in (("a", "1.0"), ("b", "2.0")):
        folder = Path("experiments/.mag/environments")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{version[0]}{version[0]}.json").write_text(json.dumps({"distributions": {"numpy": version}}))
        write(name, {"C": 1}, environment={"digest": version[0] * 2})

    assert run("diff", "a", "b").out == "environment\n  distributions.numpy  1.0 -> 2.0\n"


def test_several(write: Write, run: Run) -> None:
    """Each key in which any differs from the first has a line, with the values of all; --json has them as lists."""
    for name, lr in (("a", 0.1), ("b", 0.1), ("c", 0.2)):
        write(name, {"lr": lr, "seed": 1}, results={"loss": 1.5 if name == "b" else 1.0})
    ending = run("diff", "a", "b", "c")
    assert (ending.status, ending.out) == (
        1,
        "config\ta\tb\tc\nlr\t0.1\t0.1\t0.2\n\nresults\ta\tb\tc\nloss\t1.0\t1.5\t1.0\n",
    )
    data = json.loads(run("diff", "a", "b", "c", "--json").out)
    assert (data["experiments"], data["config"]) == (["a", "b", "c"], [{"key": "lr", "values": [0.1, 0.1, 0.2]}])
    assert run("diff", "a").status == 2
    assert run("diff", "a", "a", "a").err.endswith("a, a and a are alike\n")


def test_metrics(write: Write, run: Run) -> None:
    """What was logged is compared by its last value, its extremes, and where they are."""
    for name, losses in (("a", (3, 1)), ("b", (3, 2))):
        paths = write(name, {"lr": 0.1})
        Path(paths.metrics).write_text("".join(f'{{"step": {i}, "loss": {x}}}\n' for i, x in enumerate(losses)))
    assert run("diff", "a", "b").out == "metrics\n  loss.last  1 -> 2\n  loss.min   1 -> 2\n"
    assert run("diff", "a", "b", "--tolerance", "0.9").status == 0
