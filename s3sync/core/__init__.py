"""Pure decisions: no file, no network, no clock, no environment. Times and names come as arguments."""
