"""The lines on which a promise rests, how each is broken, and the tests that have to notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("s3sync", "tests", "docs", "scripts", "pyproject.toml", "README.md", "CHANGELOG.md", ".gitignore.template")
TIMEOUT_S = 600


@dataclass(frozen=True)
class Mutant:
    """`old`, which stands once in `file`, becomes `new`; then `tests` (as pytest takes them) must fail."""

    name: str
    promise: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "put-condition",
        "P6: a remote overwrite is conditional on the version that was planned against",
        "s3sync/store/lanes/obstore/lane.py",
        "            mode=_mode(mode),\n",
        '            mode="overwrite",\n',
        ("tests/contract/test_conditions.py",),
    ),
    Mutant(
        "delete-condition",
        "P6: and so is a remote delete",
        "s3sync/sync/steps/deletions.py",
        "self.session.store.delete(key, if_match=mode.etag)",
        "self.session.store.delete(key)",
        ("tests/promises/faults", "tests/scenarios/people", "-k", "f18"),
    ),
    Mutant(
        "sync-before-rename",
        "P1: the bytes are on the disk before they get their name",
        "s3sync/transfer/fetch/small.py",
        "            os.fsync(self._descriptor)\n",
        "            pass\n",
        ("tests/promises/crash/test_sweep.py", "-k", "real_processes"),
    ),
    Mutant(
        "verify-md5",
        "P1: what arrived is compared with the promised MD5",
        "s3sync/transfer/fetch/whole.py",
        "if received == wanted.size and digests.md5 == wanted.md5:",
        "if received == wanted.size:",
        ("tests/scenarios/transfers/test_integrity.py", "-k", "f12"),
    ),
    Mutant(
        "pin-etag",
        "P11: a server that ignores If-Match is noticed",
        "s3sync/transfer/fetch/wanted.py",
        "if reader.info.etag != wanted.etag or reader.info.size != wanted.size:",
        "if False:",
        ("tests/unit/transfer/test_download.py", "-k", "f13"),
    ),
    Mutant(
        "trash",
        "P2: the file that is replaced goes to the trash",
        "s3sync/local/place.py",
        "_expect(folder, name, _keep(folder, name, expected, *_free_name(trash, path, staging)))",
        "_expect(folder, name, expected)",
        ("tests/unit/local/test_place.py",),
    ),
    Mutant(
        "keep-edit",
        "P3: of a delete against an edit, the edit survives",
        "s3sync/core/plan.py",
        "do = None if verb is Verb.DOWN else Do.UPLOAD",
        "do = Do.DELETE_LOCAL",
        ("tests/unit/core/test_plan.py", "tests/promises/property/test_sync.py"),
    ),
    Mutant(
        "base-update",
        "P4: the base follows from outcomes",
        "s3sync/sync/record.py",
        "        self._base[effect.path] = agreed(effect.entry, None)\n",
        "",
        ("tests/scenarios/people/test_two_people.py",),
    ),
    Mutant(
        "base-from-intentions",
        "P4: and never from intentions",
        "s3sync/sync/carry_out.py",
        "                raced[result.action.path] = result.reason\n",
        "                raced[result.action.path] = result.reason\n"
        "                recorder._base[result.action.path] = result.action.remote\n",
        ("tests/promises/simulator",),
    ),
    Mutant(
        "write-id",
        "P8: a lost answer to a metadata write is recognised by its write id",
        "s3sync/shared/manifest.py",
        "if known.manifest.write_id == write_id:",
        "if False:",
        ("tests/unit/state/test_manifest_store.py",),
    ),
    Mutant(
        "kept-both-undone",
        "F01: a name is only taken from a file that has another one",
        "s3sync/core/keep_both.py",
        "    if original is not None and original.is_one_with(copy):",
        "    if original is not None:",
        ("tests/unit/core/test_keep_both.py", "tests/scenarios/people/test_keep_both.py"),
    ),
    Mutant(
        "kept-both-moved-back",
        "F01: a file that a killed run moved aside is not taken for deleted",
        "s3sync/core/keep_both.py",
        "(Original.GONE, Copy.MINE, False): Repair.MOVE_BACK,",
        "(Original.GONE, Copy.MINE, False): Repair.GO_ON,",
        ("tests/unit/core/test_keep_both.py",),
    ),
    Mutant(
        "limit-of-the-run",
        "P10: a limit on deletions counts the whole run, not each of its rounds",
        "s3sync/core/safety.py",
        "if (before := earlier.deleted.total()) + total > max_delete:",
        "if (before := 0) + total > max_delete:",
        ("tests/unit/core/test_safety.py",),
    ),
    Mutant(
        "put-back",
        "P7: a record is only dropped when its object is not there, whoever put it back meanwhile",
        "s3sync/core/manifest/edits.py",
        "        if name in there or _is_newer(new.files.get(name), deletion):",
        "        if _is_newer(new.files.get(name), deletion):",
        ("tests/unit/state/test_manifest_store.py", "-k", "put_back"),
    ),
    Mutant(
        "incomplete-scan",
        "P9: after a scan with errors nothing is deleted",
        "s3sync/core/safety.py",
        "    if not complete:\n",
        "    if False:\n",
        ("tests/unit/core/test_safety.py",),
    ),
    Mutant(
        "emptied-side",
        "P10: a side that is suddenly empty halts the run",
        "s3sync/core/safety.py",
        "if passed[do] and (not there or gone * 2 > had):",
        "if False:",
        ("tests/unit/core/test_safety.py", "tests/scenarios/people/test_two_people.py"),
    ),
    Mutant(
        "traversal",
        "P12: a name that leads elsewhere is refused",
        "s3sync/core/names.py",
        'if segment in (".", ".."):',
        "if False:",
        ("tests/unit/core/test_names.py", "tests/scenarios/people/test_other_tools.py"),
    ),
    Mutant(
        "links",
        "P12: nothing is written through a symbolic link",
        "s3sync/disk/held.py",
        'getattr(os, "O_NOFOLLOW", 0)',
        "0",
        ("tests/unit/disk/test_guarded.py",),
    ),
    Mutant(
        "dry-run",
        "P14: --dry-run writes nothing",
        "s3sync/sync/run.py",
        "        report_intentions(report, plan.actions, Estimate(session, state, seen, plan))\n        return {}\n",
        "        report_intentions(report, plan.actions, Estimate(session, state, seen, plan))\n",
        ("tests/scenarios/people", "tests/scenarios/cli", "-k", "dry"),
    ),
    Mutant(
        "source-changed",
        "F15: a file that changes while it is read is not published",
        "s3sync/local/digests.py",
        "    if not file.is_still(os.fstat(descriptor)):\n",
        "    if False:\n",
        ("tests/unit/local/test_digests.py",),
    ),
    Mutant(
        "one-base-for-each-place",
        "F31: what was agreed on in one place says nothing of another",
        "s3sync/state/memory.py",
        "rows = self.execute(exact, place.url, place.endpoint, place.store_id)",
        'rows = self.execute("SELECT id FROM place LIMIT 1")',
        ("tests/unit/state/test_places.py",),
    ),
    Mutant(
        "deleted-in-one-place",
        "F31: what a run takes from this disk is no wish to delete it in other places",
        "s3sync/state/memory.py",
        '"DELETE FROM base WHERE path = ? AND place <> ?"',
        '"DELETE FROM base WHERE path = ? AND place <> ? AND 0"',
        ("tests/unit/state/test_places.py",),
    ),
    Mutant(
        "ctime",
        "F32: an edit whose time was put back is seen",
        "s3sync/sync/view.py",
        "    return known.ctime_ns == file.ctime_ns\n",
        "    return True\n",
        ("tests/unit/state/test_fingerprint.py",),
    ),
    Mutant(
        "read-before-destroying",
        "F32: bytes are destroyed for good only when they are those that were hashed",
        "s3sync/local/place.py",
        "            if not holds(file, digests):\n",
        "            if False:\n",
        ("tests/unit/local/test_place.py", "-k", "f32"),
    ),
    Mutant(
        "one-tick",
        "F15: a file that could change within one tick of its clock is not remembered as hashed",
        "s3sync/sync/scan.py",
        "    return file.mtime_ns < hashed_at_ns - (COARSE_NS if coarse else SETTLED_NS)\n",
        "    return True\n",
        ("tests/unit/state/test_fingerprint.py",),
    ),
    Mutant(
        "env-file-is-closed",
        "F46: an env file of a repository names no configuration file or program",
        "s3sync/config/envfile.py",
        "elif binding.key is not None and _DANGEROUS.fullmatch(binding.key):",
        "elif False:",
        ("tests/promises/hostile/test_settings_of_others.py", "-k", "not_on_the_list"),
    ),
    Mutant(
        "settings-of-staging",
        "F46: nothing in a staging folder is a setting",
        "s3sync/config/locate.py",
        "if not any(in_staging(root, around) for around in roots)",
        "if root",
        ("tests/unit/config/test_project.py", "-k", "f46"),
    ),
    Mutant(
        "settings-of-others",
        "F46: a settings file that another user owns or may write is refused",
        "s3sync/config/read.py",
        "if not any_owner:",
        "if False:",
        ("tests/promises/hostile/test_settings_of_others.py", "-k", "everybody or another_user"),
    ),
    Mutant(
        "trust-before-open",
        "F47: a store that a repository names is opened after the user agreed to it",
        "s3sync/connect.py",
        "        require_trust(settings)\n",
        "        pass\n",
        ("tests/scenarios/cli/test_trust.py", "-k", "new_store"),
    ),
    Mutant(
        "obeyed-names",
        "F48: a name that version control obeys is refused",
        "s3sync/core/spelling.py",
        "        if stands_for(segment, VERSION_CONTROL):\n",
        "        if False:\n",
        ("tests/promises/hostile/test_obeyed_names.py",),
    ),
    Mutant(
        "typed-names",
        "F57: a name that others chose is one word of a command in a hint",
        "s3sync/core/typed.py",
        '    return f"-- {quote(text)}" if text.startswith("-") else quote(text)\n',
        '    return quote(text) if text == "" else text\n',
        ("tests/promises/hostile/test_typed_hints.py",),
    ),
    Mutant(
        "name-in-the-store",
        "F47: the name in the store is part of what the user agrees to",
        "s3sync/trust/place.py",
        "        name=settings.repo if renamed else None,\n",
        "        name=None,\n",
        ("tests/scenarios/cli/test_trust.py", "-k", "name_in_the_store"),
    ),
    Mutant(
        "keys-of-the-repository",
        "F47: keys that come with a repository are no agreement to sign with the user's own",
        "s3sync/trust/place.py",
        'settings.credentials == "keys" and is_of_repository(_origin_of_keys(settings))',
        "False",
        ("tests/scenarios/cli/test_trust.py", "-k", "keys_away"),
    ),
    Mutant(
        "partitions-of-aws",
        "F47: where a bucket's name may be somebody else's, it is another server",
        "s3sync/trust/place.py",
        '    return f"AWS in {settings.region}" if is_apart(settings.region) else None\n',
        "    return None\n",
        ("tests/scenarios/cli/test_trust.py", "-k", "same_name"),
    ),
    Mutant(
        "aws-itself",
        "F53: what belongs to a customer of AWS is not AWS",
        "s3sync/store/s3/address.py",
        "_S3_OF_AWS.fullmatch(self.host) is not None",
        'self.host.endswith(".amazonaws.com")',
        ("tests/promises/hostile/test_wire.py", "-k", "customers"),
    ),
    Mutant(
        "gitignore-is-told",
        "F55: a .gitignore that cannot be read is left alone, and told",
        "s3sync/doctor/local.py",
        "    if _gitignore(project).level is Level.WARN:",
        "    if _gitignore(project).level is not Level.OK:",
        ("tests/promises/hostile/test_gitignore.py", "-k", "f55"),
    ),
    Mutant(
        "gitignore-costs-little",
        "F56: the rules of a .gitignore are bounded",
        "s3sync/local/patterns.py",
        "    if len(text) > MOST_CHARACTERS:\n",
        "    if False:\n",
        ("tests/unit/local/test_scan.py", "-k", "f56"),
    ),
    Mutant(
        "options-are-told",
        "F48: a name that commands take for an option is told when it arrives",
        "s3sync/core/spelling.py",
        "    if is_option or _OPTION.match(name):\n",
        "    if False:\n",
        ("tests/promises/hostile/test_obeyed_names.py", "-k", "option"),
    ),
    Mutant(
        "empty-pages-end",
        "F23: pages that hold nothing, and say that more come, are not followed without end",
        "s3sync/store/lanes/rounds.py",
        "        if late or not self._may_be_empty or self._empty > MOST_EMPTY_PAGES:\n",
        "        if self._empty > MOST_EMPTY_PAGES:\n",
        ("tests/promises/hostile/test_bounds.py", "-k", "no_object"),
    ),
    Mutant(
        "rows-of-others",
        "F50: a row of state.db ends no upload of another file",
        "s3sync/core/unfinished.py",
        "return self.key.startswith(prefix) and path_of_key(prefix, self.key) == self.path",
        "return True",
        ("tests/promises/hostile/test_planted.py", "-k", "ends_no_upload"),
    ),
    Mutant(
        "staging-is-real",
        "F51: the staging folder is no link",
        "s3sync/staging.py",
        "    if _is_link(status):\n",
        "    if False:\n",
        ("tests/scenarios/people/test_staging_folder.py",),
    ),
    Mutant(
        "joined-parts",
        "F52: a part that was replaced in a folder store is not published",
        "s3sync/store/folder/uploads.py",
        "    if digest.hexdigest() != part.etag:\n",
        "    if False:\n",
        ("tests/promises/hostile/test_folder_store.py", "-k", "bytes_are_others"),
    ),
    Mutant(
        "no-redirects",
        "F53: no request follows a redirect to another server",
        "s3sync/store/s3/client.py",
        '    events.register("before-call.s3.*", _follow_no_redirect)\n',
        "",
        ("tests/promises/hostile/test_wire.py", "-k", "redirect"),
    ),
    Mutant(
        "modes-stay",
        "F54: a replaced file keeps its mode",
        "s3sync/local/place.py",
        "settle_mode(source, ours, None if own_mode else replaced, into",
        "settle_mode(source, ours, None, into",
        ("tests/promises/hostile/test_own_folder.py", "-k", "f54"),
    ),
    Mutant(
        "obeyed-is-never-executable",
        "F48: what programs obey never becomes executable",
        "s3sync/local/place.py",
        "    executable = executable and obeyed_reason(path) is None\n",
        "",
        ("tests/unit/local/test_place.py", "-k", "a14"),
    ),
    Mutant(
        "disks-without-modes-say-nothing",
        "A14: a disk that shows every file as executable makes none executable",
        "s3sync/local/modes.py",
        "or _keeps_the_bit(staging, status.st_dev)",
        "or True",
        ("tests/unit/local/test_place.py", "-k", "a14"),
    ),
    Mutant(
        "rules-through-no-link",
        "F55: a file of the repository is read through no link",
        "s3sync/local/ignore.py",
        "            return folder.read(file.name, MAX_BYTES)\n",
        "            return file.read_bytes()\n",
        ("tests/promises/hostile/test_planted.py", "-k", "what_to_ignore"),
    ),
    Mutant(
        "settings-have-bounds",
        "F56: a file of settings makes little work",
        "s3sync/config/values.py",
        "    if len(value) > MOST_ITEMS:\n",
        "    if False:\n",
        ("tests/promises/hostile/test_planted.py", "-k", "is_bounded"),
    ),
    Mutant(
        "secrets-unsaid",
        "F57: a secret given as a setting is not repeated",
        "s3sync/config/values.py",
        "    text = line(value)\n    if looks_secret(text):\n",
        "    text = line(value)\n    if False:\n",
        ("tests/promises/hostile/test_secrets_and_bounds.py", "-k", "as_a_setting"),
    ),
    Mutant(
        "a1-places",
        "A1, A10: one base for each place in a store",
        "s3sync/state/places.py",
        """    return StorePlace(f"{scheme}://{rest.rstrip('/')}/{prefix}", _endpoint(endpoint), store_id, v1_name)""",
        """    return StorePlace("everywhere", _endpoint(endpoint), store_id, v1_name)""",
        ("tests/promises/simulator/test_stories.py", "-k", "A10 or store"),
    ),
    Mutant(
        "a2-elsewhere",
        "A2: what a run with one place takes from the disk is no wish about another",
        "s3sync/state/memory.py",
        '        self.execute_many("DELETE FROM base WHERE path = ? AND place <> ?", ',
        '        self.execute_many("DELETE FROM base WHERE path = ? AND place = -1 - ?", ',
        ("tests/promises/simulator/test_stories.py", "-k", "A2"),
    ),
    Mutant(
        "a3-ctime",
        "A3: an edit whose time was put back is seen",
        "s3sync/sync/view.py",
        "    return known.ctime_ns == file.ctime_ns\n",
        "    return True\n",
        ("tests/promises/simulator/test_stories.py", "-k", "A3"),
    ),
    Mutant(
        "a4-name-of-the-clone",
        "A4: no name depends on what a clone's folder is called",
        "s3sync/project.py",
        "staging_folder(folder, settings.staging), settings.repo)",
        "staging_folder(folder, settings.staging), root.name)",
        ("tests/promises/simulator/test_stories.py", "-k", "A4"),
    ),
    Mutant(
        "a5-overlap",
        "A5: a store that overlaps the repository is refused",
        "s3sync/store/folder/apart.py",
        "        if found:\n",
        "        if False:\n",
        ("tests/contract/test_apart.py",),
    ),
    Mutant(
        "a6-ignored",
        "A6: while a path is ignored the base forgets it",
        "s3sync/sync/scan.py",
        "        state.save(base=dict.fromkeys(some))\n        state.forget_elsewhere(some)\n",
        "",
        ("tests/promises/simulator/test_stories.py", "-k", "A6"),
    ),
    Mutant(
        "a6-other-case",
        "A6: a disk that ignores case has one file where two places spell its name in two ways",
        "s3sync/sync/record.py",
        "seen.there.stored, seen.ignores_case",
        "seen.there.stored, False",
        ("tests/promises/simulator/test_stories.py", "-k", "81000394"),
    ),
    Mutant(
        "a7-file-for-folder",
        "A7: a name that one side no longer has does not stand in the way",
        "s3sync/core/obstacles.py",
        "    if one.state in GOING or two.state in GOING:\n",
        "    if False:\n",
        ("tests/promises/simulator/test_stories.py", "-k", "A7"),
    ),
    Mutant(
        "a8-folder-of-nothing",
        "A8: a folder of nothing makes way for a file",
        "s3sync/local/clear_way.py",
        "    if found is None or not is_folder(found):\n",
        "    if True:\n",
        ("tests/promises/simulator/test_stories.py", "-k", "A8"),
    ),
    Mutant(
        "a9-name-alone",
        "A9: a word that is a file's name means that file alone",
        "s3sync/sync/select.py",
        "            if not self._take_name(word, files, folders):\n",
        "            if self._take_name(word, files, folders) or word.patterns:\n",
        ("tests/scenarios/people/test_select.py",),
    ),
    Mutant(
        "a10-renamed",
        "A10: a renamed project is another place",
        "s3sync/state/places.py",
        "rstrip('/')}/{prefix}\"",
        "rstrip('/')}/{prefix.split('/')[0]}\"",
        ("tests/promises/simulator/test_stories.py", "-k", "A10"),
    ),
    Mutant(
        "a11-last-copies",
        "A11: a cleanup keeps the trash's last copies",
        "s3sync/sync/cleanup.py",
        "        if is_last and not options.trash:\n",
        "        if False:\n",
        ("tests/scenarios/people/test_cleanup.py", "-k", "last_copies"),
    ),
    Mutant(
        "f31-another-disk",
        "another disk at the path of a folder store is another place",
        "s3sync/sync/whereabouts.py",
        'store_id = identity_of(store) or ""',
        'store_id = ""',
        ("tests/scenarios/people/test_another_store.py", "-k", "another_disk"),
    ),
    Mutant(
        "retention-last-copies",
        "the limits of the trash let no last copy go",
        "s3sync/sync/retention.py",
        "if live is None or live.has(self._session.store, found):",
        "if True:",
        ("tests/scenarios/people/test_retention.py", "-k", "over_several_days"),
    ),
    Mutant(
        "retention-peers-word",
        "a peer's word is no reason to let go of what lies in the trash here",
        "s3sync/sync/retention.py",
        "if base is not None and base.etag is not None and (base.etag, base.md5) == (remote.etag, remote.md5):",
        "if True:",
        ("tests/scenarios/people/test_retention.py", "-k", "only_a_peer"),
    ),
    Mutant(
        "cleanup-peers-word",
        "a cleanup destroys nothing for good on a peer's word",
        "s3sync/sync/same_content.py",
        "return part_count(remote.etag) is not None and ledger.is_sure_of(path, remote.etag)",
        "return True",
        ("tests/promises/hostile/test_words_of_peers.py", "-k", "frees_no_disk"),
    ),
    Mutant(
        "copy-peers-word",
        "no object is copied to another name on a peer's word",
        "s3sync/sync/steps/uploads.py",
        "if twin.key == key or not is_surely_same(self.session.store, ledger, name, twin, source.file, base):",
        "if twin.key == key:",
        ("tests/promises/hostile/test_words_of_peers.py", "-k", "copied_on_a_peers_word"),
    ),
    Mutant(
        "trash-peers-word",
        "nothing in the remote trash expires on a peer's word for what a live object holds",
        "s3sync/sync/retention.py",
        "if not is_vouched(ledger, decision.path, object_there, base):",
        "if False:",
        ("tests/promises/hostile/test_words_about_copies.py", "-k", "live_object"),
    ),
    Mutant(
        "trash-own-word",
        "nothing in the remote trash expires on what its own metadata says",
        "s3sync/sync/trash.py",
        "        if found.etag is not None and part_count(found.etag) is not None:\n",
        "        if (said := md5_of(store.head(found.where))) and self.knows(found.size, said):\n"
        "            return True\n"
        "        if found.etag is not None and part_count(found.etag) is not None:\n",
        ("tests/promises/hostile/test_words_about_copies.py", "-k", "metadata_of_what_is_in"),
    ),
    Mutant(
        "up-peers-word",
        "`up` keeps a version that only a peer calls the one that was had here",
        "s3sync/core/plan.py",
        "unknown = replaces and not is_known(step.path)",
        "unknown = False",
        ("tests/promises/hostile/test_words_about_copies.py", "-k", "up_keeps"),
    ),
    Mutant(
        "delta-peers-word",
        "a version that was put together from an old one is not one that was fetched",
        "s3sync/transfer/fetch/large.py",
        "return not self.from_old or self.follower.etag == self.wanted.etag",
        "return True",
        ("tests/promises/hostile/test_words_about_copies.py", "-k", "put_together"),
    ),
    Mutant(
        "twin-peers-word",
        "a file copied from another one on this disk is not one that was fetched",
        "s3sync/transfer/fetch/download.py",
        "return Downloaded(temp.where, digests, 0, sure=False)",
        "return Downloaded(temp.where, digests, 0)",
        ("tests/scenarios/people/test_kms.py", "-k", "a_copy_of_a_file"),
    ),
    Mutant(
        "crc-made-to-fit",
        "a CRC is enough to compare by, and not to destroy by",
        "s3sync/sync/same_content.py",
        "        if surely:\n            return False\n",
        "",
        ("tests/promises/hostile/test_words_about_copies.py", "-k", "crc"),
    ),
    Mutant(
        "taken-name",
        "a name in the default store belongs to the first repository that uses it",
        "s3sync/trust/check.py",
        "return [] if any(found.place == place for found in known) else sharing(place, known)",
        "return []",
        ("tests/promises/hostile/test_taken_names.py", "-k", "is_not_taken and words0"),
    ),
    Mutant(
        "retention-clock",
        "what is on the remote ages by the store's clock",
        "s3sync/sync/trash.py",
        'if side == "local":',
        "if True:",
        ("tests/scenarios/people/test_retention.py", "-k", "f19 and folder"),
    ),
    Mutant(
        "a12-cleaned-up",
        "A12: a cleanup is no deletion to the others",
        "s3sync/core/reconcile.py",
        "    if decision.state is State.REMOTE_DELETED:\n",
        "    if False:\n",
        ("tests/promises/simulator/test_stories.py", "-k", "A12"),
    ),
    Mutant(
        "a12-announced",
        "A12: a cleanup is announced before it deletes",
        "s3sync/sync/record.py",
        "            if self._cleaning:\n                self._announce(",
        "            if False:\n                self._announce(",
        ("tests/promises/simulator/test_stories.py", "-k", "A12"),
    ),
    Mutant(
        "a12-read-again",
        "A12: metadata.json is read again when files are missing that it does not explain",
        "s3sync/shared/scan.py",
        "        if _lacks_what_nobody_deleted(objects, base, stored.manifest):\n",
        "        if False:\n",
        ("tests/promises/simulator/test_stories.py", "-k", "A12"),
    ),
    Mutant(
        "a12-up-again",
        "A12: `up --again` sends what was cleaned up",
        "s3sync/core/reconcile.py",
        "    if decision.state is State.CLEANED_UP or (deleted and",
        "    if (deleted and",
        ("tests/promises/simulator/test_stories.py", "-k", "A12"),
    ),
    Mutant(
        "cleanup-keeps",
        "a cleanup puts into the trash what this disk does not hold",
        "s3sync/sync/cleanup.py",
        "    rules = () if options.permanently else (keep_last_copies",
        "    rules = () if True else (keep_last_copies",
        ("tests/promises/simulator/test_stories.py", "-k", "edited or deleted"),
    ),
    Mutant(
        "cleanup-asks",
        "a cleanup for good names the last copies",
        "s3sync/sync/cleanup.py",
        "            report.last_copies.append(action.path)\n",
        "            pass\n",
        ("tests/promises/simulator/test_stories.py", "-k", "edited or deleted"),
    ),
    Mutant(
        "a13-restored",
        "A13: what was restored is deleted by no base that still knows it",
        "s3sync/sync/restore.py",
        "        _forget_base(state, target, look_at(os.fspath(temp), depth))\n",
        "",
        ("tests/promises/simulator/test_stories.py", "-k", "A13"),
    ),
    Mutant(
        "trash-asked",
        "only what was asked about goes from a trash",
        "s3sync/sync/restore.py",
        "        drop_all(session, report.emptied)\n",
        "        drop_all(session, _found(session, sides))\n",
        ("tests/promises/simulator/test_stories.py", "-k", "question"),
    ),
    Mutant(
        "trash-sides",
        "and only from the side that was named",
        "s3sync/sync/restore.py",
        "    report.emptied = _found(session, sides)\n",
        '    report.emptied = _found(session, ("local", "remote"))\n',
        ("tests/promises/simulator/test_stories.py", "-k", "question"),
    ),
    Mutant(
        "lives-on-looked-at",
        "what is deleted goes to the trash, if its other name is gone or holds something else by now",
        "s3sync/sync/steps/elsewhere.py",
        "        return LivesOn(other.path, other.etag) if same and goes",
        "        return LivesOn(other.path, other.etag) if goes",
        ("tests/scenarios/transfers/test_nothing_copied_twice.py", "-k", "replaced"),
    ),
    Mutant(
        "lives-on-younger",
        "of two runs that rely on each other's copy of a file, one puts its own into the trash",
        "s3sync/sync/steps/elsewhere.py",
        "if same and goes.modified < stays.modified else None",
        "if same else None",
        (
            "tests/scenarios/transfers/test_nothing_copied_twice.py",
            "tests/promises/simulator/test_stories.py",
            "-k",
            "of_two_copies or delete_one_copy",
        ),
    ),
    Mutant(
        "lives-on-etag",
        "an MD5 in metadata.json is no reason to delete without a copy",
        "s3sync/sync/steps/elsewhere.py",
        '    return f"{file.entry.size} {file.entry.md5} {file.etag}"',
        '    return f"{file.entry.size} {file.entry.md5}"',
        ("tests/scenarios/transfers/test_nothing_copied_twice.py", "-k", "wrong_record"),
    ),
    Mutant(
        "lives-on-undone",
        "an undo copies from the new name only the version that was there",
        "s3sync/sync/steps/put_back.py",
        "        if action.source_etag not in (None, head.info.etag):\n",
        "        if False:\n",
        ("tests/scenarios/transfers/test_nothing_copied_twice.py", "-k", "another_version"),
    ),
    Mutant(
        "undo-sent",
        "F43: an undo leaves alone what others changed on the remote since",
        "s3sync/sync/undo.py",
        "and there.etag == done.after.etag\n",
        "\n",
        ("tests/promises/simulator/test_stories.py", "-k", "since"),
    ),
    Mutant(
        "undo-fetched",
        "F43: and what was edited here since",
        "s3sync/sync/undo.py",
        "and md5_here(seen, path) == done.after.md5\n",
        "\n",
        ("tests/promises/simulator/test_stories.py", "-k", "since"),
    ),
    Mutant(
        "undo-base",
        "A6: an undo has the base know nothing that it has forgotten since",
        "s3sync/sync/undo.py",
        "    return done.before if done.after is None or done.path in seen.base else None\n",
        "    return done.before\n",
        ("tests/promises/simulator/test_stories.py", "-k", "71010117"),
    ),
    Mutant(
        "undo-spelled",
        "F43: an undo takes no file for gone that its disk has under another spelling",
        "s3sync/sync/undo.py",
        " and _is_free(session, done.path)\n",
        "\n",
        ("tests/promises/simulator/test_stories.py", "-k", "97000089"),
    ),
    Mutant(
        "cleanup-young-trash",
        "P2: a cleanup does not take for a copy what somebody is about to replace",
        "s3sync/sync/cleanup.py",
        'held=found.side == "remote" and is_young(found, now)',
        "held=False",
        ("tests/promises/simulator/test_stories.py", "-k", "101000010"),
    ),
    Mutant(
        "published-after-deleted",
        "P7: a record of a file that somebody deleted before it was published is not published",
        "s3sync/sync/record.py",
        "self._stored, self._edits, self._seen)",
        "self._stored, self._edits)",
        ("tests/promises/simulator/test_stories.py", "-k", "102000068"),
    ),
    Mutant(
        "undo-publishes-nothing",
        "P7: what an undo puts back here says nothing of the object under its name",
        "s3sync/sync/record.py",
        "and fetched.etag == repaired.etag:",
        "and True:",
        ("tests/promises/simulator/test_stories.py", "-k", "112000046"),
    ),
    Mutant(
        "undo-beside",
        "F43: an undo takes nothing for undone beside which the kept version still stands",
        "s3sync/sync/undo.py",
        "        if _stands_beside(seen, done, here):\n",
        "        if False:\n",
        ("tests/promises/simulator/test_stories.py", "-k", "112000324"),
    ),
    Mutant(
        "undo-ignored",
        "A6: an undo takes nothing for done that is ignored by now",
        "s3sync/sync/undo.py",
        "        if ignored(path):\n",
        "        if False:\n",
        ("tests/promises/simulator/test_stories.py", "-k", "71010035"),
    ),
    Mutant(
        "archive-hash-before-removal",
        "P13: a local file is hashed before it is removed, and must be what was archived",
        "s3sync/archive/remove_local.py",
        "_sha256(folder, name, check) == (member.sha256, _marks(status))",
        "_sha256(folder, name, check)[1] == _marks(status)",
        ("tests/unit/archive/test_remove_local.py",),
    ),
    Mutant(
        "archive-second-pass",
        "P13: an archive is verified in a second pass before a file of it is removed",
        "s3sync/archive/run.py",
        "        proven = verify_before_deletion(work, index, deep=options.deep, rows=fresh)\n",
        "        proven = Proof.LISTED\n",
        ("tests/scenarios/archive/test_run.py", "-k", "altered"),
    ),
    Mutant(
        "archive-names-stay-inside",
        "P12: a member whose name leads outwards is not restored",
        "s3sync/archive/restore.py",
        "        if why is not None:\n            report.problems.append((member.path, why))\n        else:\n"
        "            allowed.append(member)\n",
        "        allowed.append(member)\n",
        ("tests/scenarios/archive/test_restore.py", "-k", "leads_out"),
    ),
    Mutant(
        "archive-links-stay-inside",
        "P12: nor is a link that leads outwards",
        "s3sync/core/archive/extraction.py",
        " or (link_problem(member) if member.kind is Kind.LINK else None)",
        "",
        ("tests/scenarios/archive/test_restore.py", "-k", "no_link"),
    ),
    Mutant(
        "archive-no-link-on-the-way",
        "P12: no link on the way to a unit's folder is followed",
        "s3sync/archive/place.py",
        "self._base, self._names = os.path.realpath(to.base), to.names",
        "self._base, self._names = os.path.realpath(to.path), ()",
        ("tests/scenarios/archive/test_hostile_places.py", "-k", "link"),
    ),
    Mutant(
        "archive-same-unit",
        "P12: an index that became another unit's is not used",
        "s3sync/archive/indexes.py",
        "if found is not None and (found.set, found.unit) != (archive.set, archive.unit):",
        "if found is not None and found.set != archive.set:",
        ("tests/scenarios/archive/test_hostile_places.py", "-k", "another_units"),
    ),
    Mutant(
        "archive-modes-of-others",
        "a mode that somebody else sent gives no more than the umask",
        "s3sync/archive/place.py",
        "            mode &= ~self._mask\n",
        "",
        ("tests/scenarios/archive/test_hostile_places.py", "-k", "modes"),
    ),
    Mutant(
        "archive-remove-reads",
        "P13: what an archive holds that is to be removed is read from it, unless this computer sent it",
        "s3sync/archive/last_copies.py",
        "    if found.index is None or not is_made(found.index) or not _tells_content(carrier):\n",
        "    if found.index is None:\n",
        ("tests/scenarios/archive/test_unnamed.py", "-k", "no_index_names"),
    ),
    Mutant(
        "archive-remove-seen",
        "P13: an object that an index names since it was looked at is not removed",
        "s3sync/archive/removal.py",
        "    if seen is not None:\n        _refuse_others",
        "    if False:\n        _refuse_others",
        ("tests/scenarios/archive/test_unnamed.py", "-k", "since_it_was_looked_at"),
    ),
    Mutant(
        "archive-force-reads",
        "P13: nor is an archive replaced whose index hides what it has",
        "s3sync/archive/run.py",
        "    if options.force:\n        refuse_unnamed_loss",
        "    if False:\n        refuse_unnamed_loss",
        ("tests/scenarios/archive/test_unnamed.py", "-k", "force"),
    ),
    Mutant(
        "hooks-run-nothing",
        "git runs no program for us that a clone's settings name",
        "s3sync/team/githooks/folder.py",
        "[git, *RUNS_NOTHING, ",
        "[git, ",
        ("tests/scenarios/team/test_git_hooks.py", "-k", "no_program"),
    ),
    Mutant(
        "archive-row-of-another-unit",
        "a row on a disk leads no restore to another unit than the one that was named",
        "s3sync/archives/returning.py",
        "        if unit is not None and not may_be_unit_of(before, key, unit):",
        "        if False:",
        ("tests/scenarios/archive/test_hostile_records.py", "-k", "another_unit"),
    ),
    Mutant(
        "archive-extended-headers",
        "an extended header of a tar costs no more than its bytes",
        "s3sync/archive/extended_headers.py",
        "        if keyword in KEPT or keyword.startswith(SPARSE):",
        "        if True:",
        ("tests/scenarios/archive/test_hostile_records.py", "-k", "extended_header"),
    ),
    Mutant(
        "archive-keys-in-many-ways",
        "a key that fits a layout in many ways is given up soon",
        "s3sync/core/archive/backwards.py",
        "            self._left -= 1\n",
        "            self._left -= 0\n",
        ("tests/unit/archive/test_adopt.py", "-k", "many_ways"),
    ),
    Mutant(
        "archive-plain-tables",
        "of another program's database only plain tables are asked",
        "s3sync/archive/old_database.py",
        '        if not trusted.is_plain_table(self._plain[table] or ""):',
        '        if "VIRTUAL" in (self._plain[table] or "VIRTUAL").upper().split("(")[0]:',
        ("tests/unit/archive/test_old_database.py", "-k", "calls_itself_plain"),
    ),
    Mutant(
        "archive-large-amounts",
        "amounts that others wrote stop no run, however large they are together",
        "s3sync/archive/catalogue/schema.py",
        'return f"CAST(total({column}) AS INTEGER)"',
        'return f"sum({column})"',
        ("tests/scenarios/archive/test_hostile_records.py", "-k", "too_large"),
    ),
    Mutant(
        "archive-hard-links",
        "many hard links to one file cost no pass over the archive each",
        "s3sync/archive/reading.py",
        "            (batch if _is_held(index, batch[-1], member) else again).append(member)\n",
        "            again.append(member)\n",
        ("tests/unit/archive/test_adopt.py", "-k", "hard_links"),
    ),
    Mutant(
        "hooks-of-another",
        "hooks are installed into no other repository",
        "s3sync/team/githooks/folder.py",
        '            if names[0] == "modules" if base == common',
        "            if False if base == common",
        ("tests/scenarios/team/test_git_hooks.py", "-k", "hooks_path_that_leads"),
    ),
    Mutant(
        "archive-cells",
        "no cell of an export is a formula, whatever divides cells",
        "s3sync/cli/show/archive_catalogue.py",
        '([\\s\\"]*)',
        "(\\s*)",
        ("tests/scenarios/archive/test_hostile_records.py", "-k", "formulas"),
    ),
    Mutant(
        "archive-own-keys",
        "a repository's set gets no keys of whoever runs it",
        "s3sync/archive/walk.py",
        "return stands_for(name, (ENV_FILE,)) is not None",
        "return False",
        ("tests/scenarios/archive/test_hostile_places.py", "-k", "keys"),
    ),
    Mutant(
        "said-disarmed",
        "no line on stdout has what a terminal obeys",
        "s3sync/cli/output.py",
        "    line = _disarmed(line)\n    note(line)\n    write(sys.stdout, line)\n",
        "    note(line)\n    write(sys.stdout, line)\n",
        ("tests/promises/hostile/test_archive_words.py",),
    ),
    Mutant(
        "events-told-once",
        "an event whose write's answer was lost is told once",
        "s3sync/core/history.py",
        "for event in new if event.id not in ids]",
        "for event in new]",
        ("tests/unit/core/test_history.py",),
    ),
    Mutant(
        "events-moved-first",
        "an event leaves metadata.json only once its month has it",
        "s3sync/core/history.py",
        'if number >= cut or one["id"] not in moved]',
        "if number >= cut]",
        ("tests/unit/core/test_history.py",),
    ),
    Mutant(
        "events-month-condition",
        "a month is written only over the version that was read",
        "s3sync/shared/history.py",
        "mode=Create() if etag is None else Update(etag)",
        "mode=Create() if etag is None else Update(store.head(key).info.etag)",
        ("tests/contract/test_history.py", "-k", "folder"),
    ),
    Mutant(
        "events-failed-move",
        "a move that failed takes nothing away",
        "s3sync/shared/history.py",
        "if self._answer is None or not self._answer.done() or self._answer.exception() is not None:",
        "if self._answer is None:",
        ("tests/contract/test_history.py", "-k", "folder"),
    ),
    Mutant(
        "import-tracked",
        "a file that git shares says nothing in one's own settings",
        "s3sync/archive/importing.py",
        "    if tracked_by_git(real.parent, real.name) is not None:",
        "    if False:",
        ("tests/promises/hostile/test_archive_words.py", "-k", "git_shares"),
    ),
    Mutant(
        "archive-sha256-at-restore",
        "P1: a restored file gets its name when its SHA-256 is the member's",
        "s3sync/archive/place.py",
        "                if digest.hexdigest() != member.sha256:\n                    return None\n",
        "",
        ("tests/scenarios/archive/test_restore.py", "-k", "its_bytes"),
    ),
    Mutant(
        "archive-foreign-rules",
        "a lifecycle rule of somebody else survives",
        "s3sync/core/archive/lifecycle.py",
        "        return [*self.others, *self.same, *self.changed, *self.added]\n",
        "        return [*self.same, *self.changed, *self.added]\n",
        ("tests/unit/archive/test_lifecycle.py",),
    ),
    Mutant(
        "archive-one-key-each",
        "two units with one key are refused before anything is sent",
        "s3sync/archive/units.py",
        "    if clash:\n        raise ConfigError(\n",
        "    if False:\n        raise ConfigError(\n",
        ("tests/unit/archive/test_units.py", "-k", "one_key"),
    ),
    Mutant(
        "archive-changed-before",
        "F15: a file that is not what the scan saw fails its unit",
        "s3sync/archive/stream.py",
        "        if (self._before.st_size, self._before.st_mtime_ns) != (source.size, source.mtime_ns):\n",
        "        if False:\n",
        ("tests/unit/archive/test_packing.py", "-k", "stand_still"),
    ),
    Mutant(
        "archive-changed-while-read",
        "F15: and one that changes while it is read",
        "s3sync/archive/stream.py",
        "        if _times(after) != _times(self._before):\n",
        "        if False:\n",
        ("tests/unit/archive/test_packing.py", "-k", "while_it_is_read"),
    ),
    Mutant(
        "archive-small-changed",
        "F15: also a small one, which is read in one step",
        "s3sync/disk/guarded.py",
        "return after.st_size == size and after.st_mtime_ns == mtime_ns and after.st_ctime_ns == before.st_ctime_ns",
        "return True",
        ("tests/unit/archive/test_stream.py", "-k", "written_while"),
    ),
    Mutant(
        "archive-small-link",
        "F15: and none is read through a link",
        "s3sync/disk/guarded.py",
        "_READ = os.O_RDONLY | PLAIN",
        "_READ = os.O_RDONLY",
        ("tests/unit/archive/test_stream.py", "-k", "scan_saw and _link"),
    ),
    Mutant(
        "archive-frame-bound",
        "a frame that claims to be larger than any of ours is not unpacked",
        "s3sync/archive/codecs.py",
        "    if unpacked > MOST_UNPACKED:\n",
        "    if False:\n",
        ("tests/scenarios/archive/test_restore.py", "-k", "huge"),
    ),
    Mutant(
        "git-index-bound",
        "rule 4: what git tracks is found by its beginning, though no more of a path is looked at than a disk has",
        "s3sync/local/tracked.py",
        "        if end == begin + length or (length == _LENGTH and end < 0):\n",
        "        if end == begin + length:\n",
        ("tests/promises/hostile/test_git_folders.py", "-k", "no_disk_holds"),
    ),
    Mutant(
        "git-file-bound",
        "rule 10: a .git file that names no folder ends no command",
        "s3sync/local/tracked.py",
        "    except ValueError:  # a NUL in it, which git refuses, too\n",
        "    except UnicodeError:\n",
        ("tests/promises/hostile/test_git_folders.py", "-k", "points_nowhere"),
    ),
    Mutant(
        "answer-time",
        "rule 7: a time that a server tells is of bounded length, and of the calendar",
        "s3sync/store/s3/answers.py",
        "        inner.set_parser_defaults(timestamp_parser=time_of)\n",
        "        pass\n",
        ("tests/promises/hostile/test_answers.py", "-k", "parts or zone"),
    ),
    Mutant(
        "answer-shape",
        "rule 7: what botocore stumbles over in an answer is one of our errors",
        "s3sync/store/s3/answers.py",
        "        except Exception:  # noqa: BLE001 - a document may break botocore's code anywhere\n",
        "        except LookupError:\n",
        ("tests/promises/hostile/test_answers.py", "-k", "twice or no_name or odd_header"),
    ),
    Mutant(
        "credential-program",
        "rule 1: a program of the user's profile is none of the repository's",
        "s3sync/store/s3/processes.py",
        "        return subprocess.Popen([_found(words[0], folder), *words[1:]], cwd=folder, **pipes)\n",
        "        return subprocess.Popen([_found(words[0], folder), *words[1:]], **pipes)\n",
        ("tests/promises/hostile/test_credential_programs.py",),
    ),
    Mutant(
        "ignore-deep-bound",
        "rule 10: patterns that look at all of a path are few",
        "s3sync/local/patterns.py",
        "    if sum(rule.deep for rule in rules) > MOST_DEEP:\n",
        "    if False:\n",
        ("tests/promises/hostile/test_gitignore.py", "-k", "many_such"),
    ),
    Mutant(
        "trust-virtual-host",
        "rule 2: the server that is agreed to is the host that is asked",
        "s3sync/trust/place.py",
        '        if settings.addressing == "virtual" and _is_loopback(server):',
        '        if settings.addressing == "never" and _is_loopback(server):',
        ("tests/scenarios/cli/test_trust.py", "-k", "in_the_name_of_this_computer"),
    ),
    Mutant(
        "authorities-whole-path",
        "rule 1: no file of a repository is taken for the user's authorities",
        "s3sync/store/s3/own_paths.py",
        "    if path.root:\n",
        "    if True:\n",
        ("tests/promises/hostile/test_settings_of_others.py", "-k", "vouches or begins_in"),
    ),
    Mutant(
        "brought-back-base",
        "P2: an older version that comes back does not go over one that was never here",
        "s3sync/team/bring_back.py",
        "    return base if known else None\n",
        "    return base if known else there\n",
        ("tests/scenarios/people/test_bring_back.py", "-k", "nobody_loses"),
    ),
    Mutant(
        "brought-back-bytes",
        "P1: an older version that is fetched has the MD5 that was promised",
        "s3sync/team/fetch_version.py",
        "    if size == version.size and found == told:\n",
        "    if size == version.size:\n",
        ("tests/scenarios/people/test_bring_back.py", "-k", "promised_ones"),
    ),
    Mutant(
        "pin-names",
        "rule 7: a name in a pin file is one that can be synced",
        "s3sync/core/pins.py",
        "    if reason := refuse_reason(pin.name):\n",
        "    if (reason := refuse_reason(pin.name)) and not pin:\n",
        ("tests/unit/core/test_pins.py", "-k", "is_none_is_refused"),
    ),
    Mutant(
        "bucket-others-rules",
        "rules of the archive and of others stay when a bucket is set up",
        "s3sync/setup/bucket.py",
        "        found = difference(kept, [*stay, *mine], root)\n",
        "        found = difference(kept, mine, root)\n",
        ("tests/scenarios/people/test_setup.py", "-k", "survive"),
    ),
    Mutant(
        "archive-chain-same-disk",
        "a step of a chain is taken for no other disk at its path",
        "s3sync/archive/chain.py",
        "    if found is None or found in known:\n",
        "    if True:\n",
        ("tests/scenarios/archive/test_chain.py", "-k", "plugged"),
    ),
    Mutant(
        "archive-chain-new-disk",
        "a new disk at the path of an old one is told apart from one that is not connected",
        "s3sync/archive/chain.py",
        "    return None if is_own else found\n",
        "    return None\n",
        ("tests/scenarios/archive/test_chain.py", "-k", "new_disk"),
    ),
    Mutant(
        "archive-chain-rows",
        "what the next step has is taken out of the rows of the one before",
        "s3sync/archive/chain.py",
        "    if changed or gone:\n        add_rows",
        "    if False:\n        add_rows",
        ("tests/scenarios/archive/test_chain.py", "-k", "next_step_whole"),
    ),
    Mutant(
        "archive-chain-rest",
        "light files that stayed are not sent again when the rest went on",
        "s3sync/archive/chain.py",
        "    return bool(here) and here <= there and {path",
        "    return False and {path",
        ("tests/scenarios/archive/test_chain.py", "-k", "light_files_left"),
    ),
    Mutant(
        "archive-chain-step",
        "the step before is the one whose folder holds the source",
        "s3sync/archive/chain.py",
        "        if folder is not None and base.is_relative_to(folder):\n",
        "        if False:\n",
        ("tests/scenarios/archive/test_chain.py", "-k", "nearest or plugged"),
    ),
    Mutant(
        "archive-split-each",
        "after each volume the index says that it is there",
        "s3sync/archive/split.py",
        "        self._write(done)\n        work.journal.end(made.key)\n",
        "        work.journal.end(made.key)\n",
        ("tests/scenarios/archive/test_volumes.py", "-k", "fails_between"),
    ),
    Mutant(
        "archive-split-counts",
        "an index of volumes says how many are as they are to be",
        "s3sync/archive/split.py",
        "done=min(number, len(portions) - 1))",
        "done=len(portions))",
        ("tests/scenarios/archive/test_volumes.py", "-k", "fails_between"),
    ),
    Mutant(
        "archive-split-one-index",
        "volumes of an earlier version get the one index, and lose theirs",
        "s3sync/archive/split.py",
        "        for key in self.outdated:  #",
        "        for key in ():  #",
        ("tests/scenarios/archive/test_volumes.py", "-k", "earlier_version"),
    ),
    Mutant(
        "archive-split-whole-files",
        "a file is never cut: a volume ends before the one that no longer fits",
        "s3sync/archive/volumes.py",
        "        if size and size + source.size > most:\n",
        "        if size > most:\n",
        ("tests/scenarios/archive/test_volumes.py", "-k", "one_to_every"),
    ),
    Mutant(
        "archive-move-own",
        "P13: a move to another class makes no archive of somebody else one's own",
        "s3sync/archive/journal.py",
        "        if not self.is_made(before):\n",
        "        if False:\n",
        ("tests/scenarios/archive/test_transition.py", "-k", "somebody_elses"),
    ),
    Mutant(
        "archive-proposal-read",
        "what a proposal names is restored from nowhere but the archive",
        "s3sync/archive/restoring.py",
        "        is_proposed = archived.status is Status.PROPOSED\n",
        "        is_proposed = False\n",
        ("tests/scenarios/archive/test_adopted_by_others.py", "-k", "nowhere_but"),
    ),
    Mutant(
        "aws-paths-of-botocore",
        "rule 1: a path that botocore reads is whole, also of a profile that keys are assumed from",
        "s3sync/store/s3/own_paths.py",
        '        name = settings.get("source_profile")\n',
        "        name = None\n",
        ("tests/promises/hostile/test_settings_of_others.py", "-k", "begins_in_the_repository"),
    ),
    Mutant(
        "unit-safe-path",
        "rule 1: what the system starts takes no module from the repository",
        "s3sync/cli/commands/watch.py",
        '(sys.executable, ("-P", "-m",',
        '(sys.executable, ("-m",',
        ("tests/scenarios/team/test_watch.py", "-k", "module_from_the_repository"),
    ),
    Mutant(
        "watch-real-folder",
        "rule 5: a watch works in a real folder of the project, also after a change of branch",
        "s3sync/team/watching/watcher.py",
        "        except ProjectError as error:\n            return error\n",
        "        except ProjectError as error:\n            str(error)\n",
        ("tests/scenarios/team/test_watch.py", "-k", "branch_with_a_link"),
    ),
    Mutant(
        "history-words-bound",
        "rule 10: pieces of one run are joined within bounds",
        "s3sync/core/history.py",
        "[*dict.fromkeys([*first.counts, *second.counts])][:MOST_WORDS]",
        "[*dict.fromkeys([*first.counts, *second.counts])]",
        ("tests/unit/core/test_history.py", "-k", "pieces_of_one_run"),
    ),
    Mutant(
        "history-lines-bound",
        "rule 10: a month of the history has so many lines at most",
        "s3sync/shared/history.py",
        'text.count(b"\\n") > MONTH_LINES',
        'text.count(b"\\n") > MONTH_BYTES',
        ("tests/contract/test_history.py", "-k", "larger_than_a_month and folder"),
    ),
    Mutant(
        "pin-lines-bound",
        "rule 10: lines of a pin file that say nothing are bounded",
        "s3sync/core/pins.py",
        '    if text.count("\\n") >= MOST_LINES:\n',
        "    if False:\n",
        ("tests/unit/core/test_pins.py", "-k", "say_nothing"),
    ),
    Mutant(
        "pin-search-bound",
        "rule 10: each pin is compared with its own part of the trash",
        "s3sync/team/pinning.py",
        "        trash = self._trash.get(one.name, ())\n",
        "        trash = [found for some in self._trash.values() for found in some]\n",
        ("tests/scenarios/people/test_pins.py", "-k", "own_part"),
    ),
    Mutant(
        "inbox-mark-calendar",
        "rule 4: a row of state.db with a time at the end of the calendar is survived",
        "s3sync/team/history.py",
        "begin - info.modified <= CLOCKS",
        "info.modified >= begin - CLOCKS",
        ("tests/scenarios/people/test_history.py", "-k", "first_day"),
    ),
    Mutant(
        "share-end-calendar",
        "rule 7: an end that the store tells is shown in any zone",
        "s3sync/cli/show/share.py",
        "    except (OverflowError, ValueError):",
        "    except TypeError:",
        ("tests/scenarios/team/test_share.py", "-k", "first_day"),
    ),
    Mutant(
        "offered-members",
        "rule 3: no shell is offered a name of others that would be an option",
        "s3sync/cli/completed.py",
        "    return _offered(_in_time(_members), incomplete)\n",
        "    return [name for name in _in_time(_members) if name.startswith(incomplete)]\n",
        ("tests/promises/hostile/test_typed_hints.py", "-k", "called_like_an_option"),
    ),
    Mutant(
        "notify-own-program",
        "rule 1: the scripts for chats ask no s3sync of the repository",
        "scripts/noticelib.py",
        "    program = _program()\n",
        '    program = os.environ.get("S3SYNC", "s3sync")\n',
        ("tests/scenarios/team/test_notify_scripts.py", "-k", "of_the_repository_is_asked"),
    ),
    Mutant(
        "archive-file-times",
        "rule 10: any time of a file is one of the calendar",
        "s3sync/archive/fields.py",
        "        return found.astimezone(zone)\n    except (OverflowError, ValueError):\n",
        "        return found.astimezone(zone)\n    except TypeError:\n",
        ("tests/unit/archive/test_times_of_files.py",),
    ),
)


@contextmanager
def copy_of_the_checkout() -> Iterator[Path]:
    """With a Python of its own that finds the copy first, and everything else where this one has it."""
    with tempfile.TemporaryDirectory(prefix="s3sync-mutants-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, copy / name)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", copy / ".venv"], check=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = copy / ".venv" / "lib" / version / "site-packages"
        (packages / "copy.pth").write_text(f"{copy}\n{sysconfig.get_path('purelib')}\n")
        for script in Path(sysconfig.get_path("scripts")).iterdir():
            if not (copy / ".venv/bin" / script.name).exists():
                (copy / ".venv/bin" / script.name).symlink_to(script)
        yield copy


def run_tests(copy: Path, tests: Sequence[str], timeout: float = TIMEOUT_S) -> tuple[int, list[str]]:
    """pytest's exit code, and the tests that failed or pytest's last line."""
    done = subprocess.run(
        [copy / ".venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=copy,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()]
    failed = [line.split(" - ")[0].removeprefix("FAILED ") for line in lines if line.startswith("FAILED ")]
    return done.returncode, failed or lines[-1:]


def try_out(copy: Path, mutant: Mutant) -> str | None:
    """The test that noticed; None when nobody did. Raises `LookupError` for a line that is not there any more."""
    file = copy / mutant.file
    text = file.read_text()
    if text.count(mutant.old) != 1:
        raise LookupError(f"{mutant.name}: {mutant.old.strip()!r} stands {text.count(mutant.old)} times in {file.name}")
    file.write_text(text.replace(mutant.old, mutant.new))
    try:
        code, told = run_tests(copy, ("-x", *mutant.tests))
    finally:
        file.write_text(text)
    if code not in (0, 1):
        raise LookupError(f"{mutant.name}: pytest ended with code {code}: {told[0]}")
    return told[0] if code else None


def fail_unbroken(copy: Path, tests: Sequence[str]) -> set[str]:
    """Those of the tests that fail on the unbroken lines, too, and so have noticed nothing. All in one go."""
    code, told = run_tests(copy, tests, len(tests) * TIMEOUT_S) if tests else (0, [])
    return set(tests) & set(told) if code in (0, 1) else set(tests)


def main() -> int:
    known = {mutant.name: mutant for mutant in MUTANTS}
    unknown = [name for name in sys.argv[1:] if name not in known]
    if unknown:
        print(f"error: no mutant is called {', '.join(unknown)}\nhint: there are {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = [known[name] for name in sys.argv[1:]] or list(MUTANTS)
    noticed: dict[str, str] = {}
    with copy_of_the_checkout() as copy:
        for mutant in wanted:
            began = time.monotonic()
            try:
                by = try_out(copy, mutant)
            except (LookupError, subprocess.TimeoutExpired) as error:  # the others are tried all the same
                print(f"{mutant.name}: {mutant.promise}\n  NOT TRIED: {error}", flush=True)
                continue
            if by:
                noticed[mutant.name] = by
            sign = "noticed by" if by else "NOT NOTICED by"
            seconds = time.monotonic() - began
            print(
                f"{mutant.name}: {mutant.promise}\n  {sign} {by or ' '.join(mutant.tests)} ({seconds:.0f} s)",
                flush=True,
            )
        blind = fail_unbroken(copy, sorted(set(noticed.values())))
    for name, by in noticed.items():
        if by in blind:
            print(f"{name}: NOT NOTICED: {by} fails on the unbroken line, too")
    seen = sum(by not in blind for by in noticed.values())
    print(f"{seen} of {len(wanted)} broken lines were noticed")
    return int(seen < len(wanted))


if __name__ == "__main__":
    sys.exit(main())
