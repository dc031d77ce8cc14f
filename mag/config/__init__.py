"""YAML groups and overrides become a nested config, a flat config, an identity and an identifier.

The rooms, in the order in which data flows:

    language/      the override language: text to overrides and back
    conditions/    expressions over keys: what `--where` and `--stop-if` are written in
    documents/     YAML text to plain data, and back
    composition/   groups of documents and overrides to one nested config
    inspection/    where values come from, what differs, what is wrong
    flat, identity, identifier   what the rest of mag makes of a config
"""
