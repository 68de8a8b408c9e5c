"""Bytes on their way between the disk and the store."""
