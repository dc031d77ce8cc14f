"""Shells: bash, zsh and fish, what their command lines look like, and how each is told of candidates."""
