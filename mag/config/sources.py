"""The forms in which a config may be handed to `Experiment`, made one: a plain, resolved dict."""

import dataclasses
import json
import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from mag.config.composition.interpolation import resolve
from mag.config.documents.document import read_yaml
from mag.errors import ConfigError, YamlError


def read_source(source: object) -> dict[str, Any]:
    """Return the plain, resolved config that the user gave in one form or another.

    Raises:
        ConfigError: It is of another kind, or cannot be resolved.
        YamlError: The file cannot be read, or holds no mapping.
    """
    if isinstance(source, str | os.PathLike):
        return resolve(_read_file(Path(source)))
    if type(source) is dict:
        return resolve(_settle(source))
    from omegaconf import DictConfig, OmegaConf  # noqa: PLC0415  (start-up)

    if not (isinstance(source, DictConfig | Mapping) or dataclasses.is_dataclass(source)):
        kind = type(source).__name__
        raise ConfigError(
            f"A config of type {kind} cannot be used: give a dict, DictConfig, dataclass or a file's path."
        )
    config = OmegaConf.create(source)  # type: ignore[call-overload]
    plain = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    return resolve(dict(plain))  # type: ignore[arg-type]


_SCALARS = (bool, int, float, str)


def _settle(value: Any) -> Any:
    """Return a value with NumPy's scalars in it, and others that are Python's with more to them, as Python's own."""
    if value is None or type(value) in _SCALARS or isinstance(value, Enum):
        return value
    if type(value) is dict:
        return {key: _settle(item) for key, item in value.items()}
    if type(value) is list:
        return [_settle(item) for item in value]
    if kinds := [kind for kind in _SCALARS if isinstance(value, kind)]:
        return kinds[0](value)
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "dtype") else value


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise YamlError(f"Cannot read the config {path}: {reason}.") from error
    content = _read_json(text, path) if path.suffix == ".json" else read_yaml(text, path)
    if not isinstance(content, dict):
        raise YamlError(f"{path} holds no mapping: a config is a mapping of keys to values.")
    return content


def _read_json(text: str, path: Path) -> Any:
    """Return the content of a JSON file, which is nearly but not quite YAML: of an emoji it may hold two halves."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise YamlError(f"{path}:{line}: {getattr(error, 'msg', 'nested too deep')}.") from error
