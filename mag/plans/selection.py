"""Selection: the points that pass the filters, each described, each experiment once."""

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mag.config.composition.keys import ABSENT
from mag.config.language.lexer import write_word
from mag.config.language.override import Override
from mag.errors import ConfigError, MagError, SpaceError
from mag.plans.describer import Describer
from mag.plans.descriptions import Description
from mag.plans.samplers import SAMPLERS
from mag.plans.space import Filter, Point, Space, name_key
from mag.suggestion import list_names, name_nearest


class PointFilter:
    """Tells which points pass, and remembers what explains that none does.

    A key that a point does not have is null in its conditions; a key that no point has is an error.
    """

    def __init__(self, common: Sequence[Filter], grids: Sequence[Filter] = ()) -> None:
        self._common = tuple(common)
        self._all = (*common, *grids)
        self._unfound = {key: each for each in (*common, *grids) for key in each.keys}
        self._known: dict[str, None] = {}
        self._removed: Counter[Filter] = Counter()  # how many points each filter would remove if it were alone
        self.dropped = 0

    def passes(self, description: Description) -> bool:
        """Tell whether a point passes all filters.

        Raises:
            SpaceError: A condition compares or calculates with values that do not go together.
        """
        filters = (*self._common, *description.point.grid.filters)
        if not filters:
            return True
        if self._unfound:
            self.look_for_keys(description)
        removing, undecided = _judge(filters, description)
        if undecided is not None and not removing:  # as with `and`: what is left out need not be decided by all
            raise undecided
        self._removed.update(removing)
        self.dropped += bool(removing)
        return not removing

    def rejects(self, point: Point) -> bool:
        """Tell whether a filter leaves out a point that cannot be composed, by what was typed for it alone."""
        filters = (*self._common, *point.grid.filters)
        if not filters:
            return False
        typed = {name_key(override): override for override in point.assign()}
        removing = [each for each in filters if not _keep_typed(each, typed)]
        self._removed.update(removing)
        self.dropped += bool(removing)
        for key in typed:
            self._unfound.pop(key, None)
        return bool(removing)

    @property
    def idle(self) -> tuple[str, ...]:
        """What was excluded, and is no point's: perhaps misspelt."""
        excluding = [each for each in self._all if each.text.startswith("--exclude ") or ": exclude: " in each.text]
        return tuple(each.text for each in excluding if not self._removed[each])

    @property
    def unfound(self) -> bool:
        """Whether there are keys that no point had so far."""
        return bool(self._unfound)

    def look_for_keys(self, description: Description) -> None:
        """Take note of the keys that a point has."""
        for key in [key for key in self._unfound if description.find(key) is not ABSENT]:
            del self._unfound[key]
        if self._unfound:
            self._known |= dict.fromkeys(description.list_keys())

    def check_keys(self) -> None:
        """Refuse a key that no point has.

        Raises:
            SpaceError: There is one.
        """
        for key, each in self._unfound.items():
            near = name_nearest(key, self._known)
            hint = f"did you mean {near}?" if near else f"there are: {list_names(self._known)}"
            text = f"; if the text is meant {_quote_text(each.text, key)}" if "where" in each.text and not near else ""
            raise SpaceError(f"{each.text}: no point has a key {key}{text}{';' if text else ','} {hint}")

    def explain(self, looked_at: int) -> SpaceError:
        """Return the error that no point is left, which says how many each filter removes."""
        if self._removed and max(self._removed.values()) == looked_at:
            culprit = next(each for each, count in self._removed.items() if count == looked_at)
            return SpaceError(f"no point is left: {culprit.text} leaves out all {looked_at}")
        counts = " and ".join(f"{each.text} leaves out {count}" for each, count in self._removed.items())
        return SpaceError(
            f"no point is left of {looked_at}: {counts}; each leaves some points, but together they leave none"
        )


def _quote_text(condition: str, key: str) -> str:
    """Return what to type, or write into a file, where a text stands without its quotes."""
    option, space, written = condition.partition(" ")
    if option != "--where":
        return f'write "{key}"'
    better = re.sub(rf"""(?<![\w."'])({re.escape(key)})(?![\w."'(])""", r'"\1"', ast.literal_eval(written))
    return f"type {option}{space}{write_word(better)}"


class _UndecidedError(Exception):
    """What was typed does not say."""


