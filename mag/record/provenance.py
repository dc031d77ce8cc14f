"""Where results come from: the command, the app, the code, the host. Gathered once a command."""

import dataclasses
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mag.code.environment import Environment
from mag.config.secrets import mask_command
from mag.disk import files, locks, values
from mag.errors import RecordError
from mag.record.paths import StorePaths


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What all experiments of one command have in common.

    Attributes:
        command: The command line, secrets masked.
        directory: Its working directory.
        app: `file.py:function`, or the script.
        configs: Which configs were typed in the place of the app's, or besides; empty for none.
        sweep: Id of the sweep; None for a single experiment.
        commit: The code, as `read_commit` tells it.
        versions: Of mag, Python and the platform.
        environment: What `Environment.describe` tells.
    """

    command: tuple[str, ...]
    directory: str
    app: str | None = None
    configs: dict[str, Any] = dataclasses.field(default_factory=dict)
    sweep: str | None = None
    commit: dict[str, Any] = dataclasses.field(default_factory=dict)
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    environment: dict[str, Any] = dataclasses.field(default_factory=dict)

    def having(self, variables: Iterable[tuple[str, str]]) -> "Provenance":
        """Return the same for one experiment that gets environment variables of its own."""
        own = dict(variables)
        if not own:
            return self
        environment = {**self.environment, "variables": {**self.environment.get("variables", {}), **own}}
        return dataclasses.replace(self, environment=environment)

    def fields(self) -> dict[str, Any]:
        """Return the attributes by name, as a record takes them."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def gather_provenance(
    *,
    app: str | None,
    configs: Mapping[str, Any] | None = None,
    commit: Mapping[str, Any],
    environment: Environment | None = None,
    sweep: str | None = None,
    secrets: Sequence[str] = (),
) -> Provenance:
    """Return what is known of the command that is running."""
    command = [*_name_program(), *sys.argv[1:]]
    return Provenance(
        command=tuple(mask_command(command, secrets)),
        directory=str(Path.cwd()),
        app=app,
        configs=dict(configs or {}),
        sweep=sweep,
        commit=dict(commit),
        versions=read_versions(),
        environment=environment.describe() if environment else {},
    )


def _name_program() -> list[str]:
    program, module = Path(sys.argv[0]), getattr(sys.modules["__main__"], "__spec__", None)
    if program.name == "mag" or (module is not None and module.name == "mag.__main__"):
        return ["mag"]
    if module is not None and module.origin == sys.argv[0]:  # python -m, and no worker that was started by a script
        return ["python", "-m", module.name.removesuffix(".__main__")]
    return ["python", sys.argv[0]] if program.suffix == ".py" else [sys.argv[0]]


def locate_code() -> Path:
    """Return the directory of the script that this process runs; of a notebook or an installed program, the current."""
    script = Path(sys.argv[0])
    installed = [sysconfig.get_path(name) for name in ("scripts", "purelib", "platlib", "stdlib")]
    if not script.is_file() or any(script.absolute().is_relative_to(place) for place in installed):
        return Path.cwd()
    return script.absolute().parent


def read_versions() -> dict[str, str]:
    """Return the versions of mag, Python and the platform."""
    return {
        "mag": read_own_version(),
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.release()}-{platform.machine()}",
    }


def read_own_version() -> str:
    """Return mag's version; "unknown" where its source is used without having been installed."""
    import importlib.metadata  # noqa: PLC0415  (30 modules that every fork would carry along)

    try:
        return importlib.metadata.version("mag-sweep")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def describe_host() -> dict[str, Any]:
    """Return where this process runs: host name and process number."""
    return {"name": os.uname().nodename, "pid": os.getpid()}


def store_environment(store: StorePaths, environment: Environment) -> None:
    """Keep the content of an environment in a store, if it is not there yet.

    Raises:
        RecordError: It cannot be written.
    """
    path = store.environment(environment.digest)
    if not os.path.exists(path):
        content = values.dump_json({"version": 1, **environment.content}, sort=True)
        locks.write_shared_file(path, content, durable=True)


def read_environment(store: StorePaths, digest: str) -> dict[str, Any] | None:
    """Return the content that a store keeps under a digest; None if it has none or it cannot be read."""
    if not re.fullmatch(r"[0-9a-f]+", digest):
        return None
    try:
        return files.read_json(store.environment(digest))
    except (OSError, RecordError):
        return None
