"""The loop that media rows replace: for each row read the file, compare its MD5, put it, write the address, commit.

DATABASE_URL=... BUCKET=... PREFIX=... python scripts/benchlib/media_loop.py FOLDER
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import boto3
import psycopg


def main() -> int:
    root, bucket, prefix = Path(sys.argv[1]), os.environ["BUCKET"], os.environ["PREFIX"]
    client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT media_id, local_file_path, md5_sum, created_at FROM post_media WHERE archive_url IS NULL"
            " ORDER BY media_id"
        ).fetchall()
        connection.commit()
        for number, path, md5, created in rows:
            body = (root / path).read_bytes()
            if hashlib.md5(body).hexdigest() != md5:
                continue
            key = f"{prefix}/cache/{created:%Y/%m}/{md5}.jpg"
            client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="image/jpeg")
            connection.execute(
                "UPDATE post_media SET archive_url = %s, updated_at = now() WHERE media_id = %s",
                (f"s3://{bucket}/{key}", number),
            )
            connection.commit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
