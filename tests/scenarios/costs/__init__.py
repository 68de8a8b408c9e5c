"""What `s3sync cost` and `s3sync setup budget` say and send, on real servers."""
