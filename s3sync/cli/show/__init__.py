"""Output of each command's report: text and JSON of one thing stand together."""
