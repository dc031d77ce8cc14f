r"""The view: a plain, resolved config as the user's function sees it.

A text in it stands for itself. OmegaConf would take `${` for an interpolation, and so it is escaped: the function gets
what was composed, `${a}` where `\${a}` was written, and what the record tells.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mag.patterns import compile_lazily

if TYPE_CHECKING:
    from omegaconf import DictConfig

_OPENING = compile_lazily(r"(\\*)\$\{")


def make_view(plain: dict[str, Any], late: Iterable[tuple[Any, ...]] = ()) -> "DictConfig":
    """Return a resolved config as a read-only `DictConfig` without other keys; what is late in it OmegaConf resolves.

    Raises:
        Exception: Whatever OmegaConf says of a config that it cannot hold.
    """
    from omegaconf import OmegaConf  # noqa: PLC0415  (start-up: not everybody who imports mag composes)

    from mag.config.frozen import freeze  # noqa: PLC0415

    config: dict[str, Any] = escape(plain)
    for path in late:
        holder, source = config, plain
        for name in path[:-1]:
            holder, source = holder[name], source[name]
        holder[path[-1]] = source[path[-1]]
    return freeze(OmegaConf.create(config))


def escape(value: Any) -> Any:
    r"""Return plain data with every text escaped, so that OmegaConf reads it as it is; also a backslash before `${`.

    >>> print(*escape(["${a}", "a$b", r"\${a}"]))
    \${a} a$b \\\${a}
    """
    if isinstance(value, str):
        return _OPENING.sub(r"\1\1\\${", value) if "${" in value else value
    if isinstance(value, dict):
        return {key: escape(item) for key, item in value.items()}
    return [escape(item) for item in value] if isinstance(value, list) else value
