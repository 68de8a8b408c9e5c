"""Words of `s3sync archive`, in one file for each subject. `cli/commands/archive.py` puts them together."""
