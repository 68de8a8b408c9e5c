"""Pages for people without an account: written here, kept in the store, opened by a link."""
