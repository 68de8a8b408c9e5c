"""A file for each command of the command line, called as the command: `s3sync NAME` is `NAME` in `NAME.py`."""
