"""Tracked files: what git's index has, as `git ls-files` tells it."""

from functools import cached_property

LISTING = ("ls-files", "--stage", "-v", "-z")
"""The git command that lists them."""
_GITLINK = "160000"
_PLAIN = ("H 100", "H 120")
"""What the entry of a file or link begins with that git looks at."""


class Tracked:
    """The tracked files of a repository.

    Attributes:
        submodules: The submodules, and the commits that are tracked of them.
        hidden: The files that git was told not to look at, with its letter for that: `h` (assume-unchanged), `S`
            (skip-worktree, as those outside of a sparse checkout are), or `s` (both).
    """

    def __init__(self, listed: str) -> None:
        self._listed = listed
        self.submodules: dict[str, str] = {}
        self.hidden: dict[str, str] = {}
        for entry in listed.split("\0"):
            if entry.startswith(_PLAIN) or not entry:
                continue
            words, _, path = entry.partition("\t")
            tag, mode, name, _ = words.split(" ")
            if mode == _GITLINK:
                self.submodules[path] = name
            elif tag.islower() or tag == "S":
                self.hidden[path] = tag

    def __contains__(self, path: str) -> bool:
        return f"\t{path}\0" in self._listed

    @property
    def has_attributes(self) -> bool:
        """Whether there is a file that says what git is to convert."""
        return ".gitattributes\0" in self._listed

    @cached_property
    def blobs(self) -> dict[str, tuple[str, str]]:
        """Mode and name of the content of each file that is not in conflict."""
        pieces = (entry.partition("\t") for entry in self._listed.split("\0") if entry)
        words = {path: words.split(" ") for words, _, path in pieces}
        kept = {path: (mode, name) for path, (_, mode, name, stage) in words.items() if stage == "0"}
        return {path: known for path, known in kept.items() if known[0] != _GITLINK}
