"""A store on a remote of rclone: Dropbox, Google Drive, OneDrive, SFTP, WebDAV and seventy others.

rclone runs as a server on a socket that only this user reaches (`daemon.py`); `client.py` speaks to it, `store.py` is
the `port.Store`. There is no compare-and-swap behind it: conditions are checked just before each write, and whoever
relies on more than that asks `capabilities` (docs/stores/rclone.md).
"""

from s3sync.store.rclone.store import RcloneStore

__all__ = ["RcloneStore"]
