"""Launchers: a plan onto an engine."""
