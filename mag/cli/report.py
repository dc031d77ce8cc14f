"""The last words of a sweep: counts, and the command to type next."""

import shlex

from mag.cli.output import escape
from mag.cli.references import lead_to
from mag.cli.wording import count_experiments, describe_counts
from mag.sweeps.execution import Report


def conclude(report: Report, directory: str | None = None) -> str:
    """Return what to say when a sweep has ended."""
    total, there = count_experiments(len(report.plan)), lead_to(report.plan.store.root, directory)
    if report.last is None:
        done = "it is done already" if len(report.plan) == 1 else "all are done already"
        return f"{total}: {done}, nothing to run.\nNext: mag summarize{there}  (or --force, to run them again)"
    lines = [f"{total}: {describe_counts(report.counts)}."]
    lines += list_remarks(report)
    if report.signal or report.counts["unstarted"]:
        lines.append("Next: the same command again does what is left")
    elif report.faulty:
        name = escape(shlex.quote(report.faulty[0].name))
        lines.append(f"Next: mag log {name}{there}  (the same command again retries what failed)")
    else:
        lines.append(f"Next: mag summarize{there}")
    return "\n".join(lines)


def list_remarks(report: Report) -> list[str]:
    """Return what else there is to say of the experiments, a line for all that have it in common."""
    return [f"{count_experiments(number)}: {escape(remark)}" for remark, number in report.remarks.most_common()]
