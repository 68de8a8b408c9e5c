"""Files that systems, NAS and file managers leave beside people's files."""

from __future__ import annotations

OF_SYSTEMS = (
    ".DS_Store", "._*", ".AppleDouble/", ".fseventsd/", ".Spotlight-V100/", ".TemporaryItems/",
    ".DocumentRevisions-V100/", "Icon[[:cntrl:]]", "[Tt]humbs.db", "ehthumbs.db", "[Dd]esktop.ini", "$RECYCLE.BIN/",
    "System Volume Information/", ".Trash*", "lost+found/", ".nfs*", ".fuse_hidden*", "@eaDir/", "\\#recycle/",
    ".apdisk", ".localized", ".VolumeIcon.icns", ".com.apple.timemachine.donotpresent", ".dropbox", ".dropbox.cache/",
    "*.ffs_db", "*.ffs_lock",
)  # fmt: skip
