"""Keys of encrypted repositories: the one that this user has here, and those wrapped for the members in the store.

Loaded only where a repository is encrypted, and by `s3sync keys`. Only `wrapping.py` knows pyrage.
"""
