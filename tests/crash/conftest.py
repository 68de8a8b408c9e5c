"""Two people and a server behind the proxy."""

from tests.transfers.conftest import new_office, office

__all__ = ["new_office", "office"]
