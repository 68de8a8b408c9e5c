"""What comes from outside becomes a value in few places: each is named here, with what bounds it and what tries it.

A new decoder fails until somebody wrote down whose bytes it gets; a value that the rest believes is made by its own
room.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.promises.hostile.targets import TARGETS
from tests.unit.disk.one_room import sources

DECODERS = {
    "decode",
    "loads",
    "load",
    "safe_load",
    "Decoder",
    "convert",
    "reader",
    "DictReader",
    "fromstring",
    "parse_stream",
}
MODULES = {
    "json",
    "msgspec",
    "msgspec.json",
    "msgspec.msgpack",
    "yaml",
    "plistlib",
    "csv",
    "tomllib",
    "pickle",
    "marshal",
    "ElementTree",
}
FUZZED = {
    "manifest": {"core/manifest/parse.py", "core/manifest/layout.py"},
    "own_manifest": {"shared/own_manifests.py"},
    "part_file": {"shared/parts.py"},
    "history": {"shared/history.py", "core/history.py"},
    "records": {"store/folder/files.py", "store/folder/uploads.py"},
    "marker": {"store/folder/marker.py"},
    "state_rows": {"state/schema.py"},
    "wishes": {"state/queued.py"},
    "trusted_places": {"trust/book.py"},
    "key_file": {"keys/own.py"},
    "wrapped": {"keys/wrapping.py"},
    "sealed": {"store/sealed/side.py"},
    "rclone": {"store/rclone/client.py"},
    "google": {"store/gcs/failures.py", "store/gcs/api.py"},
    "azure": {"store/azure/blocks.py"},
    "archive_index": {"core/archive/index.py"},
    "journal": {"organize/journal.py"},
    "pin_file": {"core/pins.py"},
    "lock_record": {"core/team.py"},
    "client_words": {"core/inboxes.py"},
    "rule_file": {"core/archive/rule_files.py", "archive/importing.py"},
    "env_file": {"config/envfile.py"},
}
"""Files by the target of the fuzzer that gives them any bytes."""
OWN = {
    "archive/auto_state.py", "archive/batch/tasks.py", "archive/catalogue/schema.py", "archive/journal.py",
    "archive/waiting.py", "archives/auto_jobs.py", "costs/told.py", "repositories/book.py", "state/books.py",
    "store/azure/login.py", "store/gcs/credentials.py", "team/notices/waiting.py",
}  # fmt: skip
"""What lies in the user's own folder, or his own program says: read bounded, by its type, and damaged as nothing."""
OURS = {
    "config/write.py", "core/archive/prices.py", "decoding.py", "spill/coding.py", "store/lanes/rounds.py",
    "store/s3/models.py",
}  # fmt: skip
"""What ships with the program, or it wrote itself a moment ago into memory or a file without a name."""
ELSEWHERE = {
    "archive/batch/report.py": "tests/unit/archive/test_batch_report.py: a job's report, line by line, with its MD5",
    "config/databases.py": "the `.env` of a repository: one variable, read and bounded as the env file is",
    "core/receipts.py": "tests/unit/core: a receipt that is none is passed over",
    "archive/readers/exiftool.py": "tests/unit/archive/test_readers.py: at most 64 KiB that ExifTool tells",
    "shared/nested.py": "one string of at most a head's length, of a metadata.json that is no project's own",
    "state/lock.py": "tests/promises/hostile/test_planted.py: who holds the lock may say anything of itself",
    "state/overwrites.py": "tests/promises/hostile/test_foreign_memory.py: rows of state.db that nothing is opened by",
    "state/untold.py": "core/history.py reads its rows; the mark is two texts",
    "store/gcs/uploads.py": "tests/contract: the record of an upload, by its type",
    "store/s3/identities.py": "tests/promises/hostile/test_accounts.py: a policy, compared no deeper than ours",
}
MAKERS = {
    "RemoteFile": {"shared/scan.py"},
    "LocalFile": {"local/scan.py"},
    "KnownPlace": {"state/schema.py"},
    "CachedDigest": {"state/schema.py", "sync/scan.py"},
    "Unfinished": {"state/schema.py", "transfer/fetch/large.py", "transfer/send/large.py", "pairs/streaming.py"},
    "Intent": {"sync/steps/keep_both.py"},
    "Settings": {"config/settings.py"},
    "ArchiveSet": {"config/archives.py", "config/table_sets.py", "archive/auto_state.py"},
    "Remembered": {"trust/book.py", "repositories/book.py"},
    "Manifest": {"core/manifest/parse.py", "shared/manifest.py"},
    "FileRecord": {"shared/heads.py", "sync/incoming.py", "sync/steps/put_back.py", "sync/steps/uploads.py"},
    "DeletedRecord": {"sync/record.py"},
    "Pin": {"team/pinning.py"},
}
"""Values that the rest believes, and the files that make them: of what was read and checked, or of what was done."""


def calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each call as (of what, name)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield ast.unparse(node.func.value), node.func.attr
            elif isinstance(node.func, ast.Name):
                yield "", node.func.id


def decoding() -> set[str]:
    found = {
        file
        for file, tree in sources().items()
        for of, name in calls(tree)
        if name in DECODERS and (of in MODULES or (not of and name in ("Decoder", "parse_stream")))
    }
    return found


def test_each_decoder_is_judged() -> None:
    judged = [*(file for files in FUZZED.values() for file in files), *OWN, *OURS, *ELSEWHERE]
    assert len(judged) == len(set(judged))
    assert sorted(decoding()) == sorted(judged), "whose bytes does it get, what bounds them, and what tries it?"


def test_each_target_of_the_judgement_is_one_of_the_fuzzer() -> None:
    assert FUZZED.keys() <= TARGETS.keys()


def test_what_the_rest_believes_is_made_in_its_own_room() -> None:
    made: dict[str, set[str]] = {name: set() for name in MAKERS}
    for file, tree in sources().items():
        for _, name in calls(tree):
            if name in made:
                made[name].add(file)
    assert made == MAKERS


FORMS = {
    "core/spelling.py": "bounded, with the marks in order",
    "team/locking.py": "a name that was typed",
    "team/sharing.py": "the name of a file that is shared",
    "team/versions.py": "a name that was typed, or one that is synced",
    "team/pages/looking.py": "the name of a file that is shared",
}
"""Files that have Python bring a text into a form of Unicode, which takes hours for many marks, and whose texts."""


def test_unicodes_forms_are_made_where_the_text_is_bounded() -> None:
    found = {file for file, tree in sources().items() for _, name in calls(tree) if name == "normalize"}
    assert sorted(found) == sorted(FORMS), "take `nfc` of core/names.py, or say what bounds the text"


def test_nothing_that_runs_what_it_reads_is_imported() -> None:
    """Pickles, `eval` and their like obey what is in them."""
    bad = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "eval", "exec", "compile", "__import__"}
    for file, tree in sources().items():
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {name for of, name in calls(tree) if not of}
        assert not names & bad, file
