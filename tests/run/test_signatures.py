"""Laws of signatures: what cannot be called is refused before anything is started."""

import functools
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import mag as package
from mag.errors import UsageError
from mag.run.signatures import read_calling

Mag = Callable[..., CompletedProcess[str]]


@pytest.mark.parametrize(
    ("parameters", "calling"),
    [
        ("config", "config"),
        ("config, **others", "config"),
        ("config, experiment", "second"),
        ("config, experiment=None, more=0", "second"),
        ("*arguments", "second"),
        ("config, *, experiment", "named"),
        ("config, *, experiment=None, more=0", "named"),
    ],
)
def test_ways_to_be_called(parameters: str, calling: str) -> None:
    """The experiment is the second argument where there is one, and is given by name where only that is left."""
    assert read_calling(eval(f"lambda {parameters}: None")) == calling


def test_callables_that_are_no_functions() -> None:
    """An object that can be called is asked for its own signature, one written in C gets the config."""
    assert read_calling(functools.partial(pow, 2)) == "second"
    assert read_calling(dict) == "config"


@pytest.mark.parametrize(
    "definition",
    [
        "def train(): ...",
        "def train(a, b, c): ...",
        "def train(config, *, other): ...",
        "def train(*, config): ...",
        "def train(config): yield 1",
        "async def _(config): ...\ntrain = mag.main()(_)",
    ],
)
def test_wrong_signatures_start_nothing(project: Path, mag: Mag, definition: str) -> None:
    """What cannot be called with a config costs exit status 2 and one sentence, and nothing is written."""
    decorator = "" if "main" in definition else "@mag.main('configs')\n"
    (project / "train.py").write_text(f"import mag\n{decorator}{definition}\n")
    done = mag("sweep", "C=1,2")

    assert (done.returncode, done.stdout) == (2, "")
    assert "train.py:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "experiments").exists()


@pytest.mark.usefixtures("project")
def test_functions_given_to_a_sweep_are_asked_too() -> None:
    """`mag.sweep` refuses a function as the command does."""

    def train(a: int, b: int, c: int) -> int:
        return a + b + c

    with pytest.raises(UsageError, match=r"takes .*a: int, b: int, c: int.*def train\(config, experiment\):"):
        package.sweep(train, ["+C=1"], config_name=None)


def test_experiment_by_name(project: Path, mag: Mag) -> None:
    """A keyword-only `experiment` gets it."""
    (project / "train.py").write_text(
        "import mag\n@mag.main('configs')\ndef train(config, *, experiment):\n    print(experiment.identifier)\n"
    )

    assert mag("run").stdout == "1|0.5\n"
