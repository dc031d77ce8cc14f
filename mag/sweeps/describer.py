"""The describer: what each point is, the cheap way where there is one."""

from typing import TYPE_CHECKING

from mag.config.composition.composer import Composer
from mag.errors import ConfigError, SchemaError
from mag.settings import Settings
from mag.sweeps.descriptions import Config, Description, describe_point
from mag.sweeps.naming import Naming
from mag.sweeps.space import Grid, Point

if TYPE_CHECKING:
    from mag.sweeps.templates import Template

_KEPT = 128


class Describer:
    """Describes points; the first one of each choice of options in full, the later ones by its template, if possible.

    Args:
        composer: Composes configs.
        settings: The project's.
    """

    def __init__(self, composer: Composer, settings: Settings) -> None:
        self._composer = composer
        self._naming = Naming(settings)
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

    def _locate(self, error: ConfigError, point: Point) -> ConfigError:
        """Return the error with the place of the value that it is about, where it is about one."""
        from mag.config.inspection.typing import locate_error, locate_interpolation  # noqa: PLC0415 - for errors only

        if isinstance(error, SchemaError):
            return locate_error(error, self._composer, point.assign())
        locate_interpolation(error, self._composer, point.assign())
        return error

    def _describe(self, point: Point) -> Description:
        grid = point.grid
        key = (grid, tuple([point.indices[number] for number in grid.choosing]))
        seen = self._seen.get(key)
        if isinstance(seen, tuple):
            from mag.sweeps.templates import build_template  # noqa: PLC0415 - one experiment does without

            seen = self._seen[key] = build_template(*seen, self._composer, self._naming)
        if seen is not None:
            return seen.describe(point)
        description, config = describe_point(point, self._composer, self._naming)
        if key not in self._seen and len(grid.choosing) < len(grid.dimensions):
            if len(self._seen) >= _KEPT:
                del self._seen[next(iter(self._seen))]
            self._seen[key] = (point, config)
        return description
