"""mag's own settings: `[tool.mag]` of the nearest `pyproject.toml`, or a `mag.toml`.

They belong to mag and never mix with the user's config. What may stand there, and what it means, is `Settings`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mag.errors import UsageError
from mag.suggestion import name_nearest

SECRET_FILES = (
    *(".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".mylogin.cnf", ".htpasswd"),
    *(".pypirc", ".npmrc", ".yarnrc", ".s3cfg", ".boto", ".dockercfg", ".dockerconfigjson", ".docker", ".cdsapirc"),
    *("*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.kdb", "*.ppk", "*.ovpn", "*.rdp"),
    *("*.tfstate", "*.tfstate.*", "*.tfvars", "*.agilekeychain", "*.keychain", "*.gpg", "*.pgp", "*.pkcs12"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*_rsa", "*_dsa", "*_ecdsa", "*_ed25519", ".git-credentials"),
    *(
        ".aws",
        ".azure",
        ".ssh",
        ".gnupg",
        ".kaggle",
        ".kube",
        "kubeconfig",
        "*.kubeconfig",
        ".vault-token",
        ".huggingface",
    ),
    *("rclone.conf", ".bash_history", ".zsh_history", ".python_history", ".ipython", ".psql_history", ".mysql_history"),
    *("credentials", "*credential*.json", "*credential*.y*ml", "*credential*.toml", "*credential*.ini"),
    *("*credential*.csv", "*credential*.txt", "*credential*.xml", "*accesskeys*.csv", "client_secret*.json"),
    *("secrets", "*secret*.json", "*secret*.y*ml", "*secret*.toml", "*secret*.ini", "*secret*.txt", "*secret*.csv"),
    *("service?account*.json", "password.txt", "passwords.*", "*_passwords.*", "token.txt", "tokens.txt", "*.token"),
    *("*_token.txt", "*-token.txt", "api?key.txt", "api?keys.*", "apikey.txt", "apikeys.*"),
)
"""Names of files that hold secrets, as gitleaks and GitHub know them: a snapshot takes in no untracked one."""
MISSING_KINDS = ("early", "late")
"""When a value that is still `???` is an error."""
START_METHODS = ("fork", "spawn")


class Settings(NamedTuple):
    """What a project says about how mag works in it.

    Attributes:
        root: Directory of the file that was read; None where there is none.
        app: The app that commands mean when they name none, as `file.py:function`.
        command: The command line that is run where no app is named, as `./sim.sh --lr {lr}`.
        experiments_dir: Where experiments are kept, relative to `root`; in a file `~` is the user's home.
        separator: What stands between the values in an identifier.
        identifier: The keys that make up the name, in order, or a template of it (`{model.name}-lr{lr}`); None for all
            visible ones.
        hidden: Patterns of keys (`paths.*`) that are no part of the identity, besides those that begin with `_`.
        visible: Patterns of keys (`*._name`) that are, all the same.
        jobs: How many experiments run at a time; None for as many as there are CPUs.
        chdir: Whether an experiment starts in its own directory instead of the user's.
        missing: "early" where a value that is still `???` is an error before anything starts, "late" where the function
            fills it.
        start_method: How experiments are started, "fork" or "spawn"; None for by fork unless that is unsafe.
        secrets: More key patterns (`*_pin`) whose values are masked in everything written.
        snapshot_exclude: Patterns of file names that no snapshot of the code takes in; set, they replace the default.
        env: Environment variables that experiments get.
        unheeded: A file of another user's in a directory above, which is not read; None where there is none.
        launcher: What launchers are told, by the name that `--launcher` gives: `{"slurm": {"partition": "gpu"}}`.
        renamed: Apps that were called otherwise before, old name to new, both as `file.py:function`.
    """

    root: Path | None = None
    app: str | None = None
    command: str | None = None
    experiments_dir: str = "experiments"
    separator: str = "-" if os.name == "nt" else "|"
    identifier: tuple[str, ...] | str | None = None
    hidden: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()
    jobs: int | None = None
    chdir: bool = False
    missing: str = "early"
    start_method: str | None = None
    secrets: tuple[str, ...] = ()
    snapshot_exclude: tuple[str, ...] = SECRET_FILES
    env: Mapping[str, str] = {}
    launcher: Mapping[str, Mapping[str, str]] = {}
    renamed: Mapping[str, str] = {}
    unheeded: Path | None = None

    def store_root(self, cwd: Path) -> Path:
        """Return the directory of the experiments: beside the file that names the app, else under `cwd`."""
        return (self.root if self.root is not None and (self.app or self.command) else cwd) / self.experiments_dir


_KINDS: dict[str, type] = {
    "app": str,
    "command": str,
    "experiments_dir": str,
    "separator": str,
    "identifier": list,
    "hidden": list,
    "visible": list,
    "jobs": int,
    "chdir": bool,
    "missing": str,
    "start_method": str,
    "secrets": list,
    "snapshot_exclude": list,
    "env": dict,
    "launcher": dict,
    "renamed": dict,
}
_TABLES = {
    "env": 'a table of texts, {NAME = "value"}',
    "launcher": 'tables of options, [tool.mag.launcher.slurm] with partition = "gpu" below it',
}
_WORDS = {
    str: "a string",
    list: "a list of strings",
    int: "an integer",
    bool: "true or false",
    dict: 'a table of apps, {"old.py:function" = "new.py:function"}',
}


def find_settings(start: Path) -> Settings:
    """Return the settings in force in directory `start`: those of the nearest file upwards, else the defaults.

    Raises:
        UsageError: A settings file cannot be read, or holds an unknown key or a value of the wrong kind.
    """
    unheeded = None
    for directory in (start, *start.parents):
        for path in (directory / "mag.toml", directory / "pyproject.toml"):
            if directory != start and not _is_trusted(path):
                unheeded = unheeded or (path if _speaks_to_mag(path) else None)
            elif (table := _read_table(path)) is not None:
                return parse_settings(table, path)._replace(unheeded=unheeded)
    return Settings(unheeded=unheeded)


def _read_table(path: Path) -> object | None:
    """Return what is said to mag in a file; None where there is no such file, or it says nothing to mag."""
    if not path.is_file():
        return None
    if path.name == "mag.toml":
        return _parse(_read(path), path)
    if "mag" not in (text := _read(path)):  # most have nothing for mag, and need no parser
        return None
    tools = _parse(text, path).get("tool")
    return tools["mag"] if isinstance(tools, dict) and "mag" in tools else None


def _is_trusted(path: Path) -> bool:
    """Tell whether a file is the user's or root's: anybody may write into a directory above, as into /tmp."""
    try:
        return path.stat().st_uid in {os.getuid(), 0}
    except OSError:  # there is none
        return True


def _speaks_to_mag(path: Path) -> bool:
    try:
        return path.name == "mag.toml" or b"tool.mag" in path.read_bytes()
    except OSError:
        return False


def find_app_settings(file: Path, cwd: Path) -> Settings:
    """Return the settings in force for an app: those of the current directory if they are of the project that it is in.

    Else those found upwards from its file; a file that is in no project is used by the project that one is in.

    Raises:
        UsageError: A settings file cannot be used.
    """
    settings, folder = find_settings(cwd), Path(os.path.abspath(file)).parent
    places = (folder, folder.resolve())
    if settings.root is not None and any(place.is_relative_to(settings.root) for place in places):
        return settings
    own = find_settings(folder)
    return own if own.root is not None else settings


def parse_settings(table: object, path: Path) -> Settings:
    """Return the settings that `table`, read from the file `path`, spells out.

    Raises:
        UsageError: It is no table, or has an unknown key, or a value of the wrong kind.
    """
    if not isinstance(table, Mapping):
        raise UsageError(
            f"mag = {table!r} under [tool] in {path} must be a table: write [tool.mag] and the keys below."
        )
    if "tool" in table:
        raise UsageError(f"{path} holds mag's keys at its top: write app = ... in it without [tool.mag] above.")
    for key, value in table.items():
        if key not in _KINDS:
            near = name_nearest(key, _KINDS)
            hint = f"did you mean {near!r}?" if near else "known are " + ", ".join(sorted(_KINDS)) + "."
            raise UsageError(f"Unknown setting {key!r} in {path}: {hint}")
        _check_kind(key, value, path)
    lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
    values = {**table, **lists, "root": path.parent}
    if "launcher" in table:
        values["launcher"] = {name: _write_options(options) for name, options in table["launcher"].items()}
    if "experiments_dir" in table:
        values["experiments_dir"] = os.path.expanduser(table["experiments_dir"])
    return Settings(**values)


def _check_kind(key: str, value: object, path: Path) -> None:
    kind = _KINDS[key]
    fits = type(value) is kind or (key == "identifier" and type(value) is str)
    if isinstance(value, list):
        fits = fits and all(isinstance(item, str) for item in value)
    elif isinstance(value, dict):
        fits = _fits_table(key, value, path)
    if not fits:
        words = _TABLES.get(key, _WORDS[kind])
        raise UsageError(f"Setting {key} = {value!r} in {path} must be {words}.")
    if key == "jobs" and isinstance(value, int) and value < 1:
        raise UsageError(f"Setting jobs = {value} in {path} must be at least 1.")
    if key == "missing" and value not in MISSING_KINDS:
        raise UsageError(f"Setting missing = {value!r} in {path} must be 'early' or 'late'.")
    if key == "start_method":
        check_start_method(value, f"Setting start_method = {value!r} in {path}")
    if key == "experiments_dir" and value == "":
        raise UsageError(f"Setting experiments_dir = '' in {path} must name a directory: 'experiments', for example.")


def _fits_table(key: str, table: Mapping[str, object], path: Path) -> bool:
    if key == "env":
        for name, text in table.items():
            check_variable(name, text, f"Setting env in {path}")
        return True
    if key == "launcher":
        return all(isinstance(options, dict) and _is_flat(options) for options in table.values())
    return all(isinstance(app, str) and ":" in app for pair in table.items() for app in pair)


def _is_flat(table: Mapping[str, object]) -> bool:
    """Tell whether a table has single values alone, or lists of texts."""
    items = [item for value in table.values() for item in (value if isinstance(value, list) else [value])]
    return all(isinstance(item, str | int | float | bool) for item in items)


def _write_options(table: Mapping[str, object]) -> dict[str, str]:
    """Return options as the command line has them; lists a line each."""
    texts = {name: "\n".join(map(str, value)) if isinstance(value, list) else value for name, value in table.items()}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in texts.items()}


def check_start_method(value: object, place: str) -> None:
    """Refuse what is no way to start experiments.

    Raises:
        UsageError: It is none.
    """
    if value not in START_METHODS:
        raise UsageError(
            f"{place} must be 'fork' or 'spawn'; left out, mag forks, and spawns where that would not be safe."
        )


def check_variable(name: str, value: object, place: str) -> None:
    """Refuse what can be no environment variable of an experiment.

    Raises:
        UsageError: Its name or value is none, or it is set otherwise.
    """
    if not (name.isascii() and name.isidentifier()):
        raise UsageError(f"{place} names {name!r}: the name of a variable has letters, digits and _ alone.")
    if not isinstance(value, str) or "\0" in value:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        raise UsageError(f'{place} has {name} = {value!r}, which is no text: write {name} = "{text}".')
    if name.startswith("MAG_"):
        raise UsageError(f"{place} sets {name}, which is mag's own to set: choose a name without MAG_.")
    if name == "PYTHONHASHSEED":
        raise UsageError(
            f"{place} sets PYTHONHASHSEED, which Python reads before there is an experiment: set it for the whole "
            f"command, PYTHONHASHSEED={value} mag ..."
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Cannot read {path}: {error}.") from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - start-up

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"Cannot read {path}: {error}.") from error
