"""Archives: units found on the disk, packed and sent, catalogued, verified, thawed and restored."""
