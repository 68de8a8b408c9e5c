"""Costs as values."""
