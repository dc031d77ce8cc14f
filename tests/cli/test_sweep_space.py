"""Laws of what shapes the space of `mag sweep`."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.cli.program import run_program

Mag = Callable[..., CompletedProcess[str]]
Show = Callable[..., list[str]]


@pytest.fixture
def show(project: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Show:
    """Return a function that returns the names that a sweep would run, or in place of them the error."""
    assert project.is_dir()

    def show_names(*arguments: str) -> list[str]:
        status = run_program(["sweep", "-n", *arguments])
        captured = capsysbinary.readouterr()
        if status:
            return [captured.err.decode().strip()]
        return [line.split("\t")[0] for line in captured.out.decode().splitlines()[1:]]

    return show_names


def test_zip(show: Show) -> None:
    """--zip lets keys advance together."""
    assert show("C=1,10", "gamma=0.1,0.2", "--zip", "C,gamma") == ["1|0.1", "10|0.2"]
    assert show("C=1,10", "gamma=0.1,0.2,0.3", "--zip", "C,gamma") == [
        "mag: what is zipped must have equally many values, but C has 2 values and gamma has 3 values"
    ]


def test_where_and_exclude(show: Show) -> None:
    """--where keeps, --exclude leaves out, and all that is said holds at once."""
    sweep = ("C=1,10", "gamma=0.1,0.2")
    assert show(*sweep, "--where", "C * gamma < 2", "--where", "C > 1 or gamma > 0.1") == ["1|0.2", "10|0.1"]
    assert show(*sweep, "--exclude", "C=1,gamma=0.1", "--exclude", "gamma=0.2") == ["10|0.1"]


def test_sample(show: Show) -> None:
    """--sample draws points, and the same ones again unless --seed says otherwise."""
    sweep = ("C=range(50)", "gamma=0.1,0.2", "--sample", "4")
    drawn = show(*sweep)
    assert len(set(drawn)) == 4
    assert show(*sweep, "--seed", "0") == drawn != show(*sweep, "--seed", "1")


def test_spaces(project: Path, show: Show) -> None:
    """--space names files, or spaces beside the configs, of which the union is run."""
    (project / "spaces").mkdir()
    (project / "spaces" / "small.yaml").write_text("grid: {C: [1, 2]}\n")
    (project / "other.yaml").write_text("grid: [{C: [2, 3]}]\ninclude: [{C: 7, gamma: 0.7}]\n")
    union = ["1|0.5", "2|0.5", "3|0.5", "7|0.7"]
    assert show("--space", "small,other.yaml") == show("--space", "small", "--space", "other.yaml") == union
    assert show("--space", "small", "gamma=1,2") == ["1|1.0", "1|2.0", "2|1.0", "2|2.0"]
    assert "did you mean small?" in show("--space", "smal")[0]


def test_override_files(project: Path, show: Show, mag: Mag) -> None:
    """@file.yaml stands for the overrides in it, for every command that takes overrides."""
    (project / "o.yaml").write_text("- C=1,2\n- gamma=3\n")
    (project / "m.yaml").write_text("C: 4\n")
    assert show("@o.yaml") == ["1|3.0", "2|3.0"]
    assert show("train.py", "@m.yaml", "gamma=1,2") == ["4|1.0", "4|2.0"]
    assert mag("config", "@m.yaml").stdout == "C: 4\ngamma: 0.5\n_seed: 0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "C > 5"], "mag: no point is left: --where 'C > 5' leaves out all 2"),
        (["--where", "c > 5"], "mag: --where 'c > 5': no point has a key c, "),
        (["--where", "C + 1 = 5"], "to compare what is calculated write =="),
        (["--exclude", "C=7", "--seed", "1"], "add --sample N"),
        (["--exclude", "C"], "write it as in C=1,gamma=0.1"),
        (["--zip", "C,gama"], "mag: --zip C,gama: gama is given no values"),
        (["--seed", "1"], "add --sample N"),
        (["--space", "no.yaml"], "mag: --space no.yaml: there is no such file"),
        (["C=3"], "leave one of them out"),
        (["@no.yaml"], "mag: @no.yaml: there is no such file"),
    ],
)
def test_errors(show: Show, arguments: list[str], said: str) -> None:
    """What cannot be used is one sentence that names the option, and exit status 2."""
    shown = show("C=1,2", *arguments)
    assert len(shown) == 1
    assert said in shown[0]


def test_counts(project: Path, mag: Mag) -> None:
    """A dry run says what is not there, and why."""
    done = mag("sweep", "-n", "C=1,1,2,3", "--where", "C != 3", "--sample", "7")
    assert done.returncode == 0
    assert done.stderr == (
        "2 experiments: 2 new, 1 asked for more than once, 1 left out by the filters, "
        "5 fewer than the sample asked for, there are no more. Nothing was run.\n"
    )
    assert not (project / "experiments").exists()


def test_json(mag: Mag, project: Path) -> None:
    """The plan as JSON has names, identities, overrides and configs, secrets masked as the settings say."""
    (project / "mag.toml").write_text('secrets = ["gam*"]\n')
    experiments = json.loads(mag("sweep", "-n", "--json", "C=1,2").stdout)
    assert [each["overrides"] for each in experiments] == [["C=1"], ["C=2"]]
    assert experiments[1]["config"] == {"C": 2, "gamma": "***", "_seed": 0}
    assert len({each["identity"] for each in experiments}) == 2


def test_runs(mag: Mag, project: Path) -> None:
    """What is shaped is run; a larger sample of the same seed runs what is new."""
    first = mag("sweep", "C=range(9)", "--sample", "2", "--exclude", "C=0")
    again = mag("sweep", "C=range(9)", "--sample", "3", "--exclude", "C=0")
    assert (first.returncode, again.returncode) == (0, 0)
    assert "2 done before" in again.stderr
    assert len([path for path in (project / "experiments").iterdir() if path.name != ".mag"]) == 3


def test_an_idle_exclusion(mag: Mag, project: Path) -> None:
    """What is excluded, and is no point's, is said."""
    assert project.is_dir()
    said = "2 experiments: 2 new, --exclude 'C=7' leaves out none. Nothing was run.\n"
    assert mag("sweep", "-n", "C=1,2", "--exclude", "C=7").stderr == said


