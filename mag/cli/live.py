"""The live view: how far a sweep is, in a few lines whose number does not grow with the sweep."""

from collections import Counter

from mag.cli.output import escape
from mag.cli.widths import cut
from mag.cli.wording import describe_counts, format_duration
from mag.compare.cells import format_briefly
from mag.record.paths import StorePaths
from mag.record.progress import Progress
from mag.record.records import BROKEN
from mag.record.tail import read_last_line

_MOST_RUNNING = 8
_MOST_FAILURES = 3
_BAR = 24


def draw_progress(progress: Progress, store: StorePaths, width: int) -> list[str]:
    """Return the lines that show how far a sweep is: always as many for as many jobs, so that nothing jumps.

    Args:
        progress: How far it is.
        store: Where the logs of what runs are.
        width: How wide a line may be.
    """
    lines = [_draw_bar(progress), *_draw_running(progress, store)]
    if progress.extremes:
        metric, high, low = (progress.extremes[key] for key in ("metric", "highest", "lowest"))
        best = ", ".join(
            f"{word} {format_briefly(v)} ({escape(n)})" for word, (v, n) in (("highest", high), ("lowest", low))
        )
        lines.append(f"  {escape(metric)}: {best}")
    lines += [f"  failed   {escape(name)}  {escape(reason)}" for name, reason in progress.failures[-_MOST_FAILURES:]]
    height = 1 + min(progress.jobs, _MOST_RUNNING + 1) + 1 + _MOST_FAILURES
    return [cut(line, width) for line in lines] + [""] * (height - len(lines))


def _draw_running(progress: Progress, store: StorePaths) -> list[str]:
    """Return a line for each of those that run, and as many more as could run; a few for very many."""
    names = progress.running
    shown = names if len(names) <= _MOST_RUNNING + 1 else names[:_MOST_RUNNING]
    lines = [f"  running  {escape(name)}  {escape(read_last_line(store.experiment(name).log))}" for name in shown]
    if len(names) > len(shown):
        lines.append(f"  and {len(names) - len(shown)} more")
    return lines + [""] * (min(progress.jobs, _MOST_RUNNING + 1) - len(lines))


def _draw_bar(progress: Progress) -> str:
    filled = _BAR * progress.ended // max(1, progress.total)
    parts = [f"[{'#' * filled}{'-' * (_BAR - filled)}] {progress.ended} of {progress.total}"]
    if failed := sum(progress.counts.get(status, 0) for status in BROKEN):
        parts.append(f"{failed} failed")
    if interrupted := progress.counts.get("interrupted", 0):
        parts.append(f"{interrupted} interrupted")
    ended = progress.ended - progress.counts.get("skipped", 0)
    if ended and progress.seconds:
        parts.append(f"{ended / progress.seconds:.3g} a second")
    if (left := progress.seconds_left) is not None:
        parts.append(f"{format_duration(left)} left")
    parts.append("paused" if progress.paused else f"{progress.jobs} at a time")
    return ", ".join(parts)


def describe_progress(progress: Progress) -> str:
    """Return how far a sweep is, in a line for a pipe."""
    parts = [describe_counts(progress.counts)] if +Counter(progress.counts) else []
    if not progress.over:
        parts.append(f"{len(progress.running)} running, {progress.to_go} to go")
    return f"{progress.ended} of {progress.total}: {', '.join(parts)}"
