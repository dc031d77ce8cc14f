"""Suggestions: the part of an error that says what is known, and which of it is nearest to what was typed."""

from collections import Counter
from collections.abc import Iterable, Sequence

_SHOWN = 20


def name_nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like the given one; None where none is like it.

    A name of which the last part is the given one counts as nearest: `C` means `model.C`; then one in other case. Of a
    dotted name the last parts are compared where the rest is right: all in `model` is like `model.x`, and not meant.

    >>> name_nearest("modle", ["data", "model"]), name_nearest("C", ["model.C"]), name_nearest("x", ["model"])
    ('model', 'model.C', None)
    >>> name_nearest("model.nmae", ["model", "model.name"]), name_nearest("model.x", ["model", "model.y"])
    ('model.name', None)
    """
    names = list(dict.fromkeys(known))
    ending = [other for other in names if other.endswith((f".{name}", f"/{name}"))]
    if ending or name in names:
        return (*ending, name)[0]
    place, dot, last = name.rpartition(".")
    beside = [other.rpartition(".")[2] for other in names if dot and other.rpartition(".")[0] == place]
    if near := _match(last, beside, cutoff):
        return f"{place}.{near}"
    around = [other for other in names if name.startswith(f"{other}.") or (beside and other.startswith(f"{place}."))]
    return _match(name, [other for other in names if other not in around], cutoff)


def _match(name: str, names: list[str], cutoff: float) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    same = [other for other in names if other.casefold() == name.casefold()]
    near = same or get_close_matches(name, names, n=1, cutoff=cutoff)
    return near[0] if near else None


def list_names(names: Iterable[str]) -> str:
    """Return the names as a part of a sentence, cut where there are very many.

    >>> list_names(["a", "b"]), list_names([])
    ('a, b', 'none')
    """
    known = list(names)
    if not known:
        return "none"
    more = len(known) - _SHOWN
    return ", ".join(known[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def shorten_keys(keys: Sequence[str]) -> list[str]:
    """Return of each dotted key the last parts, as many as tell it apart from the others; of `a.b=1` those of `a.b`.

    >>> shorten_keys(["name", "optimizer.lr", "a.x", "b.x", "model.C=1.0"])
    ['name', 'lr', 'a.x', 'b.x', 'C=1.0']
    """
    parted = [(name.split("."), sign + value) for name, sign, value in (key.partition("=") for key in keys)]
    endings = Counter(".".join(parts[-count:]) + rest for parts, rest in parted for count in range(1, len(parts) + 1))
    return [
        next(
            (
                ending
                for count in range(1, len(parts))
                if endings[ending := ".".join(parts[-count:]) + rest] == 1 and parts[-count]
            ),
            ".".join(parts) + rest,
        )
        for parts, rest in parted
    ]
