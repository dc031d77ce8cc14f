"""Layout: a table on a terminal of any width, that never cuts what distinguishes rows."""

import dataclasses
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from mag.suggestion import shorten_keys

_WIDE = 16
"""Texts up to this width are never cut: numbers, dates and statuses say nothing then."""
_EASY = 20
"""The width at which a name can be read."""
_STEPS = (8, 12, 16, 20, 24, 32, 40, 60, 80)


@dataclasses.dataclass(frozen=True, slots=True)
class Face:
    """A column as it can be shown.

    Attributes:
        heads: Its header, from the longest form to the shortest.
        texts: Its cells.
        right: Whether they stand at the right.
        least: The width below which cells can no longer be told apart.
        ease: The width at which its header can be read, too.
        most: The width that shows all.
    """

    heads: tuple[str, ...]
    texts: tuple[str, ...]
    right: bool
    least: int
    ease: int
    most: int

    def draw(self, width: int) -> list[str]:
        """Return header and cells at a width."""
        head = next((form for form in self.heads if measure(form) <= width), self.heads[-1])
        texts = [cut_middle(head, width), *shorten_texts(self.texts, width)]
        blanks = [" " * (width - measure(text)) for text in texts]
        return [blank + text if self.right else text + blank for text, blank in zip(texts, blanks, strict=True)]


def make_faces(headers: Sequence[str], columns: Sequence[Sequence[str]], right: Sequence[bool]) -> list[Face]:
    """Return how the columns of a table can be shown; headers may lose what is not needed to tell them apart."""
    short = shorten_keys(headers)
    faces: list[Face] = []
    for header, brief, texts, is_right in zip(headers, short, columns, right, strict=True):
        heads = tuple(dict.fromkeys((header, brief, *_drop_key(brief))))
        room = max(map(measure, texts), default=0)
        least = room if room <= _WIDE else _find_least(texts, room)
        head = measure(heads[-1])
        ease = max(least, head, 0 if faces else min(room, _EASY))
        faces.append(Face(heads, tuple(texts), is_right, max(least, min(head, 6)), ease, max(room, measure(header))))
    return faces


def _drop_key(head: str) -> Iterator[str]:
    """Yield a header such as `lr=0.1` without the key."""
    key, sign, value = head.partition("=")
    if sign and key and value:
        yield f"={value}"


def _find_least(texts: Sequence[str], room: int) -> int:
    several = len(set(texts))
    for width in _STEPS:
        if width < room and len(set(shorten_texts(texts, width))) == several:
            return width
    return min(room, _STEPS[-1])


def shorten_texts(texts: Sequence[str], width: int) -> list[str]:
    """Return texts of at most a width: cut in the middle, or where that makes some equal, at what they share."""
    if all(measure(text) <= width for text in texts):
        return list(texts)
    middle = [cut_middle(text, width) for text in texts]
    known = set(texts)
    if len(set(middle)) == len(known):
        return middle
    beginning = _count_common(min(known), max(known))
    tails = ["…" + text[beginning:] if beginning else text for text in texts]
    for cutter in (cut_middle, cut):
        found = [cutter(text, width) for text in tails]
        if len(set(found)) == len(known):
            return found
    return middle


def _count_common(first: str, last: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(first, last, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(first), len(last)))


def arrange(faces: Sequence[Face], width: int, expendable: Iterable[int]) -> tuple[list[list[int]], list[int]]:
    """Return which columns stand side by side, one block below the other, and which were left out.

    The first column leads each block.

    Args:
        faces: The columns.
        width: Of the terminal.
        expendable: Which to leave out where that spares a second block, by index, in this order.
    """
    shown, dropped = list(range(len(faces))), list[int]()
    for index in expendable:
        if _add_up(faces[place].ease for place in shown) <= width:
            break
        shown.remove(index)
        dropped.append(index)
    if _add_up(faces[place].least for place in shown) <= width:
        return [shown], dropped
    blocks = [[0]]
    for index in shown[1:]:
        if len(blocks[-1]) > 1 and faces[0].least + sum(GAP + faces[i].ease for i in [*blocks[-1][1:], index]) > width:
            blocks.append([0])
        blocks[-1].append(index)
    return blocks, dropped


def grow(faces: Sequence[Face], width: int) -> list[int]:
    """Return the widths of columns side by side: each as wide as it must be, and wider as far as there is room."""
    widths = [face.least for face in faces]
    if (room := width - _add_up(widths)) < 0:  # a single column beside the first, wider than the terminal
        widths[-1] = max(1, widths[-1] + room)
        widths[0] = max(1, widths[0] + min(0, width - _add_up(widths)))
        return widths
    for wish in ("ease", "most"):
        for index in [*range(1, len(faces)), 0]:
            widths[index] += _take_room(faces[index], widths[index], getattr(faces[index], wish), room)
            room = width - _add_up(widths)
    return widths


def _take_room(face: Face, now: int, wish: int, room: int) -> int:
    """Return how much wider a column becomes; one whose cells are whole, only as far as that shows a longer header."""
    more = max(0, min(room, wish - now))
    if now < max(map(measure, face.texts), default=0):
        return more
    fitting = [measure(head) for head in face.heads if measure(head) <= now + more]
    return max(0, max(fitting, default=0) - now)


def _add_up(widths: Iterable[int]) -> int:
    return sum(width + GAP for width in widths) - GAP


GAP = 2
"""Blanks between two columns."""


def measure(text: str) -> int:
    """Return how many columns of a terminal an escaped text takes.

    >>> measure("abc"), measure("日本"), measure("e\u0301")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_measure_character, text))


def _measure_character(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return as much of an escaped text as fits into a width, its end replaced by an ellipsis where it does not.

    >>> cut("completed", 5), cut("日本語", 4), cut("ok", 5)
    ('comp…', '日…', 'ok')
    """
    if measure(text) <= width:
        return text
    taken, room = 0, width - 1
    for index, character in enumerate(text):
        taken += _measure_character(character)
        if taken > room:
            return text[:index] + "…"
    return text


def cut_middle(text: str, width: int) -> str:
    """Return as much of an escaped text as fits into a width: its beginning and its end, an ellipsis between them.

    >>> cut_middle("resnet|0.001|adam|7", 11), cut_middle("ok", 5), cut_middle("abc", 1)
    ('resne…dam|7', 'ok', '…')
    """
    if measure(text) <= width:
        return text
    left, right = (width - 1) - (width - 1) // 2, (width - 1) // 2
    return f"{_take(text, left)}…{_take(text[::-1], right)[::-1]}"


def _take(text: str, width: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _measure_character(character)
        if taken > width:
            return text[:index]
    return text
