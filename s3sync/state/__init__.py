"""Memory of this computer: base, digest cache, unfinished transfers, journal; and the lock."""
