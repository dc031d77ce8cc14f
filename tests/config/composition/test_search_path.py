"""The laws of the search path."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition.composer import Composer
from mag.config.composition.search_path import read_search_path
from mag.errors import ConfigError

WriteConfigs = Callable[[dict[str, str]], Path]
SOURCE = Path("config.yaml")


def test_every_kind_of_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files by URL or path, with interpolations, and packages, which are not imported."""
    monkeypatch.setenv("SHARED", "/shared")
    places = ["file:///a/b", "c", "file://${oc.env:SHARED}/d", "pkg://mag.config/e"]
    found = read_search_path({"hydra": {"searchpath": places}}, SOURCE)
    assert found[:3] == (Path("/a/b"), Path("c"), Path("/shared/d"))
    assert found[3].parts[-3:] == ("mag", "config", "e")


@pytest.mark.parametrize("content", [{}, {"hydra": None}, {"hydra": {"run": {}}}, {"hydra": {"searchpath": None}}])
def test_there_need_be_none(content: dict[str, object]) -> None:
    """Most configs name no further folders."""
    assert read_search_path(content, SOURCE) == ()


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ("conf", "must be a list"),
        ([5], "must be a list"),
        (["s3://x"], "it takes file://"),
        (["pkg://no_such"], "no package"),
    ],
)
def test_what_is_no_place_is_refused(places: object, message: str) -> None:
    """A search path that cannot be followed names its file."""
    with pytest.raises(ConfigError, match=rf"^config\.yaml: hydra\.searchpath .*{message}"):
        read_search_path({"hydra": {"searchpath": places}}, SOURCE)


def test_groups_of_further_folders_can_be_chosen(write_configs: WriteConfigs) -> None:
    """The primary config's search path counts from the first question on."""
    root = write_configs({"conf/config": "hydra: {searchpath: ['${oc.env:MORE}']}\nk: 1", "more/db/my": "port: 1"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MORE", str(root / "more"))
        composer = Composer(root / "conf", "config")
        assert composer.options("db") == ("my",)
