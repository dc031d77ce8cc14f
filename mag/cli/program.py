"""The program: finds the command that was named, runs it, and turns every ending into words and an exit status.

0 all done · 1 some experiment failed, or a comparison found a difference · 2 usage or config error, nothing
started · 4 not found · 130, 143 interrupted

Start-up is a feature: the help page needs nothing but this module, and everything else click and the one command.
Nor is a process taken apart, object by object, before it ends.
"""

import atexit
import contextlib
import errno
import gc
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from mag.cli.pages import format_help
from mag.errors import MagError, UsageError

if TYPE_CHECKING:
    import click

    from mag.app import App

_RUNNING = {"run", "sweep", "rerun"}
_LOOKING = {"-n", "--dry-run", "-h", "--help"}
_MONITORS = 6
"""How many tools `sys.monitoring` can have."""
_LOST = 120
"""What Python ends with, too, where the last of the output could not be written."""
_UNWRITABLE = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def main(arguments: list[str] | None = None) -> NoReturn:
    """Be the command `mag`: run `arguments`, those of this process if None, and exit."""
    gc.disable()  # until the command is loaded: what that makes stays, and there is nothing to find in it
    _fill_descriptors()
    if arguments is None:
        arguments = sys.argv[1:]
        _settle_hashes(arguments)
    if not _RUNNING.isdisjoint(arguments):
        _end_at_signals()
    status = run_program(arguments)
    if not _has_guests():
        _leave(status)
    sys.exit(status)


def _end_at_signals() -> None:
    """Let SIGTERM and SIGHUP end this process only after temporary directories and the like are removed."""
    import signal  # a millisecond that a short command need not wait for

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
            signal.signal(number, _end)


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _has_guests() -> bool:
    """Tell whether something besides mag may still need the interpreter when it ends."""
    threads = sys.modules.get("threading")
    monitoring = getattr(sys, "monitoring", None)  # what profilers use from Python 3.12 on
    monitors = any(map(monitoring.get_tool, range(_MONITORS))) if monitoring else False
    is_watched = monitors or sys.gettrace() or sys.getprofile() or sys.flags.inspect
    return bool(is_watched or "mag.run.in_process" in sys.modules or (threads and threads.active_count() > 1))


def _leave(status: int) -> NoReturn:
    """End this process at once: what it holds need not be freed one by one, which is a tenth of a short command."""
    atexit._run_exitfuncs()  # noqa: SLF001  (what the interpreter itself would call)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads it, or it is closed
            status = status or _LOST
    os._exit(status)


def run_app(app: "App") -> NoReturn:
    """Act as `python train.py`: `mag run`, with `-m` `mag sweep`, with `--cfg job` `mag config`, of this app."""
    from mag.cli.foreign_options import read_script_words
    from mag.run.shutdown import flush_files

    _fill_descriptors()
    _end_at_signals()
    flush_files()  # of the app, which has been imported here
    try:
        arguments = read_script_words(sys.argv[1:])
    except UsageError as error:
        sys.exit(_explain(error, error.exit_code, {}))
    sys.exit(run_program(arguments, app=app._replace(is_program=True), name=sys.argv[0]))


def run_program(arguments: list[str], *, app: "App | None" = None, name: str = "mag") -> int:
    """Run a command line and return its exit status; messages go to standard error."""
    try:
        if app is None and arguments in (["--help"], ["-h"], []):
            return _print_help(0 if arguments else 2)
        arguments, command = _split_program(arguments)
        return _run_command(arguments, {"app": app, "command": command}, name)
    except KeyboardInterrupt:  # perhaps while the command is still being loaded
        return _explain_interruption()


def _split_program(arguments: list[str]) -> tuple[list[str], list[str] | None]:
    """Return the words for mag, and after `--` those of the program to run in the place of an app; None of none."""
    if "--" not in arguments or arguments[0] not in {"run", "sweep"}:
        return arguments, None
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _settle_hashes(arguments: list[str]) -> None:
    """Restart with string hashes that repeat, if experiments will run and the user has not set a seed for them.

    A process cannot change its hashes, and experiments are forks of this one; nothing has been imported yet, so that it
    costs what starting Python costs.
    """
    command, flags = next((word for word in arguments if not word.startswith("-")), None), sys.flags
    runs = command in _RUNNING and _LOOKING.isdisjoint(arguments)
    if not runs or "PYTHONHASHSEED" in os.environ or flags.ignore_environment:
        return
    os.environ["PYTHONHASHSEED"] = "0"
    if sys.executable and flags.hash_randomization:
        with contextlib.suppress(OSError):  # then they stay as they are, and the record says so
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  (this very program)
    del os.environ["PYTHONHASHSEED"]


def _fill_descriptors() -> None:
    """Open standard streams that were closed (`>&-`), before a file of mag's gets their number."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False))


def _print_help(status: int) -> int:
    try:
        print(format_help(), flush=True)  # noqa: T201  (click's own way would first have to be imported)
    except OSError as error:
        return _explain_loss(error)
    return status


def _run_command(arguments: list[str], known: dict[str, Any], name: str) -> int:
    import click

    from mag.cli.group import program

    try:
        status = program.main(args=arguments, prog_name=name, standalone_mode=False, obj=known)
    except MagError as error:
        return _explain(error, error.exit_code, known)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        return _explain_usage(error, arguments)
    except click.Abort:
        return _explain_interruption()
    except (OSError, SystemExit) as error:
        status = _explain_ending(error, known)
        if status is None:
            raise
    return status if isinstance(status, int) else 0


def _explain_interruption() -> int:
    with contextlib.suppress(OSError):
        print("mag: interrupted", file=sys.stderr)  # noqa: T201
    return 130


def _explain_ending(error: OSError | SystemExit, known: dict[str, Any]) -> int | None:
    """Say what the system refused; return the exit status, or None if that did not end the command."""
    if _is_nowhere(error):
        return _explain(UsageError("The current directory was deleted: cd to one that is there."), 2, known)
    loss = _find_loss(error)
    return None if loss is None else _explain_loss(loss)


def _is_nowhere(error: BaseException) -> bool:
    """Tell whether a command ended because there is no current directory any more."""
    if not isinstance(error, FileNotFoundError):
        return False
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _find_loss(error: OSError | SystemExit) -> OSError | None:
    """Return why standard output could not be written to, if that is what ended the command."""
    cause = error if isinstance(error, OSError) else error.__context__  # click ends the process where nobody reads
    known = isinstance(cause, OSError) and cause.filename is None and cause.errno in _UNWRITABLE
    return cause if known else None  # type: ignore[return-value]  # it is one, if it is known


def _explain_loss(error: OSError) -> int:
    from mag.cli.output import explain_loss

    return explain_loss(error)


def _explain_usage(error: "click.ClickException", arguments: list[str]) -> int:
    """Say what click says of it, with what was typed spelled out; return the exit status."""
    from mag.cli.foreign_options import suggest_instead
    from mag.cli.messages import say
    from mag.cli.output import escape

    context = getattr(error, "ctx", None)
    message = error.format_message().replace("\n\t", " ")  # as click lists the choices of an argument
    hint = suggest_instead(error, arguments)
    said = message + hint
    if context is not None and not hint:
        end = "" if said.endswith((".", "?")) else "."
        said += f"{end} See `{context.command_path} {context.help_option_names[-1]}`."
    say(f"mag: {escape(said)}")
    return error.exit_code


def _explain(error: MagError, status: int, known: dict[str, Any]) -> int:
    from mag.cli.output import note

    if known.get("debug"):
        import traceback

        traceback.print_exception(error)
    note(str(error))
    return status
