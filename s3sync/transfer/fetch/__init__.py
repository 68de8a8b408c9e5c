"""Fetching files."""
