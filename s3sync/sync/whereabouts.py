"""Which place in a store the settings and the project name: what base, transfers and intents belong to."""

from __future__ import annotations

from s3sync.config import Settings, mask_url
from s3sync.project import ProjectFolder
from s3sync.state.places import StorePlace, place_of
from s3sync.store import Store, endpoint_of


def whereabouts(settings: Settings, store: Store, project: ProjectFolder) -> StorePlace:
    """Asks nothing of the network. Version 1 of state.db had another name for the same place."""
    v1_name = f"{mask_url(store.url)}/{project.prefix}"
    if settings.endpoint_url is not None:
        v1_name += f" at {mask_url(settings.endpoint_url)}"
    return place_of(store.url, endpoint_of(store), project.prefix, v1_name=v1_name)
