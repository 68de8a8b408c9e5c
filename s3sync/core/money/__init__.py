"""Money of a month: who and what costs how much, and what that leads to. No file, network, clock or environment."""
