"""What is said to the user on standard error, which harms nothing when nobody listens any more."""

import contextlib

import click


def say(text: str) -> None:
    """Print a message; a closed pipe (`2>&1 | head -1`) is no reason to stop a sweep."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(text, err=True)
