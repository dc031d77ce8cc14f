"""The options of what runs experiments: which combinations, what one may cost, when a sweep gives up, debugging."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from mag.errors import UsageError
from mag.patterns import compile_lazily
from mag.record.records import FAULTY
from mag.suggestion import name_nearest

if TYPE_CHECKING:
    from mag.launch.gpus import GpuRequest

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_DURATION = compile_lazily(r"(?:\d+(?:\.\d+)?(?:s|min|m|h|d))+|\d+(?:\.\d+)?")
_SIZE = compile_lazily(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)


class Duration(click.ParamType[float]):
    """A time such as `90`, `90s`, `20m`, `2h` or `1h30m`, read as seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, int | float):
            return float(value)
        text = str(value).replace(" ", "")
        if not _DURATION.fullmatch(text):
            self.fail(f"{value!r} is no time: type it as 90s, 20m, 2h or 1h30m.", param, ctx)
        parts = re.findall(r"(\d+(?:\.\d+)?)(s|min|m|h|d|$)", text)
        seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
        if not seconds:
            self.fail(f"{value!r} is no time at all: leave the option out for no limit.", param, ctx)
        return seconds


class Size(click.ParamType[int]):
    """A number of bytes such as `500M` or `4G`; the units are powers of 1024."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value).strip())
        if not found or not float(found[1]):
            self.fail(f"{value!r} is no size: type it as 500M or 4G.", param, ctx)
        return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


START_METHOD = click.option(
    "--start-method",
    type=click.Choice(["fork", "spawn"]),
    help="spawn starts a fresh interpreter for each experiment; fork is faster, and the default where it is safe.",
)
ENV = click.option(
    "--env", multiple=True, metavar="KEY=VALUE", help="Set an environment variable of the experiments; repeatable."
)


def read_env(texts: Sequence[str]) -> dict[str, str]:
    """Return the environment variables that were typed.

    Raises:
        UsageError: One is none.
    """
    from mag.settings import check_variable

    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"--env {text} has no value: type --env {text}=VALUE. "
                f"Experiments have this shell's exported variables already."
            )
        check_variable(name, value, "--env")
    return dict(text.split("=", 1) for text in texts)


_GPU_OPTIONS = (
    click.option(
        "--gpus",
        metavar="GPUS",
        help="Give each experiment GPUs of its own: from these (0,1 or UUIDs), any 2 that are free, or all.",
    ),
    click.option(
        "--gpus-per-experiment",
        type=click.IntRange(min=1),
        default=1,
        metavar="N",
        help="GPUs for each experiment (1).",
    ),
    click.option(
        "--per-gpu", type=click.IntRange(min=1), default=1, metavar="N", help="How many experiments share one GPU (1)."
    ),
)


def gpu_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which GPUs experiments get."""
    for option in reversed(_GPU_OPTIONS):
        command = option(command)
    return command


def read_gpus(options: Mapping[str, Any]) -> "GpuRequest | None":
    """Return the GPUs that experiments get; None to leave that alone.

    Raises:
        UsageError: There are not enough, or what is given names none that may be used.
    """
    text = options["gpus"]
    if text is None:
        for name in ("gpus_per_experiment", "per_gpu"):
            if options[name] > 1:
                option = f"--{name.replace('_', '-')} {options[name]}"
                raise UsageError(f"{option} needs --gpus, which says which GPUs: add --gpus 0,1,2,3, or --gpus all.")
        return None
    from mag.launch.gpus import read_request

    return read_request(text, options["gpus_per_experiment"], options["per_gpu"])


_LIMIT_OPTIONS = (
    click.option("--timeout", type=Duration(), help="End an experiment that runs longer: 90s, 20m, 2h."),
    click.option("--stall", type=Duration(), help="End one that prints and logs nothing for that long."),
    click.option("--memory", type=Size(), help="End one that uses more memory (with its child processes): 4G."),
    click.option("--stop-if", metavar="EXPR", help="End one whose logged metrics meet this: 'loss is nan'."),
    click.option("--log-limit", type=Size(), help="Of a larger log keep only the beginning and the end."),
    click.option(
        "--retries", type=click.IntRange(min=0), default=0, help="Try an experiment that failed again, up to N times."
    ),
    click.option(
        "--retry-on", metavar="CAUSES", help="Retry only after these: failed, killed, timeout, oom (comma-separated)."
    ),
    click.option("--grace", type=Duration(), default=10.0, help="Time between SIGTERM and SIGKILL (10s)."),
)


