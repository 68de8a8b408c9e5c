"""`python -m s3sync`."""

from s3sync.cli.main import main

main()
