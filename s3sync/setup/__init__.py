"""Setup of a repository: `s3sync init`, `.gitignore`."""
