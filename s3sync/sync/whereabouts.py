"""The place in a store that settings and project name: what base, transfers and intents belong to."""

from __future__ import annotations

from s3sync.config import Settings, mask_url
from s3sync.errors import StoreError
from s3sync.project import ProjectFolder
from s3sync.state.places import StorePlace, place_of
from s3sync.store import Store, endpoint_of, identity_of


def whereabouts(settings: Settings, store: Store, project: ProjectFolder) -> StorePlace:
    """Asks nothing of the network. Version 1 of state.db had another name for the same place.

    A folder store is told from another disk at the same path by the id in its marker. One that is not there has no id
    now, and every command that needs it will say so.
    """
    v1_name = f"{mask_url(store.url)}/{project.prefix}"
    if settings.endpoint_url is not None:
        v1_name += f" at {mask_url(settings.endpoint_url)}"
    try:
        store_id = identity_of(store) or ""
    except StoreError:
        store_id = ""
    return place_of(store.url, endpoint_of(store), project.prefix, store_id=store_id, v1_name=v1_name)
