"""Jobs of S3 Batch Operations: kept in the catalogue, done by S3 on any number of archives, read back as a report."""
