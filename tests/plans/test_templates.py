"""Laws of templates: describing a point the cheap way comes to the same as composing it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mag.config.composition.composer import Composer
from mag.config.identity import compute_identity
from mag.config.language.grammar import parse_overrides
from mag.config.language.override import format_value
from mag.config.schema import Field, OneOf, Scalar, Schema, Schemas
from mag.errors import MagError, SchemaError
from mag.plans.describer import Describer
from mag.plans.descriptions import Description, describe_point, make_tools
from mag.plans.grids import build_grid
from mag.plans.space import Grid, Point
from mag.plans.templates import Template
from mag.record.names import name_config
from mag.settings import Settings

CONFIG = {
    "C": 1,
    "lr": 0.5,
    "_seed": 0,
    "flag": True,
    "model": {"name": "svm", "sizes": [8, 16], "_device": "cpu", "none": None, "deep": {"x": 1, "y": 1.5}},
    "zz": "last",
}
SETTINGS = (
    Settings(),
    Settings(separator="-"),
    Settings(identifier=("lr", "model.name", "model.deep.x", "nothing")),
    Settings(secrets=("*name",)),
)
KEYS = ["C", "lr", "_seed", "flag", "model.name", "model.sizes", "model._device", "model.none", "model.deep.x", "zz"]
NUMBERS = st.integers(-3, 3) | st.floats() | st.sampled_from([2**53, 2**53 + 1, 10**30, -0.0])
SCALARS = st.none() | st.booleans() | NUMBERS | st.sampled_from(["a", "", "x|y", "é%", "1", "true", ".hidden"])
VALUES = st.lists(SCALARS, min_size=2, max_size=4) | st.lists(st.lists(SCALARS, max_size=2), min_size=2, max_size=3)
MIXED = st.lists(SCALARS | st.lists(SCALARS, max_size=2), min_size=2, max_size=3)
ODD = ["${C}", "${.name}", "x-${lr}", "${model.deep}", "${zz}", "${oc.env:HOME}", "${nothing}"]


def write(folder: Path, config: dict[str, Any]) -> Composer:
    """Return a composer of a folder that holds one config."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return Composer(folder, "config")


def grid_of(composer: Composer, *texts: str) -> Grid:
    """Return the grid that overrides span."""
    return build_grid(parse_overrides(texts), composer)


def spell(description: Description) -> tuple[Any, ...]:
    """Return all that is said of a point; types and order of keys count."""
    resolved = json.dumps(description.source.resolve(description.point))
    found = [repr(description.find(key)) for key in [*KEYS, "model.deep", "new", "model"]]
    return description.identity, description.name, resolved, found


def describe(point: Point, describer: Describer) -> Any:
    """Return what a describer says of a point, or the kind of its error."""
    try:
        return spell(describer.describe(point))
    except MagError as error:
        return type(error), str(error)


def test_schema(tmp_path: Path) -> None:
    """With a schema, too: values of one type, of which each is converted, or refused, by itself."""
    fields = {"C": Field(Scalar("float"), 0.0), "mode": Field(OneOf((1, 2)), 1), "name": Field(Scalar("str"), "x")}
    (tmp_path / "config.yaml").write_text("C: 1")
    composer = Composer(tmp_path, "config", Schemas(Schema("Config", fields)))
    grid = grid_of(composer, "C=1,2.5,'3'", "mode=1,2,3", "name=a,7")
    describer = Describer(composer, Settings())
    for point in grid:
        refused = "mode=3" in [override.text for override in point.assign()]
        if refused:
            with pytest.raises(SchemaError, match="mode is 3, but must be one of 1, 2"):
                describer.describe(point)
        else:
            assert spell(describer.describe(point)) == in_full(point, composer, Settings())


def in_full(point: Point, composer: Composer, settings: Settings) -> Any:
    """Return what describing in full says, which agrees with hashing and naming the config, or its error."""
    try:
        description, config = describe_point(point, make_tools(composer, settings))
        assert description.identity == compute_identity(config.resolved)
        name = name_config(config.resolved, description.identity, settings)
        if not config.late and not name.endswith(f"~{description.identity[:10]}"):  # no name has late or all values
            assert description.name == name
        return spell(description)
    except MagError:
        return describe(point, Describer(composer, settings))  # the first point has no template; its error has a place


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> Composer:
    """Return a composer of the config above."""
    return write(tmp_path_factory.mktemp("configs"), CONFIG)


