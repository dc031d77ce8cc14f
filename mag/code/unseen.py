"""What `git status` does not tell: files that git was told not to look at, or of which it compares another form.

Line ends, `$Id$`, filters such as git-lfs: git compares what they make of a file. Here its own bytes are compared, and
whether it may be run.
"""

import dataclasses
import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from mag.code.repository import Repository
from mag.code.tracked import Tracked


@dataclasses.dataclass(frozen=True, slots=True)
class Unseen:
    """What git does not tell of tracked files.

    Attributes:
        edited: Files that were changed.
        deleted: Files that are gone.
        converted: Files, unchanged to git, of which it keeps other bytes than there are.
    """

    edited: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()


def find_unseen(repository: Repository, tracked: Tracked, seen: Collection[str], largest: int) -> Unseen:
    """Return what git does not tell of tracked files.

    Raises:
        RepositoryError: Git did not answer.
    """
    filtered = list(_list_filtered(repository, tracked, seen)) if _may_convert(repository, tracked) else []
    hidden = [path for path in tracked.hidden if path not in seen and path in tracked.blobs]
    there = [path for path in hidden if os.path.lexists(repository.top / path)]
    other = _compare(repository, tracked, dict.fromkeys([*there, *filtered]), largest)
    edited = [path for path in other if path in tracked.hidden]
    if repository.config.get("core.filemode") == "false":
        others = (path for path in tracked.blobs if path not in seen and path not in other)
        edited += [path for path in others if _has_other_mode(repository.top / path, tracked.blobs[path][0])]
    gone = (path for path in hidden if tracked.hidden[path] == "h" and path not in there)
    converted = (path for path in other if path not in tracked.hidden)
    return Unseen(tuple(edited), tuple(gone), tuple(converted))


def _compare(repository: Repository, tracked: Tracked, paths: dict[str, None], largest: int) -> list[str]:
    """Return those of some files whose bytes are not those that git keeps."""
    small = [path for path in paths if _is_small(repository.top / path, largest)]
    quoted = "".join(f"{quote_path(path)}\n" for path in small).encode("utf-8", "surrogateescape")
    words = ("hash-object", "--no-filters", "--stdin-paths")
    names = repository.run_on([quoted], *words).decode().split() if small else []
    known = dict(zip(small, names, strict=True))
    known |= {path: _hash_link(repository, path) for path in paths if (repository.top / path).is_symlink()}
    return [path for path in paths if known.get(path) != tracked.blobs[path][1]]


def _hash_link(repository: Repository, path: str) -> str:
    """Return what git would call the content of a link: where it leads."""
    target = os.fsencode(os.readlink(repository.top / path))
    kind = repository.config.get("extensions.objectformat", "sha1")
    return hashlib.new(kind, b"blob %d\0%b" % (len(target), target)).hexdigest()


def quote_path(path: str) -> str:
    """Return a path as git quotes it, for a list by lines."""
    if "\n" not in path and not path.startswith('"'):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _is_small(path: Path, largest: int) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size <= largest and os.access(path, os.R_OK)


def _has_other_mode(path: Path, mode: str) -> bool:
    """Tell whether a file may be run where git knows it as one that may not, or the other way round."""
    try:
        found = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISREG(found) and mode.startswith("100") and bool(found & stat.S_IXUSR) != (mode == "100755")


def _may_convert(repository: Repository, tracked: Tracked) -> bool:
    """Tell whether git could convert any file: quickly, since in most repositories it cannot."""
    config, home = repository.config, os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    files = [
        repository.common_dir / "info" / "attributes",
        repository.top / ".gitattributes",
        Path("/etc/gitattributes"),
    ]
    files.append(Path(os.path.expanduser(config.get("core.attributesfile", f"{home}/git/attributes"))))
    told = config.get("core.autocrlf", "false") != "false"
    return told or tracked.has_attributes or any(file.exists() for file in files)


def _list_filtered(repository: Repository, tracked: Tracked, seen: Collection[str]) -> Iterator[str]:
    """Yield the tracked files that git may convert, as its attributes and settings say."""
    paths = [path for path, (mode, _) in tracked.blobs.items() if mode.startswith("100") and path not in seen]
    words = ("check-attr", "-z", "--stdin", "text", "eol", "crlf", "ident", "filter", "working-tree-encoding")
    told = repository.run(*words, lines=paths).split("\0")
    always = repository.config.get("core.autocrlf", "false") != "false"
    found: dict[str, dict[str, str]] = {}
    for path, name, value in zip(told[0::3], told[1::3], told[2::3], strict=False):
        found.setdefault(path, {})[name] = value
    for path, given in found.items():
        said = {name for name, value in given.items() if value not in {"unspecified", "unset"}}
        if said or (always and given.get("text") == "unspecified"):
            yield path
