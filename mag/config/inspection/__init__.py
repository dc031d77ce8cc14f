"""Inspection: where the values of a config come from, what differs, and what is wrong with a folder of configs."""
