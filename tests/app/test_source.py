"""Laws of reading apps from their source: what is decorated is known without running it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.app.source import Decorated, read_source
from mag.errors import UsageError

Read = Callable[[str], list[Decorated]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads what is decorated in a source, with names, configs and whether it is async."""

    def read_text(text: str) -> list[Decorated]:
        (tmp_path / "train.py").write_text(f"raise SystemExit('imported')\n{text}\n")
        return list(read_source(tmp_path / "train.py").decorated.values())

    return read_text


@pytest.mark.parametrize(
    ("imported", "decorator", "configs"),
    [
        ("import mag", 'mag.main(config_path="configs", config_name="a")', ("configs", "a")),
        ("import mag", 'mag.main("configs", "a", version_base=str(1))', ("configs", "a")),
        ("import mag", "mag.main()", (None, "config")),
        ("import mag", "mag.main", (None, "config")),
        ("import mag as m", "m.main(None, None)", (None, None)),
        ("from mag import main", 'main(config_path="../c")', ("../c", "config")),
        ("from mag import main as entry", "entry", (None, "config")),
        ("import mag", "mag.main(config_path=PATH)", None),
        ("import mag", "mag.main(**settings)", None),
    ],
)
def test_forms_of_the_decorator(read: Read, imported: str, decorator: str, configs: object) -> None:
    """However mag is imported, config path and name are read from the source where they are literal."""
    (found,) = read(f"{imported}\n@{decorator}\ndef train(config): ...")

    assert (found.name, found.configs) == ("train", configs)


@pytest.mark.parametrize(
    "text",
    [
        "import mag, click\n@click.main()\ndef train(config): ...",
        "import mag\nfrom .hydra import main\n@main('c')\ndef train(config): ...",
        "import mag\n@mag.other()\ndef train(config): ...",
        "import mag\nmake = mag.main('c')",
        "from . import mag\n@mag.main\ndef train(config): ...",
    ],
)
def test_other_decorators_are_not_mags(read: Read, text: str) -> None:
    """A decorator that comes from elsewhere makes no app, whatever it is called."""
    assert read(text) == []


@pytest.mark.parametrize(
    ("imported", "decorator", "configs"),
    [
        ("import hydra", 'hydra.main(config_path="c", config_name="a")', ("c", "a")),
        ("import hydra", 'hydra.main("c", "a", str(1))', ("c", "a")),
        ("import hydra as h", 'h.main(config_name="a", version_base="1.1")', (".", "a")),
        ("from hydra import main", 'main(config_name="a", version_base="1.3")', (None, "a")),
        ("from hydra.main import main as m", 'm(config_name="a", version_base=None)', (None, "a")),
        ("import hydra", "hydra.main(version_base=BASE)", None),
        ("import hydra, os", 'hydra.main(config_path=os.getcwd(), config_name="a")', None),
        ("import hydra, os", 'hydra.main(config_path=os.path.join("c"), config_name="a")', ("c", "a")),
    ],
)
def test_forms_of_the_decorator_of_hydra(read: Read, imported: str, decorator: str, configs: object) -> None:
    """What `@hydra.main` is given is read as that reads it: up to version base 1.1 configs are beside the file."""
    (found,) = read(f"{imported}\n@{decorator}\ndef train(config): ...")

    assert (found.name, found.family, found.configs) == ("train", "hydra", configs)


@pytest.mark.parametrize("made", ["mag.main('c')(f)", "mag.main(config_path='c')(lambda config: None)"])
def test_assigned(read: Read, made: str) -> None:
    """A function that is decorated by a call goes by the name that it is assigned to."""
    (found,) = read(f"import mag\ndef f(config): ...\ntrain = {made}")

    assert (found.name, found.configs) == ("train", ("c", "config"))
    assert [one.name for one in read("import mag\ndef f(config): ...\ntrain: object = mag.main(f)")] == ["train"]


def test_async(read: Read) -> None:
    """An `async def` is found, and known for one."""
    assert [one.is_async for one in read("import mag\n@mag.main\nasync def train(config): ...")] == [True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [("config_pth='c'", r"train\.py:3 .*'config_pth'.*'config_path'"), ("config_path=3", r"train\.py:3: .*texts")],
)
def test_wrong_arguments(read: Read, arguments: str, message: str) -> None:
    """What `main` does not take is an error with file and line."""
    with pytest.raises(UsageError, match=message):
        read(f"import mag\n@mag.main({arguments})\ndef train(config): ...")


def test_syntax_error_names_the_line(tmp_path: Path) -> None:
    """A file that is no Python is an error with file and line."""
    (tmp_path / "x.py").write_text("x = 1\ndef f(:\n")

    with pytest.raises(UsageError, match=r"x\.py:2"):
        read_source(tmp_path / "x.py")
