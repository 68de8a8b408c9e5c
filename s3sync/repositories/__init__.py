"""Repositories that this user's s3sync worked in: remembered in the user's own folder, each under a short name.

What is remembered says only where to look: a repository that is opened by its name is asked about as any other is.
"""
