"""Laws of schemas, dataclasses or pydantic models: they hold wherever an app is run, and not where it is called."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from omegaconf import OmegaConf
from pydantic import BaseModel, field_validator
from pydantic import Field as Limited

import mag
from mag.config.annotations import read_schemas
from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_overrides
from mag.config.schema import Schemas
from mag.errors import ConfigError, UsageError


class Color(Enum):
    """An enum."""

    RED = 1


@dataclass
class Data:
    """A nested schema."""

    path: Path = Path("data")
    split: float | None = None


@dataclass
class Config:
    """A schema of all kinds of fields."""

    steps: int
    lr: float = 0.1
    color: Color = Color.RED
    mode: Literal["a", "b"] = "a"
    sizes: list[int] = field(default_factory=lambda: [8])
    data: Data = field(default_factory=Data)


@dataclass
class Svm:
    """The schema of an option."""

    C: float = 1.0


@dataclass
class Fast:
    """The schema of an option that is merged with another."""

    steps: int = 1


def read(whole: Any = Config, **options: Any) -> Schemas:
    """Return schemas that are there."""
    schemas = read_schemas(whole, {name.replace("_", "/"): each for name, each in options.items()})
    assert schemas is not None
    return schemas


def test_schema_without_any_file() -> None:
    """A schema may stand in for the primary config: its defaults are what is not typed."""
    config = Composer(None, None, read()).compose(parse_overrides(["steps=3", "lr=1", "data.split=1"]))
    data = {"path": "data", "split": 1.0}
    assert config == {"steps": 3, "lr": 1.0, "color": "RED", "mode": "a", "sizes": [8], "data": data}
    assert type(config["lr"]) is float


def test_option_with_its_schema(tmp_path: Path) -> None:
    """A schema of an option holds where that option is chosen, wherever its content goes, and nowhere else."""
    (tmp_path / "model").mkdir()
    (tmp_path / "config.yaml").write_text("defaults: [model: mlp, model@old: svm]")
    (tmp_path / "model" / "svm.yaml").write_text("{}")
    (tmp_path / "model" / "mlp.yaml").write_text("C: many")
    composer = Composer(tmp_path, "config", read(None, model_svm=Svm))
    assert composer.compose([]) == {"model": {"C": "many"}, "old": {"C": 1.0}}
    with pytest.raises(ConfigError, match=r"model\.C is 'few', but must be float"):
        composer.compose(parse_overrides(["model=svm", "model.C=few"]))


def test_several_options_with_their_schemas(tmp_path: Path) -> None:
    """Of options that are merged, the keys of all are known; where one has no schema, nothing can be said."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "svm.yaml").write_text("C: 2")
    (tmp_path / "model" / "fast.yaml").write_text("steps: 3")
    (tmp_path / "model" / "odd.yaml").write_text("odd: 1")
    (tmp_path / "config.yaml").write_text("defaults: [model: [svm, fast]]")
    composer = Composer(tmp_path, "config", read(None, model_svm=Svm, model_fast=Fast))

    assert composer.compose([]) == {"model": {"C": 2.0, "steps": 3}}
    assert composer.compose(parse_overrides(["model=[svm,odd]"])) == {"model": {"C": 2, "odd": 1}}
    with pytest.raises(ConfigError, match=r"model\.steps is 'x', but must be int"):
        composer.compose(parse_overrides(["model.steps=x"]))


def test_programs_compose_and_plan_with_schemas() -> None:
    """`mag.compose` and `mag.plan` take the schemas that `@mag.main` takes, and hold every point to them."""
    assert mag.compose(["C=3"], config_name=None, schema=Svm) == {"C": 3.0}
    assert [e.config for e in mag.plan(["C=1,2"], config_name=None, schema=Svm)] == [{"C": 1.0}, {"C": 2.0}]
    with pytest.raises(ConfigError, match="must be float"):
        mag.plan(["C=1,few"], config_name=None, schema=Svm)


def test_a_key_that_no_schema_has() -> None:
    """What the schema would refuse is no advice."""
    with pytest.raises(ConfigError, match=r"stpes=1: there is no key stpes, did you mean steps\?$"):
        Composer(None, None, read()).compose(parse_overrides(["stpes=1"]))


def test_deleted_key() -> None:
    """A key of the schema cannot be deleted, for it would come back with its default."""
    with pytest.raises(ConfigError, match="~lr would delete a key of the schema"):
        Composer(None, None, read()).compose(parse_overrides(["steps=1", "~lr"]))


@dataclass
class Odd:
    """A schema with a field that no config can hold."""

    x: bytes = b""


@pytest.mark.parametrize(("given", "message"), [(3, "is decorated with @dataclass"), (Odd, "Odd.x is of type")])
def test_class_that_is_no_schema(given: Any, message: str) -> None:
    """What cannot be a schema is refused, with the field that keeps it from being one."""
    with pytest.raises(UsageError, match=message):
        read_schemas(given, None)


def test_plain_call() -> None:
    """Called with a config, the function is called with it, whatever the schema says."""

    @mag.main(schema=Config)
    def train(config: Any) -> Any:
        return config

    assert train({"anything": 1}) == {"anything": 1}


class Inner(BaseModel):
    """A model inside another."""

    depth: int = 2


class Model(BaseModel):
    """A pydantic model that says nothing but types and defaults."""

    steps: int
    lr: float = 0.1
    sizes: list[int] = [8]
    inner: Inner = Inner(depth=3)


def test_pydantic_model_types_as_a_dataclass_does() -> None:
    """A pydantic model is a schema like any other: defaults, conversion, and errors with the key."""
    composer = Composer(None, None, read(Model))

    assert composer.compose(parse_overrides(["steps=3", "lr=1"])) == {
        "steps": 3,
        "lr": 1.0,
        "sizes": [8],
        "inner": {"depth": 3},
    }
    with pytest.raises(ConfigError, match=r"inner\.depth is 'deep', but must be int"):
        composer.compose(parse_overrides(["steps=3", "inner.depth=deep"]))
    with pytest.raises(ConfigError, match="did you mean steps"):
        composer.compose(parse_overrides(["+step=3"]))


class Constrained(BaseModel):
    """A model with a constraint."""

    lr: float = Limited(gt=0)


class Validated(BaseModel):
    """A model with a validator."""

    lr: float = 0.1

    @field_validator("lr")
    @classmethod
    def check(cls, value: float) -> float:
        """Return the value."""
        return value


class Renamed(BaseModel):
    """A model whose field has another name outside."""

    lr: float = Limited(0.1, alias="rate")


class Nested(BaseModel):
    """A model with a constraint further inside."""

    sizes: list[Annotated[int, Limited(gt=0)]] = []


@pytest.mark.parametrize("model", [Constrained, Validated, Renamed, Nested])
def test_what_would_go_unchecked_is_refused(model: Any) -> None:
    """A model that checks more than types is refused, with what to do instead; doing that works."""
    with pytest.raises(UsageError, match=r"model_validate\(OmegaConf.to_container\(config\)\)"):
        read(model)
    config = OmegaConf.create({"lr": 1.0, "rate": 1.0, "sizes": [1]})
    assert isinstance(model.model_validate(OmegaConf.to_container(config)), model)
