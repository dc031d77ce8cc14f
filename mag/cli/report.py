"""The last words of a sweep: counts, and the command to type next."""

import shlex

from mag.cli.wording import count_experiments, describe_counts
from mag.sweeps.execution import Report


def conclude(report: Report) -> str:
    """Return what to say when a sweep has ended."""
    total = count_experiments(len(report.plan))
    if report.last is None:
        done = "it is done already" if len(report.plan) == 1 else "all are done already"
        return f"{total}: {done}, nothing to run.\nNext: mag summarize  (or --force, to run them again)"
    lines = [f"{total}: {describe_counts(report.counts)}."]
    if report.signal or report.counts["unstarted"]:
        lines.append("Next: the same command again does what is left")
    elif report.faulty:
        lines.append(
            f"Next: mag log {shlex.quote(report.faulty[0].name)}  (the same command again retries what failed)"
        )
    else:
        lines.append("Next: mag summarize")
    return "\n".join(lines)
