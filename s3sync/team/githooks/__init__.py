"""Git hooks that call s3sync: how they are installed, and what they do when git calls them."""
