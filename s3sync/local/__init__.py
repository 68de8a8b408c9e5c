"""The user's disk: scan, digests, and putting verified bytes under their name."""
