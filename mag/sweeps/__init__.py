"""Overrides become a space, points and a frozen plan; a plan becomes a sweep."""
