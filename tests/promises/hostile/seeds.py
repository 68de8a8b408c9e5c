"""Valid documents that mutation starts from, and every input that once broke something: they stay here for good."""

from __future__ import annotations

from tests.promises.hostile import targets_of_files, targets_of_stores

FULL_MANIFEST = b"""{
  "schema": 1, "project_id": "b63", "repo": "v", "revision": 42, "write_id": "01JD",
  "last_sync": "2025-11-03T14:30:00Z", "last_sync_by": "jan", "quota": {"who": ["jan", null, 1.5]},
  "files": [{"name": "cut/draft.mp4", "size_bytes": 45678901, "uploaded_by": "david", "blake3": "dd",
             "uploaded_at": "2025-11-03T10:00:00Z", "md5": "aa", "etag": "bb-3", "part_size": 16777216,
             "modified_at": "2025-11-03T09:58:12Z"}],
  "deleted": [{"name": "old.mp4", "deleted_by": "jan", "deleted_at": "2025-11-02T00:00:00Z", "md5": "cc",
               "why": "old"}],
  "conflicts": [{"name": "a.mp4", "kept_as": "a.conflict-jan-20251103-143000.mp4", "by": "jan",
                 "at": "2025-11-03T14:30:00Z", "resolved": false, "seen": true}],
  "members": {"jan": {"revision": 42, "at": "2025-11-03T14:30:00Z", "host": "jans-mac", "version": "9"}}
}"""
FULL_PART_FILE = b'{"schema":1,"etag":"e","size":17825792,"part_size":16777216,"xxh3":["aa","bb"]}'
FULL_RECORD = (
    b'{"key":"v/a","size":3,"mtime_ns":1,"etag":"aa","first_part":5,"content_type":"a/b","metadata":{"md5":"a"}}'
)
FULL_UPLOAD = (
    b'{"key":"v/a","started":"2025-11-03T10:00:00Z","content_type":null,"storage_class":null,"metadata":{"md5":"a"}}'
)
FULL_SETTINGS = b"""store: s3://appydave-video-collab/team
repo: v-appydave
region: us-east-1
endpoint_url: http://127.0.0.1:8333
staging: s3-staging
transfers: 8
bwlimit: "10M 18:00,off"
ignore: [".DS_Store", "*.tmp", "~$*"]
"""

SEEDS: dict[str, list[bytes]] = {
    "manifest": [
        FULL_MANIFEST,
        b'{"revision": 1' + b"0" * 5000 + b"}",
        b'{"x": 1e400}',
        b'{"x":' + b"[" * 3000,
        b'{"files": [{"name": "e\xcc\x81/../x", "size_bytes": -1, "uploaded_by": "\\u001b[31m", "uploaded_at": ""}]}',
    ],
    "keys": [
        b"../x", b"a//b", b"C:x", b".s3sync./state.db", b".s3\xe2\x80\x8csync/x", b"metadata.json::$DATA",
        b"S3SYNC~1/x", b"metadata.json ", b"con.txt", b"a/com\xc2\xb9", b"e\xcc\x81te\xcc\x81.mp4", b"x" * 255,
        b"a/" * 511 + b"x",
        b"\xff", b"a\nb",
    ],
    "spellings": [b"Cut.mp4\nCut/b\n\ncut.mp4\ncut/b", b"Cut\ncut\n\nCUT", "Straße\n\nSTRASSE\nstrasse".encode()],
    "part_file": [
        FULL_PART_FILE,
        b'{"x":' + b"[" * 3000,
        b'{"schema":1,"etag":"e","size":17825792,"part_size":1' + b"0" * 30 + b',"xxh3":["aa"]}',
        b'{"schema":1,"etag":"e","size":17825792,"part_size":0,"xxh3":[]}',
    ],
    "records": [
        FULL_RECORD, FULL_UPLOAD, b'{"x":' + b"[" * 3000, b'{"key":"\xff"}',
        b'{"key":"v/a","started":"0001-01-01T00:00:00+14:00","content_type":null,"storage_class":null,"metadata":{}}',
        b'{"key":"v/a","started":"0001-01-01T00:00:00","content_type":null,"storage_class":null,"metadata":{}}',
    ],
    "times": [
        b"\x91" * 300,
        b"2025-11-03T10:00:00Z", b"\r\n2999-01-01T00:00:00Z\xc2\x85", b"0001-01-01T00:00:00+14:00",
        b"9999-12-31T23:59:59.999999999-14:00", b"NaN", b"300000-01-01T00:00:00Z",
    ],
    "metadata": [
        b"=?UTF-8?B?w6k=?=", b"=?UTF-8?Q?=C3=A9?=", b"=?unicode_escape?Q?=5Cud800?=", b"=?utf-7?Q?+2AA-?=",
        b"=?UTF-8?B??=", b"2025-11-03T10:00:00Z",
    ],
    "settings": [
        FULL_SETTINGS, b"a: &a [*a]", b"&a [*a, *a]", b"store: " + b"[" * 500, b"ignore: [\x9b]",
        b"\xef\xbb\xbfrepo: x",
    ],
    "env_file": [
        b"S3_COLLAB_BUCKET=b\nAWS_REGION=eu-1\nOTHER='x'\n", b"export AWS_CONFIG_FILE=x",
        b"A=${HOME}\nS3SYNC_USER=${USER}",
        b"\xef\xbb\xbfS3_PREFIX=a\r\n\r\nB", b"aws_ca_bundle=x", b'A="\\u0041', b"='x'\nS3SYNC_TRUST=1",
    ],
    "trusted_places": [
        b'{"schema":1,"places":[{"repository":"/r","store":"s3://b","endpoint":null,"profile":"p","at":"x"}]}',
        b'{"schema":1,"places":[{"repository":"/r","store":"s3://b","at":"x","all":true}]}',
        b'{"schema":2,"places":[]}',
        b"[" * 3000, b'{"schema":1e400,"places":[]}', b'{"schema":1,"places":[{"repository":"\\ud800"}]}',
    ],
    "state_rows": [
        b'\x00["a.mp4",5,null,"e"]', b'\x00["../x",-1,"md5",null]', b'\x01["a",5,1,1,null,"%s",null]' % (b"0" * 32),
        b'\x03[1,"%s"]' % (b"a" * 32), b'\x04["../../key"]', b'\x06[1e999]',
        b'\x05["a","up","v/b63/a","t","f",5,5,"[null,null]","2026",0]',
        b'\x05["a","down","v/b63/.s3sync/x","%s","f",5,5,"[null,null]","2026",3]' % (b"a" * 32),
        b'\x07["{\\"name\\":\\"a\\",\\"kept_as\\":\\"../b\\",\\"by\\":\\"\\",\\"at\\":\\"\\"}","conflict"]',
        b'\x08["{\\"kind\\":\\"fetched\\",\\"path\\":\\"a\\"}"]', b'\x08["' + b"[" * 3000 + b'"]',
    ],
    "ignore": [b"*a*a*a*a*a*a*a*b", b"**/a/**/b/**/c", b"!keep\n*.tmp\n/x/**", b"[!a]*[]a]?\\*", b"[a-", b"!x?\\/"],
    "shown": [b"\x1b]8;;http://evil\x1b\\", "\x9b31m\u202e\u0301\u0301".encode(), ("e" + "\u0301" * 40).encode()],
    **targets_of_stores.SEEDS,
    **targets_of_files.SEEDS,
}  # fmt: skip
