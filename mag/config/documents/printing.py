"""A config as YAML text, such that reading it gives the same config."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from mag.patterns import compile_lazily

_FLOAT_WITHOUT_DOT = compile_lazily(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+")


def format_yaml(config: Mapping[str, Any]) -> str:
    """Return a plain config as YAML, keys in their order.

    >>> print(format_yaml({"lr": 1e-5, "name": "1e-5", "layers": [10, 10]}), end="")
    lr: 1e-05
    name: '1e-5'
    layers:
    - 10
    - 10
    """
    if not config:
        return ""
    import yaml  # noqa: PLC0415  (start-up)

    text: str = yaml.dump(config, Dumper=_make_dumper(), sort_keys=False, allow_unicode=True, width=10_000)
    return text


def format_inline(value: Any) -> str:
    """Return a plain value as YAML in one line.

    >>> format_inline({"a": [1, "b c"], "d": None}), format_inline("yes"), format_inline(1e-5)
    ('{a: [1, b c], d: null}', "'yes'", '1e-05')
    """
    import yaml  # noqa: PLC0415

    flow = isinstance(value, dict | list)
    text = str(
        yaml.dump(
            [value],
            Dumper=_make_dumper(),
            default_flow_style=flow,
            allow_unicode=True,
            sort_keys=False,
            width=1 << 30,
        )
    ).strip()
    if "\n" in text:
        return json.dumps(value, ensure_ascii=False)
    return text[1:-1] if flow else text[2:]


@functools.cache
def _make_dumper() -> Any:
    """Return a dumper that writes floats as mag's reader reads them: `1e-05` is a float, and as a string is quoted."""
    import yaml  # noqa: PLC0415

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, _data: object) -> bool:
            return True

    def represent_float(dumper: Any, value: float) -> Any:
        text = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}.get(repr(value), repr(value))
        return dumper.represent_scalar("tag:yaml.org,2002:float", text)

    Dumper.add_representer(float, represent_float)
    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT_WITHOUT_DOT, list("-+0123456789"))
    return Dumper
