"""Composition: groups of documents and overrides to one nested config."""
