"""What is remembered: base, digest cache, lock; and metadata.json with its compare-and-swap."""