@given(st.dictionaries(st.sampled_from([*KEYS, "+new", "++lr", "+model.new"]), VALUES | MIXED, max_size=3), st.data())
def test_incremental_is_full(composer: Composer, swept: dict[str, list[Any]], data: st.DataObject) -> None:
    """Whatever is swept, each point has the identity, the name and the config that composing it gives."""
    settings = data.draw(st.sampled_from(SETTINGS))
    texts = [f"{key}={','.join(map(format_value, values))}" for key, values in swept.items()]
    try:
        grid = grid_of(composer, *texts)
    except MagError:
        return  # the same key twice, or hidden keys alone
    describer = Describer(composer, settings)
    for point in grid:
        assert describe(point, describer) == in_full(point, composer, settings)


@given(st.lists(st.sampled_from(ODD), min_size=1, max_size=3), st.lists(st.sampled_from(KEYS), min_size=1, max_size=2))
def test_interpolations(tmp_path_factory: pytest.TempPathFactory, odd: list[str], swept: list[str]) -> None:
    """A config whose texts refer to swept keys, to each other or to the environment comes out as if composed alone."""
    config = CONFIG | {f"ref{number}": text for number, text in enumerate(odd)}
    composer = write(tmp_path_factory.mktemp("configs"), config)
    values = ",".join(["1", "2", *(format_value(text) for text in odd)])
    grid = grid_of(composer, *(f"{key}={values}" for key in dict.fromkeys([*swept, "C"])))
    describer = Describer(composer, Settings())
    for point in grid:
        assert describe(point, describer) == in_full(point, composer, Settings())


@pytest.mark.parametrize(
    ("texts", "cheap"),
    [
        (["C=1,2,3"], True),
        (["C=1,2", "lr=1,2,3", "model.deep.x=1,2"], True),
        (["C=1,2,3", "model.name=x"], True),
        (["model.deep.x=1,2,3", "model.deep={y: 2}"], False),
        (["model.deep={x: 1},{x: 2},{x: 3}"], False),
        (["model.sizes.0=1,2,3"], False),
        (["C=1,'${lr}',3"], False),
        (["+a.b=1,2,3", "+a.c=1,2"], True),
    ],
)
def test_when_it_is_cheap(composer: Composer, texts: list[str], cheap: bool) -> None:
    """Values of keys that have nothing to do with each other are described cheaply, all others are composed."""
    describer = Describer(composer, Settings())
    last = [describer.describe(point) for point in grid_of(composer, *texts)][-1]
    assert isinstance(last.source, Template) is cheap


@pytest.mark.parametrize(
    ("text", "cheap"),
    [("${lr}", True), ("${C}", False), ("${.lr}", True), ("${oc.env:HOME}", True), ("${oc.select:C}", False)],
)
def test_cheap_beside_interpolations(tmp_path: Path, text: str, cheap: bool) -> None:
    """Interpolations that cannot depend on what is swept do not make a sweep expensive."""
    composer = write(tmp_path, CONFIG | {"reference": text})
    describer = Describer(composer, Settings())
    last = [describer.describe(point) for point in grid_of(composer, "C=1,2,3")][-1]
    assert isinstance(last.source, Template) is cheap


def test_values_without_end(composer: Composer) -> None:
    """More values of one key than are remembered at a time make no difference."""
    describer = Describer(composer, Settings())
    points = list(grid_of(composer, "C=range(5000)", "lr=1,2"))
    names = [describer.describe(point).name for point in points]
    assert len(set(names)) == len(names)
    assert describe(points[-1], describer) == in_full(points[-1], composer, Settings())


@pytest.mark.parametrize("other", ["${place}", "${oc.select:C}"])
def test_environment_is_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    """What a config asks of the environment is what it was when the point was described."""
    monkeypatch.setenv("PLACE", "here")
    composer = write(tmp_path, {"C": 1, "place": "${oc.env:PLACE}", "other": other})
    describer = Describer(composer, Settings())
    described = [describer.describe(point) for point in grid_of(composer, "C=1,2,3")]
    monkeypatch.setenv("PLACE", "there")
    assert [one.source.resolve(one.point)["place"] for one in described] == ["here"] * 3


LATE = {
    "at": "${now:%Y}",
    "out": ["${hydra:runtime.output_dir}"],
    "name": "${hydra:job.name}-${model.name}",
    "n": "${mag:seed}",
}


def test_what_only_the_experiment_knows(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A config with late values has a template, too, and comes out as if composed alone."""
    composer = write(tmp_path_factory.mktemp("configs"), CONFIG | LATE)
    grid = grid_of(composer, "C=1,2,3")
    describer = Describer(composer, Settings())
    for point in grid:
        assert describe(point, describer) == in_full(point, composer, Settings())
    assert any(isinstance(seen, Template) for seen in describer._seen.values())
