"""Output: tables, JSON and text on standard output, notes on standard error, and what must not reach a terminal.

Everything that came from data goes through `escape`. Through a pipe a table is tab-separated, whole and without
colour; on a terminal its columns are aligned and cut to the width.
"""

import errno
import json
import os
import sys
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import click

from mag.cli.layout import GAP, Face, arrange, grow, make_faces
from mag.cli.messages import say, silence
from mag.compare.rows import MISSING, format_briefly, format_numbers, format_value, is_number
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
STATUS_COLORS = {
    "completed": "green",
    "running": "blue",
    **dict.fromkeys(("failed", "killed", "timeout", "corrupt"), "red"),
    **dict.fromkeys(("interrupted", "pruned", "lost", "imported"), "yellow"),
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
        return self.paint(status if text is None else text, STATUS_COLORS.get(status))


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


def escape_lines(text: str) -> list[str]:
    """Return the lines of a document, what must not reach a terminal spelled out; line ends inside stay."""
    return [line if line.isascii() and line.isprintable() else escape(line) for line in text.split("\n")[:-1]]


def note(text: str) -> None:
    """Say something to the user on standard error; the text is escaped here."""
    say(f"mag: {escape(text)}")


def write_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    expendable: Sequence[int] = (),
    rounded: Container[int] = (),
) -> None:
    """Write a table to standard output, as it fits where that leads; nothing if it has no rows.

    Args:
        headers: The columns' names; one called `status` is coloured.
        rows: The cells, plain values or texts.
        expendable: Which columns to leave out first on a terminal that is too narrow, by index.
        rounded: The columns whose numbers have only as many digits as tell them apart, by index.
    """
    cells = list(rows)
    if not cells:
        return
    screen = find_screen()
    if screen.width is None:
        columns = [_read_cells(cells, index, rounded=index in rounded) for index in range(len(headers))]
        write_lines("\t".join(map(escape, line)) for line in (headers, *zip(*columns, strict=True)))
        return
    lines, dropped = align(headers, cells, screen, expendable, rounded)
    write_lines(lines)
    if dropped:
        note(f"no room for {list_names(dropped)}: a wider terminal, a pipe or --json shows all")


def _read_cells(rows: Sequence[Sequence[Any]], index: int, *, rounded: bool) -> list[str]:
    cells = [row[index] for row in rows]
    return format_numbers(cells) if rounded else [format_value(cell) for cell in cells]


def align(
    headers: Sequence[str],
    rows: Sequence[Sequence[Any]],
    screen: Screen,
    expendable: Sequence[int] = (),
    rounded: Container[int] = (),
) -> tuple[list[str], list[str]]:
    """Return the lines of a table for a terminal, and the columns that had no room.

    What has no room side by side stands in blocks, one below the other, each led by the first column.
    """
    width = screen.width or 1
    columns = [[row[index] for row in rows] for index in range(len(headers))]
    right = [all(is_number(cell) or cell is MISSING for cell in column) for column in columns]
    texts = [
        _write_column(column, rounded=index in rounded, point=right[index]) for index, column in enumerate(columns)
    ]
    faces = make_faces([escape(header) for header in headers], texts, right)
    constant = [i for i, header in enumerate(headers) if i and header == "status" and set(texts[i]) == {"completed"}]
    blocks, dropped = arrange(faces, width, [*expendable, *constant])
    widths = [grow([faces[index] for index in block], width) for block in blocks]
    name = min(each[0] for each in widths)
    lines: list[str] = []
    for block, of_block in zip(blocks, widths, strict=True):
        lines += [""] if lines else []
        lines += _draw_block(headers, rows, {0: name, **dict(zip(block[1:], of_block[1:], strict=True))}, faces, screen)
    return lines, [headers[index] for index in dropped]


def _write_column(cells: Sequence[Any], *, rounded: bool, point: bool) -> list[str]:
    texts = format_numbers(cells) if rounded else [format_briefly(cell) for cell in cells]
    texts = [escape(text) for text in texts]
    if not point or any("e" in text for text in texts):
        return texts
    after = max(len(text.partition(".")[2]) + ("." in text) for text in texts)  # blanks where points stand in line
    return [text + " " * (after - len(text.partition(".")[2]) - ("." in text)) for text in texts]


def _draw_block(
    headers: Sequence[str],
    rows: Sequence[Sequence[Any]],
    widths: Mapping[int, int],
    faces: Sequence[Face],
    screen: Screen,
) -> list[str]:
    drawn = [faces[index].draw(width) for index, width in widths.items()]
    lines = [list(line) for line in zip(*drawn, strict=True)]
    if "status" in headers and (status := list(headers).index("status")) in widths:
        _paint_column(lines, [*widths].index(status), [str(row[status]) for row in rows], screen)
    lines[0] = [screen.paint(cell, "bold") for cell in lines[0]]
    return [(" " * GAP).join(cells).rstrip() for cells in lines]


def _paint_column(lines: list[list[str]], place: int, statuses: Sequence[str], screen: Screen) -> None:
    for line, status in zip(lines[1:], statuses, strict=True):
        line[place] = screen.paint_status(status, line[place])
