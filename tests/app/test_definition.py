"""Laws of `@mag.main`: a decorated function is a function, and a program."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import mag as package
from mag.errors import UsageError

Mag = Callable[..., CompletedProcess[str]]


def test_decorated_function_is_still_a_function() -> None:
    """Called with a config it is the function; its name and docstring are kept."""

    @package.main()
    def train(config: dict[str, int]) -> int:
        """Add one."""
        return config["C"] + 1

    assert train({"C": 1}) == 2
    assert (vars(train)["__name__"], train.__doc__) == ("train", "Add one.")


def test_without_parentheses() -> None:
    """`@mag.main` is `@mag.main()`."""

    @package.main
    def train(config: int) -> int:
        return config + 1

    assert (train(1), train.config_path, train.config_name) == (2, None, "config")


def test_arguments_of_main() -> None:
    """What Hydra's users write is taken, what nobody knows is named."""
    package.main(version_base=None, config_path="c")
    with pytest.raises(UsageError, match=r"'config_pth'.*did you mean 'config_path'"):
        package.main(config_pth="c")  # type: ignore[call-overload]


def test_call_without_config_in_an_imported_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without a config while a file is imported is an error that says where it belongs."""
    (tmp_path / "unguarded.py").write_text("import mag\n@mag.main\ndef train(config): ...\ntrain()\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(UsageError, match="__main__"):
        importlib.import_module("unguarded")


@pytest.mark.parametrize("words", [["other.py"], ["-m", "package.app"]], ids=["importer", "module"])
def test_other_programs_of_an_app(project: Path, words: list[str]) -> None:
    """A script that imports its app and calls it, as an installed command does, is the command line, too."""
    (project / "package").mkdir()
    text = (project / "train.py").read_text().replace('"configs"', '"../configs"')
    (project / "package" / "app.py").write_text(text)
    (project / "other.py").write_text("import sys\nfrom package.app import train\nsys.exit(train())\n")
    done = subprocess.run([sys.executable, *words, "C=7"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    experiment = package.Store("experiments").find("7|0.5")
    assert experiment.record is not None
    assert experiment.record.app == "package.app:train"


def python(project: Path, *arguments: str) -> CompletedProcess[str]:
    """Run the project's script as a program."""
    command = [sys.executable, "train.py", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=60)


def test_script_is_mag_run(project: Path) -> None:
    """`python train.py C=10` runs one experiment, its output on standard output."""
    done = python(project, "C=10")

    assert (done.returncode, done.stdout) == (0, "C is 10\n")
    assert (project / "experiments" / "10|0.5" / "log").read_text() == "C is 10\n"


def test_script_with_m_is_mag_sweep(project: Path) -> None:
    """`python train.py -m C=1,10` runs every combination."""
    done = python(project, "-m", "C=1,10", "gamma=0.5,1.0")

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (project / "experiments").iterdir() if path.name != ".mag") == [
        "10|0.5",
        "10|1.0",
        "1|0.5",
        "1|1.0",
    ]


def test_both_ways_name_the_app_alike(project: Path, mag: Mag) -> None:
    """An experiment that `mag sweep` ran is done for `python train.py`, too."""
    mag("sweep", "C=1,10")
    done = python(project, "C=10")

    assert done.returncode == 0
    assert "done already" in done.stderr


def test_assigned_functions_have_one_name(project: Path, mag: Mag) -> None:
    """`train = mag.main(...)(f)` is `train` for `mag run` and for `python train.py`."""
    text = (project / "train.py").read_text()
    decorator = '@mag.main(config_path="configs", config_name="config")\n'
    call = 'train = mag.main(config_path="configs", config_name="config")(f)\nif __name__'
    text = text.replace(decorator, "").replace("def train", "def f").replace("if __name__", call)
    (project / "train.py").write_text(text)
    one, other = mag("run", "C=10"), python(project, "C=11")

    assert (one.returncode, other.returncode) == (0, 0), one.stderr + other.stderr
    apps = [experiment.record.app for experiment in package.Store("experiments") if experiment.record]
    assert apps == ["train.py:train"] * 2
