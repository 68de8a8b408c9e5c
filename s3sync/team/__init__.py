"""Verbs of people who work together, beyond the exchange of files."""
