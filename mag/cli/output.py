"""Output: tables, JSON and text on standard output, notes on standard error, and what must not reach a terminal.

Everything that came from data goes through `escape`. Through a pipe a table is tab-separated, whole and without
colour; on a terminal its columns are aligned and cut to the width.
"""

import errno
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, NoReturn

import click

from mag.cli.messages import say, silence
from mag.cli.widths import GAP, cut, fit, measure
from mag.compare.rows import MISSING, format_briefly, format_value, is_number
from mag.disk.values import encode_config
from mag.patterns import compile_lazily
from mag.suggestion import list_names

# control characters, invisible ones that reorder or hide text, lone halves of a surrogate pair
_UNSAFE = compile_lazily(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_COLORS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "bold": 1, "dim": 2}
_STATUS_COLORS = {
    "completed": "green",
    "running": "blue",
    **dict.fromkeys(("failed", "killed", "timeout", "corrupt"), "red"),
    **dict.fromkeys(("interrupted", "lost"), "yellow"),
}


def escape(text: str) -> str:
    r"""Return a text that came from data, safe to print in a line: control characters are spelled out.

    >>> print(escape("red\x1b[31m, back\u202ewards, two\nlines"))
    red\x1b[31m, back\u202ewards, two\nlines
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(lambda match: _spell(match[0]), _rejoin(text))


def _rejoin(text: str) -> str:
    """Return a name as the UTF-8 that it is on disk, where the locale made Python read it as something less."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeError:
        return text


def _spell(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004  (a byte of a file name that is not UTF-8)
        code -= 0xDC00
    if character in _NAMED:
        return _NAMED[character]
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


class Screen(NamedTuple):
    """Where standard output leads.

    Attributes:
        width: Columns of the terminal; None through a pipe or into a file.
        color: Whether text may be coloured.
    """

    width: int | None = None
    color: bool = False

    def paint(self, text: str, color: str | None) -> str:
        """Return the text in a color, or in bold or dim, where there are colors."""
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if self.color and color else text

    def paint_status(self, status: str, text: str | None = None) -> str:
        """Return a status, or a text in its place, in the color that tells how well things stand."""
        return self.paint(status if text is None else text, _STATUS_COLORS.get(status))


def find_screen() -> Screen:
    """Return where standard output leads; `NO_COLOR` and `TERM=dumb` mean no colors."""
    if not sys.stdout.isatty():
        return Screen()
    import shutil

    color = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Screen(shutil.get_terminal_size().columns, color)


def write_bytes(data: bytes) -> None:
    """Write data to standard output as it is.

    Where nobody reads any more, the command ends with status 0; where it cannot be written, with a word and 1.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _leave(error)


def _leave(error: OSError) -> NoReturn:
    raise click.exceptions.Exit(explain_loss(error)) from None


def explain_loss(error: OSError) -> int:
    """Say why standard output cannot be written to, unless it is a pipe that nobody reads; return the exit status."""
    silence(1)
    if error.errno == errno.EPIPE:
        return 0
    note(f"cannot write to standard output: {error.strerror}")
    return 1


def write_lines(lines: Iterable[str]) -> None:
    """Write lines, escaped already, to standard output as UTF-8, whatever the locale says."""
    text = "".join(f"{line}\n" for line in lines)
    if text:
        write_bytes(text.encode("utf-8", "backslashreplace"))


def write_json(data: Any) -> None:
    """Write a JSON document to standard output."""
    write_lines([format_json(data)])


def format_json(data: Any) -> str:
    r"""Return a JSON document: of a list every item in a line of its own, of anything else an indented one.

    Characters that `escape` would spell out stand as JSON escapes, so that the document is safe to look at and
    reads back as it was.

    >>> print(format_json([{"C": 1}, {"C": "\u202e"}]))
    [
    {"C": 1},
    {"C": "\u202e"}
    ]
    """
    if isinstance(data, list):
        lines = ",\n".join(_dump(item) for item in data)
        text = f"[\n{lines}\n]" if data else "[]"
    else:
        text = _dump(data, indent=2)
    return _escape_json(text)


def _dump(data: Any, *, indent: int | None = None) -> str:
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent)
    except ValueError:  # a number that is none, where mag never writes one
        return json.dumps(encode_config(data), ensure_ascii=False, allow_nan=False, indent=indent)


def _escape_json(text: str) -> str:
    # a line end between two tokens is JSON's own; inside a string the encoder has spelled it out
    return _UNSAFE.sub(lambda match: "\n" if match[0] == "\n" else json.dumps(match[0])[1:-1], text)


def note(text: str) -> None:
    """Say something to the user on standard error; the text is escaped here."""
    say(f"mag: {escape(text)}")


def write_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, expendable: Sequence[int] = ()) -> None:
    """Write a table to standard output, as it fits where that leads; nothing if it has no rows."""
    cells = list(rows)
    if not cells:
        return
    screen = find_screen()
    if screen.width is None:
        write_lines("\t".join(escape(format_value(cell)) for cell in row) for row in (headers, *cells))
        return
    lines, dropped = align(headers, cells, screen, expendable)
    write_lines(lines)
    if dropped:
        note(f"no room for {list_names(dropped)}: a wider terminal, a pipe or --json shows all")


def align(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], screen: Screen, expendable: Sequence[int] = ()
) -> tuple[list[str], list[str]]:
    """Return the lines of a table for a terminal, and the columns that had no room."""
    columns = [_read_column(header, [row[index] for row in rows]) for index, header in enumerate(headers)]
    widths = fit([max(map(measure, column)) for column in columns], screen.width or 0, expendable)
    shown = [index for index, width in enumerate(widths) if width]
    padded = {
        index: _pad(columns[index], widths[index], right=_holds_numbers([row[index] for row in rows]))
        for index in shown
    }
    lines = [[padded[index][line] for index in shown] for line in range(len(rows) + 1)]
    if "status" in headers and (status := list(headers).index("status")) in shown:
        _paint_column(lines, shown.index(status), [str(row[status]) for row in rows], screen)
    lines[0] = [screen.paint(cell, "bold") for cell in lines[0]]
    gap = " " * GAP
    return [gap.join(cells).rstrip() for cells in lines], [headers[i] for i in range(len(headers)) if i not in shown]


def _read_column(header: str, cells: Sequence[Any]) -> list[str]:
    return [escape(header), *(escape(format_briefly(cell)) for cell in cells)]


def _holds_numbers(cells: Sequence[Any]) -> bool:
    return all(is_number(cell) or cell is MISSING for cell in cells)


def _pad(texts: Sequence[str], width: int, *, right: bool) -> list[str]:
    short = [cut(text, width) for text in texts]
    blanks = [" " * (width - measure(text)) for text in short]
    return [blank + text if right else text + blank for text, blank in zip(short, blanks, strict=True)]


def _paint_column(lines: list[list[str]], place: int, statuses: Sequence[str], screen: Screen) -> None:
    for line, status in zip(lines[1:], statuses, strict=True):
        line[place] = screen.paint_status(status, line[place])
