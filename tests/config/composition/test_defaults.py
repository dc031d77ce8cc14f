"""The laws of defaults lists."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition.defaults import Defaults, expand_defaults
from mag.config.composition.groups import Library
from mag.config.composition.selection import read_selection
from mag.config.language.grammar import parse_override
from mag.errors import ConfigError

WriteConfigs = Callable[[dict[str, str]], Path]
Expand = Callable[..., Defaults]
MODELS = {"model/svm": "n: svm", "model/mlp": "n: mlp", "model/tree": "n: tree"}


@pytest.fixture
def expand(write_configs: WriteConfigs) -> Expand:
    """Return a function that expands the defaults list of `config` among files, with overrides."""

    def expand(files: dict[str, str], *overrides: str) -> Defaults:
        library = Library((write_configs(MODELS | files),))
        primary = library.read("config")
        assert primary is not None
        selection = read_selection([parse_override(text) for text in overrides], library)
        return expand_defaults(library, primary, "config", selection)

    return expand


def order(defaults: Defaults) -> list[str]:
    """Return the names of the files in the order in which they merge, with their packages."""
    return [f"{part.document.path.stem}@{part.package}" for part in defaults.parts]


def test_files_come_in_the_order_of_the_lists(expand: Expand) -> None:
    """A file's own list comes where the file stands, and its content where `_self_` does."""
    defaults = expand(
        {
            "config": "defaults: [base, _self_, model: svm, model@second: mlp]",
            "base": "defaults: [_self_, low]",
            "low": "k: 1",
        }
    )
    assert order(defaults) == ["base@", "low@", "config@", "svm@model", "mlp@second"]


def test_a_relative_group_lies_in_the_folder_of_its_file(expand: Expand) -> None:
    """Groups, files and packages are relative to the file that lists them; a slash starts at the config folder."""
    files = {
        "config": "defaults: [server: web]",
        "server/web": "defaults: [db: my, /model@_here_: svm, /model: mlp]",
        "server/db/my": "",
    }
    assert order(expand(files)) == ["my@server.db", "svm@server", "mlp@server.model", "web@server", "config@"]


def test_moving_a_file_moves_what_it_lists(expand: Expand) -> None:
    """A package counts for the whole subtree, except where that says `_global_`."""
    files = {
        "config": "defaults: [server/web@admin]",
        "server/web": "defaults: [db@backup: my, db@_global_.top: my]",
        "server/db/my": "",
    }
    defaults = expand(files)
    assert order(defaults) == ["my@admin.backup", "my@top", "web@admin", "config@"]
    assert defaults.choices == {"server/db@admin.backup": "my", "server/db@top": "my"}


def test_the_command_line_chooses(expand: Expand) -> None:
    """`=` changes a choice, `+` adds one after all others, `~` drops one."""
    config = {"config": "defaults: [model: svm, model@b: svm]"}
    defaults = expand(config, "model=mlp", "~model@b", "+model@c=tree")
    assert order(defaults) == ["mlp@model", "config@", "tree@c"]
    assert defaults.choices == {"model": "mlp", "model@c": "tree"}


def test_several_options_of_one_group(expand: Expand) -> None:
    """A list chooses all of its options, in its order, and one of them can be dropped."""
    config = {"config": "defaults: [model: [svm, mlp, tree]]"}
    assert order(expand(config)) == ["svm@model", "mlp@model", "tree@model", "config@"]
    assert expand(config, "~model/mlp").choices == {"model": ("svm", "tree")}
    assert expand(config, "model=[tree]").choices == {"model": ("tree",)}
    assert order(expand(config, "~model")) == ["config@"]


def test_the_last_override_of_a_choice_stands(expand: Expand) -> None:
    """Later entries of a list override earlier ones, a file overrides those that it lists."""
    experiments = {
        "one/a": "# @package _global_\ndefaults: [override /model: mlp]",
        "two/b": "# @package _global_\ndefaults: [override /model: tree]",
    }
    lists = {
        "[model: svm, one: a, two: b]": "tree",
        "[model: svm, two: b, one: a]": "mlp",
        "[model: svm, two: b, override model: mlp]": "mlp",
        "[model: svm, override model: mlp, override model: tree]": "tree",
    }
    for text, option in lists.items():
        assert expand(experiments | {"config": f"defaults: {text}"}).choices["model"] == option


