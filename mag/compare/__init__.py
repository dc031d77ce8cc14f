"""Experiments become tables and summaries."""
