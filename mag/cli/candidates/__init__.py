"""Candidates: what may stand where the cursor is, read from configs and records, never from a running app."""
