"""Composition for programs: `mag.compose`, and the composer that they plan with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_overrides
from mag.errors import ConfigError

if TYPE_CHECKING:
    from omegaconf import DictConfig


def make_composer(
    config_path: str | Path | None,
    config_name: str | None,
    schema: type | None = None,
    group_schemas: Mapping[str, type] | None = None,
) -> Composer:
    """Return a composer of what a program names: see `compose`.

    Raises:
        UsageError: A schema is none.
    """
    schemas = None
    if schema is not None or group_schemas:
        from mag.config.annotations import read_schemas  # noqa: PLC0415 - most programs have none

        schemas = read_schemas(schema, group_schemas)
    return Composer(None if config_path is None else Path(config_path), config_name, schemas)


def compose(
    overrides: Sequence[str] = (),
    *,
    config_path: str | Path | None = None,
    config_name: str | None = "config",
    schema: type | None = None,
    group_schemas: Mapping[str, type] | None = None,
) -> "DictConfig":
    """Return the config that config files and overrides make, unresolved.

    Args:
        overrides: Overrides such as `model=mlp` or `model.C=10`, none of them a sweep.
        config_path: The folder of config files; None for no files.
        config_name: The primary config, with or without `.yaml`; None for an empty one.
        schema: A dataclass or pydantic model that the config must fit, and whose defaults it has.
        group_schemas: The same for single options, by `group/option`.

    Returns:
        A `DictConfig` in struct mode: reading or setting a key that is not there is an error.

    Raises:
        ConfigError: A file, a defaults list or an override is wrong; an `OverrideError` where it is an override, a
            `SchemaError` where a value does not fit.
        UsageError: A schema is none.

    >>> compose(["+model.C=10"])
    {'model': {'C': 10}}
    """
    from omegaconf import OmegaConf  # noqa: PLC0415 - start-up is a feature
    from omegaconf.errors import OmegaConfBaseException  # noqa: PLC0415

    composer = make_composer(config_path, config_name, schema, group_schemas)
    plain = composer.compose(parse_overrides(overrides))
    try:
        config = OmegaConf.create(plain)
    except OmegaConfBaseException as error:
        said = str(error).partition("\n")[0]
        raise ConfigError(f"the composed config cannot be read by OmegaConf, at {error.full_key}: {said}") from None
    OmegaConf.set_struct(config, True)
    return config
