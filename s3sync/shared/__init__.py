"""The team's records in the store beside its files: manifest, part digests, trash. Syncing stands above it."""
