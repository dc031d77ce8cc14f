"""YAML groups and overrides become a nested config, a flat config, an identity and an identifier."""
