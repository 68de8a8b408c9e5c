"""Dashboard: where every project of a repository stands, as one value, and as one page that shows it."""
