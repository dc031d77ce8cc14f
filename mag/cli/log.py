"""`mag log`: everything an experiment printed."""

import codecs
import os
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import click

from mag.cli.layout import cut
from mag.cli.output import escape, find_screen, note, write_bytes
from mag.cli.references import EXPERIMENT_ARGUMENT, STORE_OPTION, find_experiment
from mag.compare.description import number_attempts
from mag.disk.locks import is_held
from mag.errors import NotFoundError, RecordError
from mag.patterns import compile_lazily
from mag.record.log import count_lines, ends_line, find_tail, follow_log
from mag.record.store import StoredExperiment

HELP = """Print everything an experiment printed: standard output and error, of Python, C and child processes.

\b
  mag log '10|0.01'
  mag log '10|0.01' -f              follow it until it ends
  mag log '10|0.01' --lines 20      the end of it
  mag log '10|0.01' --attempt 1     of one attempt alone
  mag log '10|0.01' | grep loss     byte for byte

If an experiment went on after a failure, the logs of all its attempts are shown as one, with a line such as
`--- attempt 2 ---` where the next one begins. Logs that --clean and --force set aside are shown only with --attempt.

A terminal shows the last state of a progress bar, and control characters other than colours are spelled out (\\x1b),
since they could change the terminal's state; --raw passes everything on. Through a pipe the log is byte for byte what
was printed.

EXPERIMENT is a name as `mag ls` shows it, the beginning of an identity (4 characters or more), or a path.

Exit status: 0, 4 if there is no such experiment or attempt, 130 if Ctrl-C ended -f.
"""

_COLOR = compile_lazily(r"\x1b\[[0-9;:]*m")
_MOVES = compile_lazily(r"\x1b\[[0-9]*[AK]")
_HARMLESS = compile_lazily(r"\x1b\[[0-9;:]*m|\t")
_RESET = "\x1b[0m"


@click.command(help=HELP, short_help="Print the log of an experiment.")
@EXPERIMENT_ARGUMENT
@click.option("-f", "--follow", is_flag=True, help="Go on until the experiment ends.")
@click.option("--lines", type=click.IntRange(min=0), metavar="N", help="Print only the last N lines.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The log of attempt N alone.")
@click.option("--raw", is_flag=True, help="Pass control characters on to the terminal.")
@STORE_OPTION
def command(
    *, reference: str, follow: bool, lines: int | None, attempt: int | None, raw: bool, directory: str | None
) -> None:
    """Find the log, hand it over."""
    experiment = find_experiment(reference, directory)
    logs = find_logs(experiment, attempt)
    screen = find_screen()
    pane = None if raw or screen.width is None else Pane(screen.width if follow else None)

    def show(content: bytes) -> None:
        """Write a piece of the log to the terminal."""
        write_bytes(pane.feed(content) if pane else content)

    try:
        for piece in cut_logs(logs, lines):
            show(piece.heading)
            may_grow = follow and piece.path == experiment.paths.log
            is_over = partial(_is_over, experiment) if may_grow else lambda: True
            follow_log(piece.path, show, is_over, offset=piece.offset)
    except OSError as error:
        path = error.filename or experiment.paths.log
        raise RecordError(f"Cannot read {path}: {error.strerror or error}.") from error
    finally:
        if pane:
            write_bytes(pane.finish())
    if not any(os.path.exists(log.path) for log in logs):
        note(f"{experiment.name} has no log: it printed nothing")


def _is_over(experiment: StoredExperiment) -> bool:
    return not is_held(experiment.paths.lock)


class AttemptLog(NamedTuple):
    """The log of one attempt.

    Attributes:
        number: Of the attempt.
        path: Of the log; there is no such file where it printed nothing.
        offset: Where what is to be shown of it begins.
        heading: What to show before it.
    """

    number: int
    path: str
    offset: int = 0
    heading: bytes = b""


def find_logs(experiment: StoredExperiment, attempt: int | None) -> list[AttemptLog]:
    """Return the logs of an attempt, or of all that went on from each other.

    Raises:
        NotFoundError: There was no such attempt.
    """
    earlier, record = number_attempts(experiment), experiment.record
    last = record.attempt if record else max(earlier, default=0) + 1
    since = last if record is None else record.since or last
    found = [AttemptLog(number, f"{experiment.paths.attempt(number)}/log") for number in earlier if number != last]
    found.append(AttemptLog(last, experiment.paths.log))
    wanted = [log for log in found if (log.number == attempt if attempt else log.number >= since)]
    if not wanted:
        known = ", ".join(str(log.number) for log in found)
        raise NotFoundError(f"{experiment.name} has no attempt {attempt}: there is {known}.")
    return wanted


def cut_logs(logs: Sequence[AttemptLog], lines: int | None) -> list[AttemptLog]:
    """Return the logs that hold the last lines, each with its start, and a heading for all but the first.

    Raises:
        OSError: One cannot be read.
    """
    found: list[AttemptLog] = []
    for log in reversed(logs):
        offset = 0 if lines is None else find_tail(log.path, lines)
        found.insert(0, log._replace(offset=offset))
        if lines is not None and (lines := lines - count_lines(log.path, offset)) <= 0:
            break
    return [
        log._replace(heading=_write_heading(before, log)) if before else log
        for before, log in zip([None, *found], found, strict=False)
    ]


def _write_heading(before: AttemptLog, log: AttemptLog) -> bytes:
    return b"\n" * (not ends_line(before.path)) + f"--- attempt {log.number} ---\n".encode()


class Pane:
    """What shows a stream of bytes on a terminal: text and colours as they are, other control characters spelled out.

    Of a line that was written over again and again, as progress bars do, the last state is shown. A character, colour
    or line that two chunks share is kept back until the second has come.

    Args:
        width: Of the terminal, where a line that is not yet over is shown as it stands; None to wait for its end.
    """

    def __init__(self, width: int | None = None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._width = width
        self._kept = ""
        self._shown = False
        self._colored = False

    def feed(self, chunk: bytes) -> bytes:
        """Return what to write to the terminal for a chunk of the log."""
        *lines, rest = (self._kept + self._decoder.decode(chunk)).split("\n")
        whole = "".join(f"{self._show(line)}\n" for line in lines)
        self._kept = _fold(rest, final=False)
        if self._width is None or not (lines or chunk):
            return whole.encode()
        return (whole + self._show(self._kept, width=self._width)).encode()

    def finish(self) -> bytes:
        """Return what is left when the log has ended; colours end with it."""
        text = self._show(self._kept + self._decoder.decode(b"", final=True))
        self._kept = ""
        return (text + (_RESET if self._colored else "")).encode()

    def _show(self, line: str, width: int | None = None) -> str:
        """Return a line in the place of what was shown of it; one that may still grow is cut to a width."""
        over = "\r\x1b[K" if self._shown else ""
        text = _fold(line, final=True)
        self._shown = width is not None and bool(text)
        if width is not None:
            return over + cut(escape(_COLOR.sub("", text)), width - 1)
        return over + self._clean(text)

    def _clean(self, text: str) -> str:
        parts, place = [], 0
        for match in _HARMLESS.finditer(text):
            parts += [escape(text[place : match.start()]), match[0]]
            place = match.end()
            self._colored = self._colored or match[0][0] == "\x1b"
        return "".join([*parts, escape(text[place:])])


def _fold(line: str, *, final: bool) -> str:
    """Return the last state of a line that was overwritten."""
    ended = line.removesuffix("\r")
    state = _MOVES.sub("", ended.rpartition("\r")[2])
    return state if final else state + line[len(ended) :]