def _judge(filters: Sequence[Filter], description: Description) -> tuple[list[Filter], SpaceError | None]:
    """Return the filters that leave a point out, and why the first that cannot be decided for it cannot."""

    def find(key: str, default: Any = None, /) -> Any:
        """Return the value of a key in the point."""
        value = description.find(key)
        return default if value is ABSENT else value

    removing: list[Filter] = []
    undecided = None
    for each in filters:
        try:
            if not each.keeps(find):
                removing.append(each)
        except SpaceError as error:
            point = " ".join(override.text for override in description.point.assign())
            undecided = undecided or SpaceError(f"{each.text} cannot be decided for the point {point!r}: {error}")
    return removing, undecided


def _keep_typed(each: Filter, typed: dict[str, Override]) -> bool:
    def find(key: str, _default: Any = None, /) -> Any:
        """Return the typed value of a key."""
        override = typed.get(key)
        if override is None or not override.has_value:
            raise _UndecidedError
        return override.value

    try:
        return each.keeps(find)
    except (_UndecidedError, MagError):
        return True


_TRIES = 100_000
_TRIES_FOR_EACH = 100
_SEARCHED = 1000
_MOST = 10_000_000
"""So many points are looked at one after the other, in minutes; more would take hours, or all memory."""


class PointSelection:
    """Selects points, and counts those it does not.

    Attributes:
        looked_at: How many points were described.
        duplicates: How many of those that pass were the same experiment as an earlier one.
        missing: How many experiments of the samples that were asked for there are not.
    """

    def __init__(self, describer: Describer, sieve: PointFilter) -> None:
        self._describer = describer
        self._sieve = sieve
        self._points: dict[str, Point] = {}
        self.looked_at = 0
        self.duplicates = 0
        self.missing = 0

    def select(self, space: Space) -> Iterator[Description]:
        """Yield what is to be run of a space: all that passes, or as much as the sample asks for.

        Raises:
            ConfigError: A point cannot be composed.
            SpaceError: A condition cannot be decided, so few points pass that no sample is found, or there are too
                many to go through.
        """
        if space.sample is None:
            if space.size > _MOST:
                raise SpaceError(
                    f"the sweep has {space.size:,} points, and more than {_MOST:,} are not gone through: sweep fewer "
                    f"values, or draw some of the points with --sample N"
                )
            yield from filter(None, map(self._look_at, SAMPLERS[space.sampler](space, space.seed)))
            return
        most = _TRIES + _TRIES_FOR_EACH * space.sample
        taken = 0
        for tried, point in enumerate(SAMPLERS[space.sampler](space, space.seed)):
            if taken == space.sample:
                return
            if tried == most:
                raise self._give_up(space, taken, tried)
            description = self._look_at(point)
            if description is not None:
                taken += 1
                yield description
        self.missing += space.sample - taken

    def check(self, spaces: Sequence[Space]) -> None:
        """Refuse filters with keys that no point has, and what leaves nothing to run.

        Raises:
            SpaceError: As said.
        """
        self._check_keys(spaces)
        if not self.looked_at:
            raise SpaceError("the sweep has no points: nothing would run")
        if not self._points:
            raise self._sieve.explain(self.looked_at)

    def _look_at(self, point: Point) -> Description | None:
        """Return what a point is; None if it is filtered out, or is the same experiment as an earlier one.

        Raises:
            SpaceError: It differs from an earlier one by hidden keys only.
        """
        self.looked_at += 1
        try:
            description = self._describer.describe(point)
        except ConfigError:
            if self._sieve.rejects(point):
                return None
            raise
        if not self._sieve.passes(description):
            return None
        earlier = self._points.setdefault(description.identity, point)
        if earlier is point:
            return description
        self._describer.check_same(earlier, point)
        self.duplicates += 1
        return None

    def _check_keys(self, spaces: Sequence[Space]) -> None:
        """Refuse keys that no point has; of a sample, the points that choose other options are asked as well."""
        if not self._sieve.unfound:
            return
        grids = [grid for space in spaces if space.sample is not None for grid in space.grids]
        for point in itertools.islice(itertools.chain.from_iterable(grid.corners() for grid in grids), _SEARCHED):
            try:
                self._sieve.look_for_keys(self._describer.describe(point))
            except ConfigError:
                continue
        self._sieve.check_keys()

    def _give_up(self, space: Space, taken: int, tried: int) -> SpaceError:
        self._check_keys([space])
        advice = f"ask for --sample {taken}, or loosen them" if taken else "loosen them"
        return SpaceError(
            f"of {tried:,} points drawn at random {taken or 'none'} passed the filters, so that a sample of "
            f"{space.sample} would take too long to find: {advice}"
        )
