"""Samplers: a space in, points out."""
