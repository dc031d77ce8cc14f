"""`mag completion`: Tab completion for bash, zsh and fish."""

import gc

import click

from mag.patterns import compiling_lazily

HELP = """Set up Tab completion for SHELL: bash, zsh or fish.

\b
  mag completion bash --install           write it where bash looks for it
  source <(mag completion zsh)            try it in this shell

Tab then completes commands, options and their values, the app, keys (one step at a time), options of config groups,
values that the configs know, several of them after a comma, and names of experiments. It reads configs and records
and never imports your app; where the decorator computes its config path, there is nothing to read, and so to complete.

\b
  mag sweep mod<Tab>            model=  model.
  mag sweep model=svm,<Tab>     model=svm,forest  model=svm,logistic
  mag show 10<Tab>              10\\|0.01  10\\|0.1

`python app.py`, where app.py uses @mag.main, and `python -m mag` are completed in the same way, for programs named
python and python3; all else after `python` is completed as before:

\b
  bash   once ~/.bashrc sources the script (--install says how)
  zsh    once the script is on fpath (--install says how)
  fish   once config.fish sources the script; fish takes a word right behind -m for a module: type --multirun

In zsh and fish quote a deletion, '~key': an unquoted ~ is the shell's own there. bash must be version 4 or newer.

Exit status: 0, or 2 if the script cannot be written.
"""


@click.command(help=HELP, short_help="Set up Tab completion.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@click.option("--install", "wanted", is_flag=True, help="Write the script where the shell looks for it.")
@click.option("--answer", "line", hidden=True, help="Print what may follow this command line.")
@click.option("--breaks", default="", hidden=True, help="The value of COMP_WORDBREAKS in bash.")
def command(shell: str, wanted: bool, line: str | None, breaks: str) -> int:
    """Print the script, install it, or answer it."""
    if line is not None:
        return _answer(shell, line, breaks)
    from mag.cli.shells.installation import install, read_script

    if not wanted:
        click.echo(read_script(shell), nl=False)
        return 0
    installed = install(shell)
    click.echo(f"{'Wrote' if installed.changed else 'Up to date:'} {installed.path}")
    for advice in installed.advice:
        click.echo(advice, err=True)
    return 0


def _answer(shell: str, line: str, breaks: str) -> int:
    """Print what the shell's script asks for; exit status 1 tells it to leave the line to others."""
    gc.disable()  # what is loaded from here on stays, too
    try:
        with compiling_lazily():
            from mag.cli.shells.answers import answer

            text = answer(shell, line, breaks)
    except Exception:  # noqa: BLE001  (whatever is wrong with configs or records, a Tab is no time to say so)
        text = ""
    click.echo((text or "").encode(errors="surrogateescape"), nl=False)
    return 1 if text is None else 0
