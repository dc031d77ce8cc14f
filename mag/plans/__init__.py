"""Overrides become a space, points and a frozen plan."""
