"""Containers that move to the disk when they grow. Whoever makes them knows; all others see mappings and sequences."""
