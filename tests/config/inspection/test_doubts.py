"""Laws of doubts: what composes, and was probably meant otherwise."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition.composer import Composer
from mag.config.inspection.advice import find_doubts, find_settings, find_space
from mag.config.language.grammar import parse_overrides

WriteConfigs = Callable[[dict[str, str]], Path]
FILES = {
    "config": "defaults: [model: mlp, db@backup: pg]\nlr: 0.1",
    "model/mlp": "name: mlp",
    "model/svm": "name: svm\nkernel: {type: rbf}",
    "db/pg": "driver: pg",
    "db/lite": "driver: lite",
    "experiment/big": "# @package _global_\nlr: 1",
    "sweep/small": "grid: {lr: [1, 2], model: [mlp, svm]}",
    "plot/fine": "grid: {rows: [1, 2]}",
}


def doubt(root: Path, *texts: str) -> list[str]:
    """Return what is doubted, without what was typed."""
    found = list(find_doubts(Composer(root, "config"), parse_overrides(texts)))
    assert all(sentence.split(": ")[0] in texts for sentence in found)
    return [sentence.partition(": ")[2] for sentence in found]


@pytest.mark.parametrize(
    ("texts", "better"),
    [
        (["model.name=svm"], "model=svm"),
        (["model.name=svm,mlp"], "model=svm,mlp"),
        (["backup.driver=lite"], "db@backup=lite"),
        (["+experimnt=big"], "+experiment=big"),
    ],
)
def test_an_override_that_names_an_option(write_configs: WriteConfigs, texts: list[str], better: str) -> None:
    """A value that is the name of another option of its group, or a new key that is almost a group, is doubted."""
    (said,) = doubt(write_configs(FILES), *texts)
    assert said.endswith(f" type {better}")


@pytest.mark.parametrize(
    "text", ["model.name=mlp", "model.name=cnn", "lr=svm", "+note=big", "~model.name", "model=svm"]
)
def test_what_is_not_doubted(write_configs: WriteConfigs, text: str) -> None:
    """No doubt where nothing else can have been meant, or where the choice was typed, too."""
    assert doubt(write_configs(FILES), text) == []
    assert doubt(write_configs(FILES), "model=mlp", "model.name=svm") == []


def test_a_space_is_no_option(write_configs: WriteConfigs) -> None:
    """A file with a grid over keys of the config is a space; one whose grid is a value is none."""
    composer = Composer(write_configs(FILES), "config")
    found = find_space(composer, parse_overrides(["lr=3", "+sweep=small"]), ["grid", "where"])
    assert found is not None
    assert (found[0], found[1].name) == ("+sweep=small", "small.yaml")
    assert find_space(composer, parse_overrides(["sweep=small"]), ["grid"]) == ("sweep=small", found[1])
    assert find_space(composer, parse_overrides(["+plot=fine"]), ["grid", "where"]) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [("flag=no", "false"), ("flag=ON", "true"), ("lr=None", "null"), ("lr=012", "12"), ("lr=0x10,1", "16")],
)
def test_words_that_are_texts(write_configs: WriteConfigs, text: str, meant: str) -> None:
    """A word that files or Python read as something else is doubted where such a value stands, unless quoted."""
    root = write_configs(FILES | {"config": "lr: 0.1\nflag: true\nname: x"})
    (said,) = doubt(root, text)
    assert said.endswith(f"; if {meant} is meant type it")
    key, _, value = text.partition("=")
    assert doubt(root, f"{key}='{value}'") == doubt(root, "name=no", "name=012", "+new=no") == []


@pytest.mark.parametrize(
    ("text", "better"), [("lr=[1,2]", "lr=1,2"), ("sizes=8,16", "'sizes=[8,16]'"), ("sizes=range(2)", "'sizes=[0,1]'")]
)
def test_lists_and_sweeps(write_configs: WriteConfigs, text: str, better: str) -> None:
    """A list where one value stands, and several values where a list does, are doubted."""
    root = write_configs(FILES | {"config": "lr: 0.1\nsizes: [1]\nopen: null\nsame: ${lr}"})
    (said,) = doubt(root, text)
    assert said.endswith(f" type {better}")
    assert doubt(root, "sizes=[8],[16]", "open=[1]", "lr=1,2", "same=[1]", "+new=[1]") == []


def test_settings_of_hydra(write_configs: WriteConfigs) -> None:
    """What Hydra would sweep is said with its place and what to type, unless all of it is typed."""
    hydra = "hydra:\n  job: {chdir: true}\n  sweeper:\n    params:\n      lr: 1,2\n      model: glob(*)\n"
    composer = Composer(write_configs(FILES | {"experiment/big": f"# @package _global_\nlr: 1\n{hydra}"}), "config")
    first, second = find_settings(composer, parse_overrides(["+experiment=big", "lr=3"]))
    assert (first[0].file.name, first[0].line) == ("big.yaml", 6)
    assert first[1].endswith("type mag sweep lr=1,2 'model=glob(*)'")
    assert second[0].line == 4
    assert "chdir = true" in second[1]
    assert len(list(find_settings(composer, parse_overrides(["+experiment=big", "lr=1,2", "model=svm"])))) == 1
