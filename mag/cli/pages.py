"""The front page of the help, made of words alone: start-up is a feature."""

COMMANDS = {
    "init": "Start a project.",
    "config": "Print the composed config.",
    "check": "Check that all configs and spaces compose.",
    "run": "Run one experiment.",
    "sweep": "Run every combination.",
    "status": "List the sweeps and how far each is.",
    "watch": "Show a sweep live.",
    "stop": "Stop a sweep or an experiment.",
    "pause": "Let a sweep start nothing more for now.",
    "resume": "Let a paused sweep go on.",
    "jobs": "Give a sweep another number of jobs.",
    "ls": "List experiments as a table.",
    "show": "Show one experiment.",
    "log": "Print the log of an experiment.",
    "path": "Print the directory of an experiment.",
    "failures": "Group failed experiments by what broke.",
    "summarize": "Put results side by side.",
    "rerun": "Run an experiment again, from its record.",
    "restore": "Bring back the code and config of an experiment.",
    "diff": "Show in what two experiments differ.",
    "export": "Put an experiment and its code into a file.",
    "import": "Take an experiment and its code from a file.",
    "gc": "Drop snapshots that no record names.",
    "completion": "Set up Tab completion.",
    "help": "Explain a command or a topic.",
}
"""Every command and its line in the help; the command itself is `command` in the module of its name."""

HELP = """Compose configs, run every combination, lose nothing.

  mag config model=svm             what would run
  mag run C=10                     one experiment, its output on the terminal
  mag sweep C=1,10 gamma=0.01,0.1  every combination, in parallel
  mag ls 'accuracy>0.9'            what ran
  mag summarize                    results side by side

Commands mean the app that [tool.mag] in pyproject.toml names, or the one file
here that uses @mag.main; name another first: `mag sweep train.py C=1,10`.
`mag COMMAND --help` explains each command.
"""

OPTIONS = {
    "-h, --help": "Show this page.",
    "--version": "Print mag's version.",
    "--debug": "Show the traceback of an error; run and sweep: in this process, with a debugger.",
}


def format_help() -> str:
    """Return the page that `mag --help` shows."""
    text = "\n".join(f"  {line}".rstrip() for line in HELP.strip().splitlines())
    parts = (
        "Usage: mag [OPTIONS] COMMAND [ARGS]...",
        text,
        f"Options:\n{_list(OPTIONS)}",
        f"Commands:\n{_list(COMMANDS)}",
    )
    return "\n\n".join(parts)


def _list(lines: dict[str, str]) -> str:
    width = max(map(len, lines)) + 2
    return "\n".join(f"  {name:<{width}}{text}" for name, text in lines.items())
