"""The command line: one file per group of commands, text and JSON renderers, exit codes, wiring."""
