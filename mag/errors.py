"""Every error that mag raises on purpose.

    MagError
    ├── UsageError           the command line, the settings or the app cannot be used
    ├── ConfigError          a config cannot be composed
    │   ├── OverrideError    an override is malformed, or names what is not there
    │   ├── YamlError        a config file cannot be read (names file and line)
    │   ├── MissingValueError    a value is still `???`
    │   ├── InterpolationError   an interpolation cannot be read, or its resolver raised
    │   └── SchemaError      a value is not of the type that the schema says
    ├── SpaceError           the overrides of a sweep span nothing that can be run
    ├── RecordError          a file of the experiments directory cannot be read or written
    │   ├── NotFoundError    no such experiment
    │   ├── ExistsError      the experiment is there already, or is running
    │   └── ResultError      a result that cannot be stored
    ├── RepositoryError      git cannot give or keep the code of an experiment
    ├── LaunchError          the engine could not run experiments at all
    └── ProgramError         the program that is an experiment failed

A message is one sentence: the value and the place, what is known, what to type instead.
Only the command line prints them, and ends with their `exit_code`.
"""


class MagError(Exception):
    """What went wrong, in one sentence for the user; `exit_code` is the exit status it leads to."""

    exit_code = 2


class UsageError(MagError):
    """The command line, the settings or the app cannot be used."""


class ConfigError(MagError):
    """A config cannot be composed."""


class OverrideError(ConfigError):
    """An override is malformed, or names what is not there."""


class YamlError(ConfigError):
    """A config file cannot be read; the message names file and line."""


class MissingValueError(ConfigError):
    """A value that must be given is still `???`."""


class InterpolationError(ConfigError):
    """An interpolation cannot be read, or its resolver raised."""


class SchemaError(ConfigError):
    """A value is not what the schema says.

    Args:
        message: What is wrong.
        key: The dotted key of the value.
    """

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class SpaceError(MagError):
    """The overrides of a sweep span nothing that can be run."""


class RecordError(MagError):
    """A file of the experiments directory cannot be read or written."""


class NotFoundError(RecordError):
    """No experiment answers to the name."""

    exit_code = 4


class ExistsError(RecordError):
    """The experiment is there already, or is running."""


class ResultError(RecordError):
    """A result is of a kind that cannot be stored."""


class RepositoryError(MagError):
    """Git cannot give or keep the code of an experiment."""


class LaunchError(MagError):
    """The engine could not run experiments at all."""


class ProgramError(MagError):
    """The program that is an experiment failed.

    Args:
        message: How it ended.
        signal: The signal that ended it, if one did.
    """

    def __init__(self, message: str, signal: int | None = None) -> None:
        super().__init__(message)
        self.signal = signal
