"""The functions of the override language: `choice range lin log interval glob tag sort shuffle`, casts.

Each takes a `Call`, whose arguments are read already, and returns a plain value or a sweep. What does not fit
is an OverrideError that says why; the reader of the override adds the place.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from mag.config.language.calls import Call, cast, describe, expand_range, space_evenly, space_geometrically
from mag.config.language.override import Choice, Glob, Interval
from mag.errors import OverrideError


def evaluate(call: Call) -> Any:
    """Return what a call stands for: a plain value, or a sweep.

    Raises:
        OverrideError: The function is unknown, or the arguments do not fit it.

    >>> evaluate(Call("sort", (3, 1, 2), {"reverse": True}, "x=sort(3,1,2,reverse=true)")).values
    (3, 2, 1)
    """
    if call.name in FUNCTIONS:
        return FUNCTIONS[call.name](call)
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    near = get_close_matches(call.name.lower(), FUNCTIONS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(FUNCTIONS)}"
    raise OverrideError(f"there is no function {call.name!r} ({hint})")


def make_choice(call: Call) -> Choice:
    """`choice(a,b,...)`: the values, in the order in which they stand."""
    call.check_names()
    if not call.positional:
        raise OverrideError("choice() needs at least one value")
    call.check_plain(call.positional)
    return Choice(call.positional)


def make_range(call: Call) -> Choice:
    """`range(stop)`, `range(start,stop)` or `range(start,stop,step)`: without the stop, exact in decimal."""
    bounds = call.bind("start", "stop", "step", optional=2)
    start, stop, step = bounds["start"], bounds.get("stop"), bounds.get("step", 1)
    span = (0, start, step) if stop is None else (start, stop, step)
    call.check_numbers(span)
    return Choice(expand_range(*span), span=span)


def make_lin(call: Call) -> Choice | Interval:
    """`lin(start,end,num=5)`: floats at equal distances, both ends included; without `num` any between."""
    bounds = call.bind("start", "end", "num", optional=1)
    start, end = bounds["start"], bounds["end"]
    call.check_numbers((start, end))
    if "num" in bounds:
        return Choice(space_evenly(start, end, _check_num(bounds["num"])))
    return Interval(float(start), float(end))


def make_log(call: Call) -> Choice | Interval:
    """`log(start,end,num=5)`: floats at equal ratios, both ends included; without `num` any between."""
    bounds = call.bind("start", "end", "num", optional=1)
    start, end = bounds["start"], bounds["end"]
    call.check_numbers((start, end))
    if min(start, end) <= 0 or start == end:
        raise OverrideError(f"log() needs two different positive ends, not {start!r} and {end!r}")
    if "num" in bounds:
        return Choice(space_geometrically(start, end, _check_num(bounds["num"])))
    return Interval(float(start), float(end), log=True)


def make_interval(call: Call) -> Interval:
    """`interval(start,end)`: any float between; `int(interval(1,9))`: any int."""
    bounds = call.bind("start", "end")
    call.check_numbers(bounds.values())
    return Interval(float(bounds["start"]), float(bounds["end"]))


def make_glob(call: Call) -> Glob:
    """`glob(a*)` or `glob([a*,b*],exclude=c*)`: the options of a group that fit."""
    patterns = call.bind("include", "exclude", optional=1)
    return Glob(_read_patterns(patterns["include"]), _read_patterns(patterns.get("exclude", [])))


def tag_sweep(call: Call) -> Choice | Interval:
    """`tag(t1,t2,SWEEP)`: names for the sampler; `tag(log,interval(a,b))` is on a logarithmic scale."""
    call.check_names("sweep")
    values = (*call.positional, *call.named.values())
    sweep = values[-1] if values else None
    if not isinstance(sweep, (Choice, Interval)):
        raise OverrideError(f"tag() ends with a choice(), range(), interval() or log(), not with {describe(sweep)}")
    for tag in values[:-1]:
        if not isinstance(tag, str):
            raise OverrideError(f"tag() takes texts before the sweep, not {describe(tag)}")
    tags = tuple(dict.fromkeys((*values[:-1], *sweep.tags)))
    if isinstance(sweep, Interval):
        return sweep._replace(tags=tags, log=sweep.log or "log" in tags)
    return replace(sweep, tags=tags)


def sort_values(call: Call) -> Any:
    """`sort(3,1,2)`, `sort([3,1,2])`, `sort(SWEEP)`: ascending, or descending with `reverse=true`."""
    reverse = call.named.get("reverse", False)
    if not isinstance(reverse, bool):
        raise OverrideError(f"sort() takes reverse=true or reverse=false, not reverse={describe(reverse)}")
    for value in call.positional[1:]:
        if value is None or isinstance(value, (list, dict)):
            raise OverrideError(f"sort() takes one list, one sweep or several scalars, not {describe(value)}")

    def ascend(values: Iterable[Any]) -> list[Any]:
        """Return the values in ascending order."""
        try:
            return sorted(values, reverse=reverse)
        except TypeError:
            raise OverrideError("sort() cannot order values of different types") from None

    return _arrange(call, "reverse", ascend)


def shuffle_values(call: Call) -> Any:
    """`shuffle(1,2,3)`, `shuffle([1,2,3])`, `shuffle(SWEEP)`: in an order without meaning, that of `seed=7`.

    Without a seed the order follows from the text of the whole override: typed again, on any machine, it
    plans the same points in the same order.
    """
    from hashlib import sha256  # noqa: PLC0415 - few overrides need it

    seed = describe(call.named["seed"]) if "seed" in call.named else call.text

    def shuffle(values: Iterable[Any]) -> list[Any]:
        """Return the values in the order that the seed draws."""
        keyed = [(sha256(f"{index} {seed}".encode()).digest(), value) for index, value in enumerate(values)]
        return [value for _, value in sorted(keyed, key=lambda pair: pair[0])]

    return _arrange(call, "seed", shuffle)


def cast_values(call: Call) -> Any:
    """`int(x)`, `float(x)`, `str(x)`, `bool(x)`: a value, list, dict or sweep; several make a choice."""
    call.check_names("value")
    values = call.gather("value")
    if len(values) == 1 and not isinstance(values[0], (list, dict)):
        return cast(call.name, values[0])
    call.check_plain(values)
    return cast(call.name, values[0]) if len(values) == 1 else cast(call.name, Choice(values))


def _arrange(call: Call, option: str, order: Callable[[Iterable[Any]], list[Any]]) -> Any:
    """Put the values of a call, of its list or of its sweep in order."""
    call.check_names("list", "sweep", option)
    values = call.gather("list", "sweep")
    if len(values) == 1 and isinstance(values[0], Choice):
        ordered = tuple(order(values[0].values))
        return replace(values[0], values=ordered, span=values[0].span if ordered == values[0].values else None)
    call.check_plain(values)
    if len(values) == 1:
        return order(values[0]) if isinstance(values[0], list) else values[0]
    return Choice(tuple(order(values)))


def _read_patterns(value: Any) -> tuple[str, ...]:
    patterns = value if isinstance(value, list) else [value]
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise OverrideError(f"glob() takes patterns such as a*, not {describe(pattern)}")
    return tuple(patterns)


def _check_num(num: Any) -> int:
    if isinstance(num, bool) or not isinstance(num, int) or num < 2:  # noqa: PLR2004 - both ends are included
        raise OverrideError(f"num must be an int of at least 2, not {describe(num)}")
    return num


FUNCTIONS: Final[dict[str, Callable[[Call], Any]]] = {
    "choice": make_choice,
    "range": make_range,
    "lin": make_lin,
    "log": make_log,
    "interval": make_interval,
    "glob": make_glob,
    "tag": tag_sweep,
    "sort": sort_values,
    "shuffle": shuffle_values,
    "int": cast_values,
    "float": cast_values,
    "str": cast_values,
    "bool": cast_values,
}
"""What may stand before `(`."""
