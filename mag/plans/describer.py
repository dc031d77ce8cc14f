"""The describer: what each point is, the cheap way where there is one."""

from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT
from mag.config.identity import canonical_json
from mag.config.inspection.origins import KeyChange, compare_configs
from mag.errors import ConfigError, SchemaError, SpaceError
from mag.plans.descriptions import Config, Description, describe_point, make_tools
from mag.plans.resolver import Resolver
from mag.plans.space import Grid, Point
from mag.plans.templates import Template, build_template
from mag.settings import Settings

_KEPT = 128


class Describer:
    """Describes points: the first of each choice of options in full, later ones by its template if possible."""

    def __init__(self, composer: Composer, settings: Settings, resolver: Resolver | None = None) -> None:
        self._composer = composer
        self._tools = make_tools(composer, settings, resolver)
        self._naming = self._tools.naming
        self._seen: dict[tuple[Grid, tuple[int, ...]], tuple[Point, Config] | Template | None] = {}

    def describe(self, point: Point) -> Description:
        """Return what a point is.

        Raises:
            ConfigError: It cannot be composed, or holds what no experiment can be made of.
        """
        try:
            return self._describe(point)
        except ConfigError as raised:
            error = self._locate(raised, point)
            if point.grid.origin:
                error.args = (f"{point.grid.origin}: {error}",)
            raise error from None

    def check_same(self, first: Point, second: Point) -> None:
        """Refuse two points of the same identity that differ by what is hidden, as one of them would never run.

        Raises:
            SpaceError: They do.
        """
        before, after = (self.describe(each).source.resolve(each) for each in (first, second))
        keys = [change.key for change in compare_configs(before, after) if self._is_hidden(change)]
        if keys:
            points = " and ".join(repr(" ".join(each.text for each in point.assign())) for point in (first, second))
            raise SpaceError(
                f"{points} differ only by {', '.join(keys)}, which is hidden, so they count as one "
                f"experiment, and one of them would never run: {self._naming.advise_visible(keys)}"
            )

    def _is_hidden(self, change: KeyChange) -> bool:
        """Tell whether a key that differs, though the identity does not, is hidden or holds what is."""
        hides, values = self._naming.visibility.hides(change.key), (change.before, change.after)
        return hides or (ABSENT not in values and canonical_json(change.before) != canonical_json(change.after))

    def _locate(self, error: ConfigError, point: Point) -> ConfigError:
        """Return the error with the place of the value that it is about, where it is about one."""
        from mag.config.inspection.problems import locate_error, locate_interpolation  # noqa: PLC0415 - for errors only

        if isinstance(error, SchemaError):
            return locate_error(error, self._composer, point.assign())
        locate_interpolation(error, self._composer, point.assign())
        return error

    def _describe(self, point: Point) -> Description:
        grid = point.grid
        key = (grid, tuple([point.indices[number] for number in grid.choosing]))
        seen = self._seen.get(key)
        if isinstance(seen, tuple):
            seen = self._seen[key] = build_template(*seen, self._tools)
        if seen is not None:
            return seen.describe(point)
        description, config = describe_point(point, self._tools)
        if key not in self._seen and len(grid.choosing) < len(grid.dimensions):
            if len(self._seen) >= _KEPT:
                del self._seen[next(iter(self._seen))]
            self._seen[key] = (point, config)
        return description
