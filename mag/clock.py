"""The clocks, bound before an app is imported: one may freeze or replace those of Python, and mag's limits go on."""

import datetime as dt
import time
from collections.abc import Callable


def count_seconds(clock: Callable[[], float] = time.monotonic) -> float:
    """Return seconds on a clock that is never set."""
    return clock()


def tell_time(clock: Callable[[dt.tzinfo], dt.datetime] = dt.datetime.now) -> str:
    """Return the time of day in UTC, ISO 8601 with microseconds."""
    return clock(dt.UTC).isoformat(timespec="microseconds")
