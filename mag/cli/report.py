"""The last words of a sweep: counts, and the command to type next."""

from mag.cli.progress import count_experiments, describe_counts, quote_name
from mag.sweeps.execution import FAULTY, Report


def conclude(report: Report) -> str:
    """Return what to say when a sweep has ended."""
    counts = report.count()
    total = count_experiments(len(report.plan))
    if not report.outcomes:
        done = "it is done already" if len(report.plan) == 1 else "all are done already"
        return f"{total}: {done}, nothing to run.\nNext: mag summarize  (or --force, to run them again)"
    lines = [f"{total}: {describe_counts(counts)}."]
    failed = next((outcome for outcome in report.outcomes if outcome.status in FAULTY), None)
    if report.signal:
        lines.append("Next: the same command again does what is left")
    elif failed is not None:
        lines.append(f"Next: mag log {quote_name(failed.name)}  (the same command again retries what failed)")
    else:
        lines.append("Next: mag summarize")
    return "\n".join(lines)
