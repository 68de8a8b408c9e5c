"""What each command says of its report: text and JSON of one thing stand together."""
