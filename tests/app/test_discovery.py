"""Laws of discovery: which function a command means."""

from pathlib import Path

import pytest

from mag.app import find_app
from mag.errors import UsageError
from mag.settings import Settings, find_settings

CANARY = "raise SystemExit('imported')\nimport mag\n"


def find(folder: Path, spec: str | None = None) -> tuple[str, Path | None, str | None]:
    """Return name, config path and config name of the app that is found."""
    app = find_app(spec, folder, find_settings(folder))
    return app.name, app.config_path, app.config_name


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
    (tmp_path / "x.py").write_text("import mag\n@mag.main('a')\ndef one(c): ...\n@mag.main('b')\ndef two(c): ...\n")

    with pytest.raises(UsageError, match=r"several functions \(one, two\).*x\.py:one"):
        find(tmp_path, "x.py")

    assert find(tmp_path, "x.py:two")[1] == tmp_path / "b"


@pytest.mark.parametrize("spec", [None, "train.py"])
def test_an_app_of_hydra(tmp_path: Path, spec: str | None) -> None:
    """A file that was written for Hydra is an app as it is, and not imported to be found."""
    text = "raise SystemExit\nimport hydra\n@hydra.main(config_path='c', config_name='x')\ndef train(config): ...\n"
    (tmp_path / "train.py").write_text(text)

    assert find(tmp_path, spec) == ("train.py:train", tmp_path / "c", "x")
    assert find_app(spec, tmp_path, Settings()).is_hydra


@pytest.mark.parametrize(
    ("files", "spec", "message"),
    [
        ([], None, "No app found.*mag sweep train.py"),
        (["a.py", "b.py"], None, r"Several files.*a\.py, b\.py"),
        (["train.py"], "tran.py", r"did you mean 'train\.py'"),
        (["train.py"], "nowhere.at.all:f", "neither a file"),
        (["train.py"], "train.py:trian", r"no function 'trian': did you mean train\.py:train\?"),
        (["train.py"], "train.py:zzz", r"no function 'zzz': name one as train\.py:FUNCTION"),
    ],
)
def test_no_app(tmp_path: Path, files: list[str], spec: str | None, message: str) -> None:
    """Where no app is meant, the error says where it was looked for, or which there are."""
    for name in files:
        (tmp_path / name).write_text("import mag\n@mag.main()\ndef train(config): ...\n")

    with pytest.raises(UsageError, match=message):
        find_app(spec, tmp_path, Settings())


@pytest.mark.parametrize("family", ["mag", "hydra"])
def test_computed_arguments_are_asked_of_the_app(tmp_path: Path, family: str) -> None:
    """Where the decorator's arguments are computed, who looks is told so, and who runs imports the app for them."""
    pytest.importorskip(family)
    text = f'import {family}\nX = "CONF".lower()\n@{family}.main(X, "a", "1.3")\ndef train(c): ...\n'
    (tmp_path / "computed.py").write_text(text)
    app = find_app(None, tmp_path, Settings())

    with pytest.raises(UsageError, match=r"computed\.py:3: the decorator computes.*--typed"):
        app.compose_from()
    assert app.settle()[3:5] == (tmp_path / "conf", "a")


def test_the_only_app_does_not_parse(tmp_path: Path) -> None:
    """Where the one file that seems to be the app is no Python, that is what is told, with the line."""
    (tmp_path / "other.py").write_text("print('main')\n")
    (tmp_path / "train.py").write_text("import mag\n@mag.main()\ndef train(config:\n    pass\n")

    with pytest.raises(UsageError, match=r"train\.py:3: "):
        find(tmp_path)


def test_async_functions_are_refused(tmp_path: Path) -> None:
    """An `async def` is found, and refused when it is named: its calls would do nothing."""
    (tmp_path / "train.py").write_text(f"{CANARY}@mag.main()\nasync def train(config): ...\n")

    with pytest.raises(UsageError, match=r"train\.py:3: train is an `async def`.*asyncio\.run"):
        find(tmp_path)


def test_configs_that_only_the_module_knows(tmp_path: Path) -> None:
    """A function that is decorated in a way that cannot be read has the configs that its module gives it."""
    (tmp_path / "wrapped.py").write_text(
        "import mag\ndef own(f):\n    return mag.main('c', 'x')(f)\n@own\ndef train(config): ...\ndef plain(c): ...\n"
    )

    assert find_app("wrapped.py:train", tmp_path, Settings()).settle()[3:5] == (tmp_path / "c", "x")
    assert find(tmp_path, "wrapped.py:plain") == ("wrapped.py:plain", None, None)


def test_apps_elsewhere_have_whole_paths(tmp_path: Path) -> None:
    """The name of an app outside of the current directory does not depend on that."""
    (tmp_path / "here").mkdir()
    (tmp_path / "train.py").write_text(f"{CANARY}@mag.main('c')\ndef train(config): ...\n")

    assert find(tmp_path / "here", "../train.py")[0] == f"{tmp_path}/train.py:train"


def test_packages_are_not_run_to_find_a_module(tmp_path: Path) -> None:
    """A module is found in its package without running any of that package's code."""
    (tmp_path / "pack" / "inner").mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text(CANARY)
    (tmp_path / "pack" / "inner" / "train.py").write_text(f"{CANARY}@mag.main('c')\ndef train(config): ...\n")

    expected = ("pack.inner.train:train", tmp_path / "pack" / "inner" / "c", "config")
    assert find(tmp_path, "pack.inner.train:train") == find(tmp_path, "pack.inner.train") == expected
