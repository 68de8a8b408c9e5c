"""Archive sets to begin with, one for each kind of user. `archive init --preset` writes one into the settings."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Preset(Struct, frozen=True):
    """A set's rules but for its store, and a sentence about it."""

    about: str
    rules: Mapping[str, object]


_VIDEO = ("*.[mM][pP]4", "*.[mM][oO][vV]", "*.[mM][xX][fF]", "*.360", "*.[iI][nN][sS][vV]")
_PHOTOS = ("*.[jJ][pP][gG]", "*.[jJ][pP][eE][gG]", "*.[hH][eE][iI][cC]", "*.[dD][nN][gG]", "*.[cC][rR][23]",
           "*.[nN][eE][fF]", "*.[aA][rR][wW]")  # fmt: skip
_NOTES = ("*.md", "notes*.txt")

PRESETS: Mapping[str, Preset] = {
    "projects": Preset(
        "finished projects, in folders of fifty; transcripts and pictures stay where files are removed",
        {
            "layout": "{range}/{id}",
            "pack": "tar",
            "older_than": "6months",
            "tags": {"archive": "normal"},
            "light": ("*.srt", "*.vtt", "*.txt", "*.md", "*.json", "*.jpg", "*.png", "transcripts/", "thumbnails/"),
        },
    ),
    "sessions": Preset(
        "imaging sessions by year, with their notes readable beside them",
        {
            "source": "raw/*",
            "layout": "raw/{year}/{id}",
            "pack": "tar",
            "tags": {"archive": "fast"},
            "sidecars": _NOTES,
        },
    ),
    "processing": Preset(
        "processed data by year, to GLACIER",
        {
            "source": "processing/*",
            "layout": "processing/{year}/{id}",
            "pack": "tar.gz",
            "storage_class": "GLACIER",
            "tags": {"archive": "delayed"},
            "sidecars": _NOTES,
        },
    ),
    "final": Preset(
        "chosen results, each by itself and at hand",
        {
            "source": "final",
            "unit": "file",
            "select": ("*.tif", "*.tiff", "*.jpg", "*.png", "*.xisf", "*.fits", "*.mp4"),
            "layout": "final/{path}",
            "storage_class": "STANDARD_IA",
        },
    ),
    "media": Preset(
        "photos and clips by the month in which they were taken, under the MD5 of their content",
        {
            "source": "media",
            "unit": "file",
            "select": (*_PHOTOS, *_VIDEO),
            "layout": "cache/{captured:%Y/%m}/{md5}.{ext}",
            "sidecars": ("*.xmp", "*.XMP"),
            "lifecycle_days": 90,
            "lifecycle_class": "GLACIER",
        },
    ),
    "media-db": Preset(
        "pictures, clips and documents that a table lists, under the MD5 of their content; the table gets the address",
        {
            "source": "sql",
            "files": "cache/media",
            "select": (
                "SELECT media_id AS id, local_file_path AS path, md5_sum AS md5, mime_type, media_type,"
                " file_size AS size, created_at, archive_url FROM post_media"
                " WHERE media_id > :last ORDER BY media_id LIMIT :limit"
            ),
            "update": (
                "UPDATE post_media SET archive_url = :archive_url, md5_sum = COALESCE(md5_sum, :md5),"
                " updated_at = :archived_at"
                " WHERE media_id = :id AND COALESCE(archive_url, '') = COALESCE(:old, '')"
            ),
            "layout": "cache/{captured:%Y/%m}/{md5}.{ext}",
        },
    ),
    "footage": Preset(
        "camera files in the folders in which they lie, with what the camera wrote beside them, to GLACIER",
        {
            "source": "footage",
            "unit": "file",
            "select": _VIDEO,
            "layout": "{path}",
            "storage_class": "GLACIER",
            "sidecars": ("*.THM", "*.LRV", "*.SRT", "*.xmp", "*.XML"),
        },
    ),
}