_SWEEP_OPTIONS = (
    click.option(
        "--only", multiple=True, metavar="NAME", help="Run only this experiment of the sweep; repeatable, * is any."
    ),
    click.option("-x", "--fail-fast", is_flag=True, help="Start nothing more after the first failure."),
    click.option(
        "--max-failures", type=click.IntRange(min=1), metavar="N", help="Start nothing more after N failures."
    ),
    click.option("--then", metavar="COMMAND", help="Run this shell command when all experiments have ended."),
)


def sweep_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how a sweep goes on and when it gives up."""
    for option in reversed(_SWEEP_OPTIONS):
        command = option(command)
    return command


def read_retry(text: str | None) -> tuple[str, ...] | None:
    """Return the statuses that `--retry` names; None where it is not given.

    Raises:
        UsageError: It names what no experiment to be tried again can have.
    """
    if text is None:
        return None
    known = (*FAULTY, "corrupt", "accepted", "pruned")
    found = () if text == "none" else tuple(part.strip() for part in text.split(","))
    for status in found:
        if status not in known:
            near = name_nearest(status, (*known, "none"))
            hint = f"did you mean {near}?" if near else f"there are none, {', '.join(known)}."
            raise UsageError(f"--retry {text}: there is no status {status!r} that could be tried again: {hint}")
    return found


def read_sweep_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the options of a sweep mean, as a request takes it."""
    failures = 1 if options["fail_fast"] else options["max_failures"]
    return {"max_failures": failures}


def _split(text: str | None) -> list[str]:
    return [part for part in map(str.strip, (text or "").split(",")) if part]


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that limit an experiment."""
    for option in reversed(_LIMIT_OPTIONS):
        command = option(command)
    return command


def read_limits(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the options mean, as a request takes it.

    Raises:
        UsageError: A cause to retry on is none or nothing is retried, or the condition to stop on cannot be read.
    """
    from mag.run.limits import Limits
    from mag.run.tasks import RETRIED

    causes = tuple(_split(options["retry_on"])) or RETRIED
    if unknown := [cause for cause in causes if cause not in RETRIED]:
        raise UsageError(f"--retry-on {unknown[0]!r} is no cause: there are {', '.join(RETRIED)}.")
    if options["retry_on"] and not options["retries"]:
        raise UsageError("--retry-on does nothing without --retries: add --retries 1.")
    if options["stop_if"] is not None:
        from mag.run.stop_condition import check_condition

        check_condition(options["stop_if"])
    limits = Limits(
        timeout=options["timeout"],
        stall=options["stall"],
        memory=options["memory"],
        log=options["log_limit"],
        stop_if=options["stop_if"],
    )
    return {"limits": limits, "grace": options["grace"], "retries": options["retries"], "retry_on": causes}


DEBUG = click.option(
    "--debug",
    is_flag=True,
    help="Run in this process, one at a time, without limits; on a terminal a failure opens pdb.",
)


def check_debug(options: Mapping[str, Any]) -> None:
    """Refuse what does not go with `--debug`.

    Raises:
        UsageError: Experiments are to run side by side, or from a copy of the code.
    """
    if not options["debug"]:
        return
    if (options["jobs"] or 1) > 1:
        raise UsageError(f"--debug runs one experiment at a time: leave -j {options['jobs']} out.")
    if options["snapshot"]:
        raise UsageError("--debug runs the code where it is: leave --snapshot out.")


def choose_examine(known: Mapping[str, Any]) -> Callable[[BaseException], bool] | None:
    """Return what looks at the failures of experiments in this process; None for processes of their own."""
    if not known["debug"]:
        return None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return lambda _: True  # the traceback has been printed
    from mag.run.in_process import examine

    return examine
