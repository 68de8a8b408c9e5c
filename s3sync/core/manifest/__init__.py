"""metadata.json as a value: its records, its layout as text, and edits to it."""