def test_doubts(project: Path, mag: Mag) -> None:
    """What was probably meant otherwise is said before anything runs; a space in the place of an option is refused."""
    (project / "configs" / "small").mkdir()
    (project / "configs" / "small" / "s.yaml").write_text("grid: {C: [1, 012]}\n")
    (project / "o.yaml").write_text("gamma: 1\n_seed: no\n")
    refused = mag("sweep", "-n", "+small=s")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "type --space configs/small/s.yaml " in refused.stderr
    for words in (["run"], ["sweep", "-n"], ["config"]):
        assert "type --space configs/small/s.yaml " in mag(*words, "@configs/small/s.yaml").stderr
    said = mag("sweep", "-n", "@o.yaml", "--space", "configs/small/s.yaml").stderr
    assert "mag: o.yaml:2: _seed: no is read as false" in said
    assert "mag: configs/small/s.yaml:1: C: 012 is read as 10" in said
    assert mag("run", "@o.yaml").stderr.startswith("mag: o.yaml:2: _seed: no is read as false")


def test_a_grid_without_end(show: Show) -> None:
    """More points than could ever be gone through are refused at once; a sample of them is drawn."""
    grid = ["C=range(100000)", "gamma=range(100000)"]

    assert show(*grid)[0].startswith(
        "mag: the sweep has 10,000,000,000 points, and more than 10,000,000 are not gone through: sweep fewer values"
    )
    assert len(show(*grid, "--sample", "3")) == 3


def test_what_was_typed_in_the_place_of_a_grid_s_own(project: Path, show: Show) -> None:
    """An error of a grid of which a value was replaced by a typed one says so."""
    (project / "s.yaml").write_text("grid: [{C: 1, +x: 1}, {C: 2, x: 1}]\n")
    (said,) = show("--space", "s.yaml", "C=3")
    assert "s.yaml: grid 2, with C=3 in the place of its own: x=1: there is no key x" in said
