"""Laws of the settings."""

import os
from pathlib import Path

import pytest

from mag.errors import UsageError
from mag.settings import Settings, find_app_settings, find_settings, parse_settings


def test_defaults(tmp_path: Path) -> None:
    """Without a file the defaults hold."""
    assert find_settings(tmp_path) == Settings()


def test_nearest_file_upwards(tmp_path: Path) -> None:
    """The nearest pyproject.toml with a [tool.mag] table decides; one without is passed over."""
    (tmp_path / "pyproject.toml").write_text('[tool.mag]\napp = "train.py"\njobs = 3\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text('[project]\nname = "x"\n')

    assert find_settings(inner) == Settings(root=tmp_path, app="train.py", jobs=3)


def test_file_of_its_own(tmp_path: Path) -> None:
    """A mag.toml holds the same keys at its top."""
    (tmp_path / "mag.toml").write_text('separator = ","\nidentifier = ["C", "seed"]\n')

    assert find_settings(tmp_path) == Settings(root=tmp_path, separator=",", identifier=("C", "seed"))


def test_unknown_key_names_the_nearest() -> None:
    """An unknown key is an error that says what was meant, and that key is known."""
    with pytest.raises(UsageError, match="did you mean 'separator'"):
        parse_settings({"seperator": "-"}, Path("pyproject.toml"))

    assert parse_settings({"separator": "-"}, Path("pyproject.toml")).separator == "-"


@pytest.mark.parametrize(
    "table",
    [{"jobs": "2"}, {"jobs": True}, {"jobs": 0}, {"secrets": [1]}, {"experiments_dir": ""}, {"renamed": {"a.py": "b"}}],
)
def test_wrong_kind(table: dict[str, object]) -> None:
    """A value of the wrong kind is an error that names key, value and file."""
    with pytest.raises(UsageError, match=f"{next(iter(table))} = .*pyproject.toml"):
        parse_settings(table, Path("pyproject.toml"))


def test_broken_file(tmp_path: Path) -> None:
    """A file that is no TOML is an error that names it."""
    (tmp_path / "mag.toml").write_text("jobs = = 1")

    with pytest.raises(UsageError, match=r"mag\.toml"):
        find_settings(tmp_path)


def test_store_lies_beside_the_file_that_names_the_app(tmp_path: Path) -> None:
    """Experiments are kept beside the file that names the app, else in the current directory."""
    assert Settings(root=tmp_path, app="train.py").store_root(Path("/x")) == tmp_path / "experiments"
    assert Settings(root=tmp_path).store_root(Path("/x")) == Path("/x/experiments")


def test_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` in `experiments_dir` is the user's home, as in a shell."""
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = parse_settings({"app": "train.py", "experiments_dir": "~/x"}, Path("/project/mag.toml"))

    assert settings.store_root(Path("/elsewhere")) == Path("/home/somebody/x")


def test_a_table_in_a_file_of_its_own(tmp_path: Path) -> None:
    """A [tool.mag] table inside a mag.toml is refused with what belongs there."""
    (tmp_path / "mag.toml").write_text('[tool.mag]\napp = "train.py"\n')
    with pytest.raises(UsageError, match=r"mag\.toml holds mag's keys at its top"):
        find_settings(tmp_path)


@pytest.mark.parametrize("text", ["[tool]\nmag = 3\n", "[tool]\nmag = []\n"])
def test_no_table(tmp_path: Path, text: str) -> None:
    """What is no table is an error that says what to write."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match=r"must be a table: write \[tool\.mag\]"):
        find_settings(tmp_path)


@pytest.mark.parametrize("inner", ["project", "project/src"])
def test_settings_of_an_app_elsewhere(tmp_path: Path, inner: str) -> None:
    """An app that is not in the project of the current directory has the settings of its own project."""
    for name in ("project", "other", inner):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "project" / "mag.toml").write_text("jobs = 2\n")
    (tmp_path / "other" / "mag.toml").write_text("jobs = 3\n")
    file = tmp_path / "other" / ".." / inner / "train.py"

    assert [find_app_settings(file, tmp_path / cwd).jobs for cwd in ("project", "other", ".")] == [2, 2, 2]
    assert find_app_settings(tmp_path / "train.py", tmp_path / "other").jobs == 3


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["mag.toml", "pyproject.toml"])
def test_a_file_of_somebody_else(name: str, tmp_path: Path) -> None:
    """In a directory above it is not heeded, broken or not, which is told; in the current one it is."""
    (tmp_path / "inner").mkdir()
    (tmp_path / name).write_text("[tool.mag]\njobs = 3\n" if name == "pyproject.toml" else "jobs = 3\n")
    assert find_settings(tmp_path / "inner").jobs == 3
    os.chown(tmp_path / name, 12345, 12345)

    assert find_settings(tmp_path / "inner") == Settings(unheeded=tmp_path / name)
    assert find_settings(tmp_path).jobs == 3
    (tmp_path / name).write_text("[tool.mag]\njobs = '\n")
    assert find_settings(tmp_path / "inner") == Settings(unheeded=tmp_path / name)
