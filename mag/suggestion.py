"""Suggestions: the part of an error that says what is known, and which of it is nearest to what was typed."""

from collections.abc import Iterable

_SHOWN = 20


def name_nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like the given one; None where none is like it.

    A name of which the last part is the given one counts as nearest: `C` means `model.C`.

    Args:
        name: What was typed.
        known: The names that would have been right.
        cutoff: How alike they must be, from 0 to 1.

    >>> name_nearest("modle", ["data", "model"]), name_nearest("C", ["model.C"]), name_nearest("x", ["model"])
    ('model', 'model.C', None)
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    names = list(dict.fromkeys(known))
    ending = [other for other in names if other.endswith((f".{name}", f"/{name}"))]
    near = ending[:1] or get_close_matches(name, names, n=1, cutoff=cutoff)
    return near[0] if near else None


def list_names(names: Iterable[str]) -> str:
    """Return the names as a part of a sentence, cut where there are very many.

    Args:
        names: The names, in the order in which to list them.

    >>> list_names(["a", "b"]), list_names([])
    ('a, b', 'none')
    """
    known = list(names)
    if not known:
        return "none"
    more = len(known) - _SHOWN
    return ", ".join(known[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
