"""Two people and a server behind the proxy."""

from tests.scenarios.transfers.conftest import new_office, office

__all__ = ["new_office", "office"]
