"""A git repository, asked through GitPython with everything off that could run a program of the repository's own.

Hooks, file-system monitors, external diff drivers and text conversions of a repository never run here, nor what a
partial clone would fetch missing objects with while something is only looked at. Clean filters (`.gitattributes`) do
when a changed file is stored, as they do in the user's own `git add`; smudge filters when code is checked out.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mag.errors import RepositoryError
from mag.patterns import compile_lazily

if TYPE_CHECKING:
    import git


_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_ALLOW_PROTOCOL": "none"}
TRANSFER = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}
"""Variables for a command that may fetch; any other must not, since a partial clone names the program that it does."""
_SAFE = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.splitIndex=false",
    "core.quotePath=false",
    "diff.external=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_OPTIONS = [word for setting in _SAFE for word in ("-c", setting)]
_CREDENTIALS = compile_lazily(r"([a-z][a-z0-9+.-]*://)[^/@\s]*@", re.IGNORECASE)


class Repository:
    """An open repository.

    Raises:
        RepositoryError: There is none, or git cannot or will not open it.
    """

    def __init__(self, directory: str | Path) -> None:
        self._repo = _open(directory)
        if self._repo.working_tree_dir is None:
            self.close()
            raise RepositoryError("the repository has no work tree")
        self.top = Path(self._repo.working_tree_dir)
        self.git_dir = Path(self._repo.git_dir)
        self.common_dir = Path(self._repo.common_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self._repo.close()

    def run(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        lines: Iterable[str] | None = None,
        seconds: float | None = None,
    ) -> str:
        r"""Run one git command at the top of the work tree, and return what it printed.

        Raises:
            RepositoryError: It failed; the message is its own first line.
        """
        data = None if lines is None else "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        return self.run_on(data, *words, env=env, seconds=seconds).decode("utf-8", "surrogateescape")

    def run_on(
        self, data: bytes | None, *words: str, env: Mapping[str, str] | None = None, seconds: float | None = None
    ) -> bytes:
        """Run one git command with `data` as its input, and return the bytes that it printed.

        Raises:
            RepositoryError: It failed; the message is its own first line.
        """
        import git  # noqa: PLC0415  (costs 70 ms, and is needed once a command)

        command = [git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git", *_OPTIONS, *words]
        try:
            with tempfile.TemporaryFile() as file:
                file.write(data or b"")
                file.seek(0)
                return self._repo.git.execute(
                    command,
                    istream=file,
                    env=_QUIET | dict(env or {}),
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    kill_after_timeout=seconds,
                )
        except (git.GitError, OSError, ValueError) as error:
            raise RepositoryError(read_first_line(error)) from error

    def read_ref(self, name: str) -> str | None:
        """Return the commit that a ref or other name means; None if there is none here."""
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        except RepositoryError:
            return None

    def read_branch(self) -> str | None:
        """Return the branch; None where HEAD is detached."""
        try:
            return self.run("symbolic-ref", "--quiet", "--short", "HEAD").strip()
        except RepositoryError:
            return None

    def read_remote(self) -> str | None:
        """Return the address of `origin`, or else of the first remote, without credentials."""
        try:
            listed = self.run("config", "-z", "--get-regexp", r"^remote\..*\.url$")
        except RepositoryError:  # there is none
            return None
        remotes = dict(line.split("\n", 1) for line in listed.split("\0") if "\n" in line)
        url = remotes.get("remote.origin.url") or next(iter(remotes.values()), None)
        return remove_credentials(url) if url else None


def _open(directory: str | Path) -> "git.Repo":
    if not _may_be_repository(Path(directory).absolute()):
        raise RepositoryError("not in a git repository")
    try:
        import git  # noqa: PLC0415  (costs 70 ms, and is needed once a command)
    except ImportError:
        raise RepositoryError("git is not installed") from None
    try:
        return git.Repo(directory, search_parent_directories=True)
    except git.GitCommandNotFound:
        raise RepositoryError("git is not installed") from None
    except git.InvalidGitRepositoryError:
        raise RepositoryError("not in a git repository") from None
    except (git.GitError, OSError, ValueError) as error:
        raise RepositoryError(f"the repository cannot be opened: {read_first_line(error)}") from error


def _may_be_repository(directory: Path) -> bool:
    """Tell, without the cost of asking git, whether a directory or one above has anything of a repository."""
    return any((folder / name).exists() for folder in (directory, *directory.parents) for name in (".git", "HEAD"))


def read_first_line(error: BaseException) -> str:
    """Return the first line of what git said when it failed, without credentials."""
    said = getattr(error, "stderr", "") or str(error)
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    lines = [line.strip(" '\n") for line in text.removeprefix("\n  stderr: '").splitlines() if line.strip()]
    return remove_credentials(lines[0]) if lines else type(error).__name__


def remove_credentials(text: str) -> str:
    """Return a remote's address without user name, password or token.

    >>> remove_credentials("https://me:hunter2@example.org/x.git")
    'https://example.org/x.git'
    >>> remove_credentials("git@example.org:x.git")
    'git@example.org:x.git'
    """
    return _CREDENTIALS.sub(r"\1", text)
