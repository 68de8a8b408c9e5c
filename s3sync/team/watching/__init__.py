"""Watching a project: upload what is finished, and notice what others did."""
