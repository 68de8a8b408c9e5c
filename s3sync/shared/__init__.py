"""What the team keeps in the store beside its files: manifest, part digests, trash. Below syncing, which uses it."""
