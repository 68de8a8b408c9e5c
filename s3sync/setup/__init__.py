"""What sets a repository up: `s3sync init`, `.gitignore`."""
