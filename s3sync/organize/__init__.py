"""Organizing: files get names by what they say about themselves, without being downloaded."""
