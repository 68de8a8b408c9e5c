"""Two places and what is exchanged between them: folders, stores and projects, in any pair."""
