"""Archives as values and decisions: sets and their units, names of archives, indexes, prices, rules of lifecycle."""
