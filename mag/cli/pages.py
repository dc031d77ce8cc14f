"""The front page of the help, made of words alone: start-up is a feature."""

FAMILIES = {
    "The five you need": {
        "run": "Run one experiment.",
        "sweep": "Run every combination.",
        "ls": "List experiments as a table.",
        "show": "Show one experiment.",
        "rerun": "Run an experiment again, from its record.",
    },
    "Plan": {
        "init": "Start a project.",
        "config": "Print the composed config.",
        "check": "Check that all configs and spaces compose.",
    },
    "While it runs": {
        "status": "List the sweeps and how far each is.",
        "watch": "Show a sweep live.",
        "stop": "Stop a sweep or an experiment.",
        "pause": "Pause a sweep: start nothing more for now.",
        "resume": "Continue a paused sweep.",
        "jobs": "Change how many experiments run at a time.",
    },
    "Look and compare": {
        "log": "Print the log of an experiment.",
        "path": "Print the directory of an experiment.",
        "failures": "Group failed experiments by what broke.",
        "summarize": "Put results side by side.",
        "diff": "Show how experiments differ.",
        "report": "Write experiments as one HTML page.",
        "ui": "Show that page live in a browser.",
    },
    "A project that lives on": {
        "migrate": "Keep finished experiments when a key is added or renamed.",
        "rename": "Name directories as the settings say now.",
        "accept": "Accept that experiments failed.",
        "tag": "Add tags, or take them away.",
        "note": "Note something about an experiment.",
        "rm": "Move experiments to the trash.",
        "archive": "Move experiments to another directory.",
    },
    "Keep and bring back": {
        "restore": "Bring back the code and config of an experiment.",
        "export": "Hand experiments to other programs.",
        "import": "Import an experiment from a file, or old results of Hydra.",
        "gc": "Drop snapshots that no record names.",
    },
    "Help": {
        "doctor": "Check the machine, file system and app for mag.",
        "completion": "Set up Tab completion.",
        "help": "Explain a command or a topic.",
    },
}
"""Every command and its line in the help, by family."""

COMMANDS = {name: line for family in FAMILIES.values() for name, line in family.items()}
"""Every command and its line in the help."""

MODULES = {
    **dict.fromkeys(("stop", "pause", "resume", "jobs"), "control"),
    "path": "show",
    **dict.fromkeys(("migrate", "rename"), "migrate"),
    **dict.fromkeys(("accept", "tag", "note", "rm", "archive"), "keeping"),
    **dict.fromkeys(("report", "ui"), "reports"),
}
"""The module in `mag.cli` of a command that shares a file with its family, where it is called `NAME_command`.

Every other command is called `command`, in the module of its own name.
"""

HELP = """Compose configs, run every combination, lose nothing.

  mag run C=10                     one experiment, its output on the terminal
  mag sweep C=1,10 gamma=0.01,0.1  every combination, in parallel
  mag ls 'accuracy>0.9'            what ran

A command works on the app that [tool.mag] in pyproject.toml names, or on the
one file here that uses @mag.main. Name another one first:
`mag sweep train.py C=1,10`. `mag COMMAND --help` explains each command.
"""

OPTIONS = {
    "-h, --help": "Show this page.",
    "--version": "Print mag's version.",
    "--debug": "Show the traceback of an error; run and sweep: in this process, with a debugger.",
}


_WIDTH = max(map(len, COMMANDS)) + 2


def format_help() -> str:
    """Return the page that `mag --help` shows."""
    text = "\n".join(f"  {line}".rstrip() for line in HELP.strip().splitlines())
    parts = (
        "Usage: mag [OPTIONS] COMMAND [ARGS]...",
        text,
        f"Options:\n{_list(OPTIONS)}",
        *(f"{family}:\n{_list(lines, _WIDTH)}" for family, lines in FAMILIES.items()),
    )
    return "\n\n".join(parts)


def _list(lines: dict[str, str], width: int = 0) -> str:
    width = width or max(map(len, lines)) + 2
    return "\n".join(f"  {name:<{width}}{text}" for name, text in lines.items())
