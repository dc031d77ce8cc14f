"""The live view: how far a sweep is, in a few lines whose number does not grow with the sweep."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mag.cli.charts import can_draw, draw_line
from mag.cli.layout import cut, measure
from mag.cli.output import STATUS_COLORS, escape
from mag.cli.wording import format_duration
from mag.compare.curves import Curve, read_end
from mag.compare.rows import format_briefly
from mag.record.log import read_last_line
from mag.record.paths import StorePaths
from mag.record.progress import Progress
from mag.record.records import BROKEN

if TYPE_CHECKING:
    from rich.text import Text

MOST_LABELS = 10_000
"""Of a larger sweep the names are shown."""
_MOST_RUNNING = 8
_MOST_FAILURES = 3
_BAR = 24
_NARROW = 80
_LONG_NAME = 16
_CHART = 12


def label_experiments(experiments: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Return by name what tells experiments of long names apart: the overrides that not all of them have.

    >>> label_experiments([("64|digits|0.1|mlp|0", ["C=1", "seed=0"]), ("64|digits|0.1|mlp|1", ["C=1", "seed=1"])])
    {'64|digits|0.1|mlp|0': 'seed=0', '64|digits|0.1|mlp|1': 'seed=1'}
    """
    known = {name: tuple(overrides) for name, overrides in experiments}
    if not known or len(known) > MOST_LABELS:
        return {}
    common = set.intersection(*(set(overrides) for overrides in known.values()))
    labels = {name: " ".join(text for text in texts if text not in common) for name, texts in known.items()}
    return {name: label for name, label in labels.items() if label and measure(name) > _LONG_NAME}


def draw_progress(
    progress: Progress,
    store: StorePaths,
    width: int,
    labels: Mapping[str, str] | None = None,
    *,
    extremes: Mapping[str, Any] | None = None,
    metric: str | None = None,
) -> list[str]:
    """Return the lines that show how far a sweep is: always as many for as many jobs, so that nothing jumps.

    Args:
        progress: How far it is.
        store: Where logs and metrics of what runs are.
        width: How wide a line may be.
        labels: What to call experiments, by name, instead of their names.
        extremes: The best so far, in the place of those of the first result.
        metric: What to chart of what runs; None for the first metric.
    """
    names, bar = labels or {}, _draw_bar(progress, _BAR if width > _NARROW else _BAR // 3)
    lines = [bar, *_draw_running(progress, store, names, metric)]
    if found := extremes or progress.extremes:
        best = ", ".join(
            f"{word} {format_briefly(found[word][0])} ({escape(names.get(found[word][1], found[word][1]))})"
            for word in ("highest", "lowest")
        )
        lines.append(f"  {escape(found['metric'])}: {best}")
    failures = progress.failures[-_MOST_FAILURES:]
    lines += [f"  failed   {escape(names.get(name, name))}  {escape(reason)}" for name, reason in failures]
    height = 1 + min(progress.jobs, _MOST_RUNNING + 1) + 1 + _MOST_FAILURES
    return [cut(line, width) for line in lines] + [""] * (height - len(lines))


def paint(lines: Iterable[str]) -> "Text":
    """Return lines, with the statuses at their beginnings in the colors of tables, and what is done of a bar."""
    from rich.text import Text

    text = Text("\n".join(lines), no_wrap=True)
    for status, color in STATUS_COLORS.items():
        text.highlight_regex(rf"(?m)^ *{status}\b", color)
    text.highlight_regex(r"(?m)(?<=^\[)#+", "green")
    return text


def _draw_running(progress: Progress, store: StorePaths, names: Mapping[str, str], metric: str | None) -> list[str]:
    """Return a line for each of those that run, and as many more as could run; a few for very many."""
    running = progress.running
    shown = running if len(running) <= _MOST_RUNNING + 1 else running[:_MOST_RUNNING]
    lines = [f"  running  {escape(names.get(name, name))}  {_draw_latest(store, name, metric)}" for name in shown]
    if len(running) > len(shown):
        lines.append(f"  and {len(running) - len(shown)} more")
    return lines + [""] * (min(progress.jobs, _MOST_RUNNING + 1) - len(lines))


def _draw_latest(store: StorePaths, name: str, metric: str | None) -> str:
    """Return what an experiment logged and printed last."""
    paths = store.experiment(name)
    curves = read_end(paths.metrics)
    curve = curves.get(metric) if metric else next(filter(_is_drawn, curves.values()), None)
    found = next((key for key, known in curves.items() if known is curve), None)
    parts = []
    if curve is not None and found is not None:
        chart = draw_line([value for _, value in curve.numbers], _CHART, fancy=can_draw())
        parts.append(f"{escape(found)}={escape(format_briefly(curve.values[-1]))} {chart}")
    return "  ".join([*parts, escape(read_last_line(paths.log))])


def _is_drawn(curve: Curve) -> bool:
    return bool(curve.numbers)


def _draw_bar(progress: Progress, size: int) -> str:
    filled = size * progress.ended // max(1, progress.total)
    parts = [f"[{'#' * filled}{'-' * (size - filled)}] {progress.ended} of {progress.total}"]
    if failed := sum(progress.counts.get(status, 0) for status in BROKEN):
        parts.append(f"{failed} failed")
    if interrupted := progress.counts.get("interrupted", 0):
        parts.append(f"{interrupted} interrupted")
    if progress.seconds:
        parts.append(f"{format_duration(progress.seconds if progress.seconds < 1 else int(progress.seconds))} elapsed")
    if (left := progress.seconds_left) is not None:
        parts.append(f"{format_duration(left)} left")
    parts.append("paused" if progress.paused else f"{progress.jobs} at a time")
    return ", ".join(parts)