def test_the_command_line_overrides_the_overrides(expand: Expand) -> None:
    """What is typed outweighs the files; an added experiment outweighs the primary config."""
    files = {
        "config": "defaults: [model: svm, override model: tree]",
        "exp/e": "# @package _global_\ndefaults: [override /model: mlp]",
    }
    assert expand(files, "+exp=e").choices["model"] == "mlp"
    assert expand(files, "+exp=e", "model=svm").choices["model"] == "svm"


def test_interpolations_wait_for_the_choices_that_they_name(expand: Expand) -> None:
    """An entry may name choices that come later, elsewhere, or from interpolations themselves."""
    files = {
        "config": "defaults: [third: '${second}', server: web, second: '${model}', model: svm, 'tune/${model}']",
        "server/web": "defaults: [db: '${model}']",
        "server/db/svm": "",
        "second/svm": "",
        "third/svm": "",
        "tune/svm": "",
    }
    assert order(expand(files))[:3] == ["svm@third", "svm@server.db", "web@server"]
    assert expand(files).choices["third"] == "svm"


def test_an_optional_file_may_be_missing(expand: Expand) -> None:
    """`optional` forgives a missing file only, and twice as well."""
    config = {"config": "defaults: [optional model: nope, optional x: y, optional model@b: [svm, nope]]"}
    assert order(expand(config)) == ["svm@b", "config@"]
    assert expand({"config": "defaults: [optional x: y, optional x: y]"}).choices == {"x": "y"}


def test_a_choice_of_nothing_waits_for_an_override(expand: Expand) -> None:
    """`db: null` offers a choice without making it."""
    config = {"config": "defaults: [model: null]"}
    assert (order(expand(config)), expand(config).choices) == (["config@"], {"model": None})
    assert order(expand(config, "model=svm")) == ["svm@model", "config@"]


def test_a_deletion_of_another_option_is_refused_whoever_chose(expand: Expand) -> None:
    """`~model=mlp` deletes mlp alone, also where a defaults list overrides the choice; the advice works."""
    config = {"config": "defaults: [model: mlp, override /model: svm]"}
    with pytest.raises(ConfigError, match="model is svm; type '~model' to delete it all the same"):
        expand(config, "~model=mlp")
    assert order(expand(config, "~model=svm")) == order(expand(config, "~model")) == ["config@"]


def test_settings_of_hydra_are_passed_over(expand: Expand) -> None:
    """Lists that also choose Hydra's launcher or logging lead to the same files."""
    assert order(expand({"config": "defaults: [hydra/x: y, model: svm, override hydra/launcher: joblib]"})) == [
        "svm@model",
        "config@",
    ]


@pytest.mark.parametrize(
    ("files", "chain"),
    [
        ({"a": "defaults: [b]", "b": "defaults: [a]"}, r"a\.yaml -> \S*b\.yaml -> \S*a\.yaml$"),
        ({"a": "defaults: [a@x]"}, r"a\.yaml -> \S*a\.yaml$"),
        ({"a": "defaults: [{/g@_here_: x}]", "g/x": "defaults: [/a@_here_]"}, r"a\.yaml -> \S*x\.yaml -> \S*a\.yaml$"),
    ],
)
def test_files_that_include_each_other_are_named(expand: Expand, files: dict[str, str], chain: str) -> None:
    """A cycle is an error that names the chain, also where the package changes at every turn."""
    with pytest.raises(ConfigError, match=f"include each other without end: .*{chain}"):
        expand({"config": "defaults: [a]", **files})


def test_a_file_may_stand_below_itself_where_the_choices_end_it(expand: Expand) -> None:
    """A tree of one node file, of which the leaves choose another option, is no cycle."""
    files = {"config": "defaults: [n@t: node]", "n/node": "defaults: [/n@l: leaf]", "n/leaf": ""}
    assert order(expand(files, "n@t.l=node")) == ["leaf@t.l.l", "node@t.l", "node@t", "config@"]


def test_depth_is_limited_by_the_number_of_files(expand: Expand) -> None:
    """A chain that no one writes ends in an error, not in a crash of Python."""
    files = {f"f{number}": f"defaults: [f{number + 1}]" for number in range(70)}
    with pytest.raises(ConfigError, match="include each other without end"):
        expand(files | {"config": "defaults: [f0]"})
