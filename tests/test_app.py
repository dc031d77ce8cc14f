"""Laws of the app: which function a command means, without importing it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import mag as package
from mag.app import find_app
from mag.errors import UsageError
from mag.settings import Settings, find_settings

Mag = Callable[..., CompletedProcess[str]]
CANARY = "raise SystemExit('imported')\n"


def find(folder: Path, spec: str | None = None) -> tuple[str, Path | None, str | None]:
    """Return name, config path and config name of the app that is found."""
    app = find_app(spec, folder, find_settings(folder))
    return app.name, app.config_path, app.config_name


@pytest.mark.parametrize(
    ("decorator", "path", "name"),
    [
        ('mag.main(config_path="configs", config_name="a")', "configs", "a"),
        ('mag.main("configs")', "configs", "config"),
        ("mag.main()", None, "config"),
        ('main(config_path="../c")', "../c", "config"),
    ],
)
def test_decorator_is_read_without_importing(tmp_path: Path, decorator: str, path: str | None, name: str) -> None:
    """Config path and name are read from the source; nothing of the user's runs."""
    (tmp_path / "train.py").write_text(f"{CANARY}from mag import main\n@{decorator}\ndef train(config): ...\n")

    expected = tmp_path / path if path is not None else None
    assert find(tmp_path) == ("train.py:train", expected, name)


def test_computed_arguments_are_asked_of_the_app(tmp_path: Path) -> None:
    """Where the decorator's arguments are computed, the app is imported to learn them."""
    (tmp_path / "computed.py").write_text('import mag\nX = "con" + "f"\n@mag.main(config_path=X)\ndef train(c): ...\n')

    assert find(tmp_path) == ("computed.py:train", tmp_path / "conf", "config")


def test_named_by_the_settings(tmp_path: Path) -> None:
    """The settings' app is meant from every folder below, relative to their file."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(f"{CANARY}@mag.main('c')\ndef train(config): ...\n")
    (tmp_path / "mag.toml").write_text('app = "src/train.py"\n')

    expected = ("src/train.py:train", tmp_path / "src" / "c", "config")
    assert find(tmp_path) == expected
    assert find(tmp_path / "src") == expected


def test_module(tmp_path: Path) -> None:
    """`package.module:function` means a function of a module that can be found from here."""
    (tmp_path / "modfound.py").write_text(f"{CANARY}@mag.main('c')\ndef train(config): ...\n")

    assert find(tmp_path, "modfound:train") == ("modfound:train", tmp_path / "c", "config")


def test_one_of_several_functions(tmp_path: Path) -> None:
    """Where a file has several, the function must be named, and the advice works."""
    (tmp_path / "x.py").write_text("@mag.main('a')\ndef one(c): ...\n@mag.main('b')\ndef two(c): ...\n")

    with pytest.raises(UsageError, match=r"several \(one, two\).*x\.py:one"):
        find(tmp_path, "x.py")

    assert find(tmp_path, "x.py:two")[1] == tmp_path / "b"


@pytest.mark.parametrize(
    ("files", "spec", "message"),
    [
        ([], None, "No app found.*mag sweep train.py"),
        (["a.py", "b.py"], None, r"Several files.*a\.py, b\.py"),
        (["train.py"], "tran.py", r"did you mean 'train\.py'"),
        (["train.py"], "nowhere.at.all:f", "neither a file"),
    ],
)
def test_no_app(tmp_path: Path, files: list[str], spec: str | None, message: str) -> None:
    """Where no app is meant, the error says where it was looked for, or which there are."""
    for name in files:
        (tmp_path / name).write_text("@mag.main()\ndef train(config): ...\n")

    with pytest.raises(UsageError, match=message):
        find_app(spec, tmp_path, Settings())


def test_syntax_error_names_the_line(tmp_path: Path) -> None:
    """A file that is no Python is an error with file and line."""
    (tmp_path / "x.py").write_text("x = 1\ndef f(:\n")

    with pytest.raises(UsageError, match=r"x\.py:2"):
        find(tmp_path, "x.py")


def test_decorated_function_is_still_a_function() -> None:
    """Called with a config it is the function; its name and docstring are kept."""

    @package.main()
    def train(config: dict[str, int]) -> int:
        """Add one."""
        return config["C"] + 1

    assert train({"C": 1}) == 2
    assert (vars(train)["__name__"], train.__doc__) == ("train", "Add one.")


def test_call_without_config_outside_a_program() -> None:
    """A call without a config in an imported module is an error that says where it belongs."""

    @package.main()
    def train(config: object) -> None: ...

    with pytest.raises(UsageError, match="__main__"):
        train()


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


def test_app_that_raises_at_import(project: Path, mag: Mag) -> None:
    """An app that cannot be imported costs exit status 2, one sentence with the line, and nothing is written."""
    (project / "train.py").write_text(
        "import mag\n@mag.main('configs')\ndef train(c): ...\nraise ValueError('bad data')\n"
    )
    done = mag("sweep", "C=1,2")

    assert done.returncode == 2
    assert "train.py:4 raised ValueError when it was imported: bad data" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "experiments").exists()
    assert "Traceback" in mag("--debug", "sweep", "C=1,2").stderr


@pytest.mark.parametrize("line", ["import sys; sys.exit(0)", "import os; os._exit(0)", "import nowhere_to_be_found"])
def test_other_ways_to_fail_at_import(project: Path, mag: Mag, line: str) -> None:
    """Whatever an app does when it is imported, the command says that nothing was started."""
    (project / "train.py").write_text(f"import mag\n@mag.main('configs')\ndef train(c): ...\n{line}\n")
    done = mag("sweep", "C=1,2")

    assert (done.returncode, done.stdout) == (2, "")
    assert not (project / "experiments").exists()


def test_unguarded_call_at_import(project: Path, mag: Mag) -> None:
    """A script that forgot its guard is told about it instead of running itself for ever."""
    (project / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c): ...\ntrain()\n")
    done = mag("sweep", "C=1,2")

    assert done.returncode == 2
    assert 'if __name__ == "__main__"' in done.stderr
