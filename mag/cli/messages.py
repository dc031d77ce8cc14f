"""What is said to the user on standard error, which harms nothing when nobody listens any more."""

import os

import click


def say(text: str) -> None:
    """Print a message; a closed pipe (`2>&1 | head -1`) or a full disk is no reason to stop a sweep."""
    try:
        click.echo(text, err=True)
    except OSError:
        silence(2)


def silence(number: int) -> None:
    """Lead a descriptor that cannot be written to any more to nowhere: what is buffered for it harms nobody then."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
