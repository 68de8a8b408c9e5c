"""Notices sent to chats, mail and phones: through apprise, to the addresses in the user's own settings."""
