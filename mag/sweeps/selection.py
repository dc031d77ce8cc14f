"""Selection: which points of the spaces are to be run, each described, each experiment once."""

import itertools
from collections.abc import Iterator, Sequence

from mag.errors import ConfigError, SpaceError
from mag.sweeps.describer import Describer
from mag.sweeps.descriptions import Description
from mag.sweeps.samplers import SAMPLERS
from mag.sweeps.sieve import Sieve
from mag.sweeps.space import Point, Space

_TRIES = 100_000
_TRIES_FOR_EACH = 100
_SEARCHED = 1000
_MOST = 10_000_000
"""So many points are looked at one after the other, in minutes; more would take hours, or all memory."""


class Selection:
    """Selects points, and counts those it does not.

    Args:
        describer: Tells what a point is.
        sieve: Tells which points pass the filters.

    Attributes:
        looked_at: How many points were described.
        duplicates: How many of those that pass were the same experiment as an earlier one.
        missing: How many experiments of the samples that were asked for there are not.
    """

    def __init__(self, describer: Describer, sieve: Sieve) -> None:
        self._describer = describer
        self._sieve = sieve
        self._identities: set[str] = set()
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
            yield from filter(None, map(self._look_at, SAMPLERS["grid"](space, space.seed)))
            return
        most = _TRIES + _TRIES_FOR_EACH * space.sample
        taken = 0
        for tried, point in enumerate(SAMPLERS["shuffled"](space, space.seed)):
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

        Args:
            spaces: All that were selected from.

        Raises:
            SpaceError: As said.
        """
        self._check_keys(spaces)
        if not self.looked_at:
            raise SpaceError("the sweep has no points: nothing would run")
        if not self._identities:
            raise self._sieve.explain(self.looked_at)

    def _look_at(self, point: Point) -> Description | None:
        """Return what a point is; None if it is filtered out, or is the same experiment as an earlier one."""
        self.looked_at += 1
        try:
            description = self._describer.describe(point)
        except ConfigError:
            if self._sieve.rejects(point):
                return None
            raise
        if not self._sieve.passes(description):
            return None
        if description.identity in self._identities:
            self.duplicates += 1
            return None
        self._identities.add(description.identity)
        return description

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
