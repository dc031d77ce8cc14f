"""Conditions: a small language over the keys of a config, or over metrics; parsed, never `eval`ed."""
