"""Which names are carried, how keys and paths map, and what a conflict copy is called."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath

import pytest

from s3sync.core.names import (
    conflict_name,
    free_conflict_name,
    is_conflict_name,
    nfc,
    path_of_key,
    refuse,
    refuse_reason,
    twins,
    without_case,
)
from s3sync.core.spelling import (
    GIT_HOOKS,
    KEPT_HOOKS,
    OBEYED_ENDINGS,
    OBEYED_FILES,
    OBEYED_FOLDERS,
    OURS,
    PROGRAM_ENDINGS,
    VERSION_CONTROL,
    obeyed_reason,
)
from s3sync.sync.case import respelled

WHEN = datetime(2025, 11, 3, 14, 30, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "path",
    [
        "a.mp4",
        "cut/a.mp4",
        ".hidden",
        "...",
        "a..b/..c/d..",
        "a b/  two  spaces .mp4",
        '50% #1+?*:|<>".mp4',
        "été à Paris/scène.mp4",
        "ภาพ/เสียง 🎬.wav",
        "cut/metadata.json",
        "metadata.json.bak",
        ".s3syncignore",
        "-rf",
        "x" * 255,
        "é" * 127 + "x",
        "/".join(["x" * 255] * 4),
    ],
    ids=lambda path: path if len(path) < 50 else f"{len(path.encode())} bytes",
)
def test_carried(path: str) -> None:
    assert refuse_reason(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("metadata.json", "reserved"),
        ("METADATA.json", "reserved"),
        ("Metadata.JSON", "reserved"),
        ("metadata.json/a", "reserved"),
        (".s3sync", "reserved"),
        (".S3Sync", "reserved"),
        (".s3sync/state.db", "reserved"),
        (".S3SYNC/trash/a", "reserved"),
        ("cut/.s3sync/a", "reserved"),
        ("", "empty"),
        ("/", "empty"),
        ("/abs", "empty"),
        ("//host/share", "empty"),
        ("a//b", "empty"),
        ("a/", "empty"),
        (".", "leads elsewhere"),
        ("..", "leads elsewhere"),
        ("../x", "leads elsewhere"),
        ("a/../b", "leads elsewhere"),
        ("a/./b", "leads elsewhere"),
        ("a/..", "leads elsewhere"),
        ("./metadata.json", "leads elsewhere"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("cut\r/a", "control character"),
        ("a\tb", "control character"),
        ("a\x1b[31mb", "control character"),
        ("a\x7f", "control character"),
        ("a\x85", "control character"),
        ("a\\b", "backslash"),
        ("..\\x", "backslash"),
        ("x" * 256, "longer than 255 bytes"),
        ("é" * 128, "longer than 255 bytes"),
        ("cut/" + "x" * 256 + "/a", "longer than 255 bytes"),
        ("/".join(["x" * 255] * 4) + "/x", "longer than 1024 bytes"),
        ("/".join(["é" * 100] * 6), "longer than 1024 bytes"),
        ("\ud800", "not valid UTF-8"),
        ("a/b\udcff.mp4", "not valid UTF-8"),
    ],
    ids=lambda text: ascii(text) if len(text) < 50 else f"{len(text)} characters",
)
def test_refused(path: str, reason: str) -> None:
    assert reason in (refuse_reason(path) or "carried")


@pytest.mark.parametrize("path", ["C:/Windows/x.dll", "C:x", "D:/x", "d:x", "D:"])
def test_a_drive_letter_leads_out_of_the_folder_on_windows(path: str) -> None:
    """Out of it, or onto another name in it."""
    staging = PureWindowsPath("C:/staging")
    assert (staging / path).parts != (*staging.parts, *path.split("/"))
    assert refuse_reason(path) is not None


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("v/b63/a.mp4", "a.mp4"),
        ("v/b63/cut/a.mp4", "cut/a.mp4"),
        ("v/b63/metadata.json", None),
        ("v/b63/.s3sync/trash/1/a.mp4", None),
        ("v/b63/.s3sync/parts/a.json", None),
        ("v/b63/cut/metadata.json", "cut/metadata.json"),
        ("v/b63/v/b63/a.mp4", "v/b63/a.mp4"),
        ("v/b63/.s3syncignore", ".s3syncignore"),
        ("v/b63/../x", "../x"),
        ("v/b63//x", "/x"),
        ("v/b63/e\u0301te\u0301.mp4", "été.mp4"),
    ],
)
def test_path_of_key(key: str, path: str | None) -> None:
    assert path_of_key("v/b63/", key) == path


@pytest.mark.parametrize("key", ["v/b63/.S3SYNC/state.db", "v/b63/METADATA.JSON", "v/b63/.s3sync", "v/b63/.s3Sync/x"])
def test_a_key_that_is_ours_on_a_disk_without_case_is_refused(key: str) -> None:
    path = path_of_key("v/b63/", key)
    assert path is not None
    assert "reserved" in (refuse_reason(path) or "carried")


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ([], {}),
        (["a", "b/a", "c"], {}),
        (["cut.mp4", "cut/a"], {}),
        (["cut", "cut/a"], {"cut": "cut/a", "cut/a": "cut"}),
        (["cut/a/b", "cut"], {"cut": "cut/a/b", "cut/a/b": "cut"}),
        (["test", "test-123.txt", "test.txt"], {}),
        (["a/b", "a/b/c", "a/bc"], {"a/b": "a/b/c", "a/b/c": "a/b"}),
    ],
)
def test_twins(paths: list[str], found: dict[str, str]) -> None:
    assert twins(sorted((path, path) for path in paths)) == found


def test_every_path_below_a_file_is_a_twin() -> None:
    assert twins((path, path) for path in ["a", "a/1", "a/2", "b"]).keys() == {"a", "a/1", "a/2"}


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["a.txt", "b.txt"], {}),
        (["A.txt", "a.txt"], {"A.txt": "a.txt", "a.txt": "A.txt"}),
        (["Cut/a", "cut/A"], {"Cut/a": "cut/A", "cut/A": "Cut/a"}),
        (["Cut", "cut/a"], {"Cut": "cut/a", "cut/a": "Cut"}),
        (["Été.mp4", "été.mp4"], {"Été.mp4": "été.mp4", "été.mp4": "Été.mp4"}),
        (["STRASSE", "Straße"], {"STRASSE": "Straße", "Straße": "STRASSE"}),
        (["Cut/a", "cut/b"], {}),
    ],
)
def test_f28_twins_on_a_disk_that_ignores_case(paths: list[str], found: dict[str, str]) -> None:
    assert twins(sorted((without_case(path), path) for path in paths)) == found


def test_f28_all_spellings_of_one_name_are_twins() -> None:
    paths = {"AB", "Ab", "aB", "ab"}
    found = twins(sorted((without_case(path), path) for path in [*paths, "b"]))
    assert found.keys() == paths and all(path != other for path, other in found.items())


@pytest.mark.parametrize(
    ("local", "remote", "found"),
    [
        (["a"], ["a"], {}),
        (["a"], [], {}),
        (["A"], ["a"], {"A": "a"}),
        (["A/b", "A/c"], ["a/b"], {"A/b": "a/b", "A/c": "a/c"}),
        (["A/B/c"], ["a/x", "A/b/x"], {"A/B/c": "A/b/c"}),
        (["A/b"], ["a/x", "A/x"], {}),
        (["aB"], ["AB", "ab"], {}),
        (["A", "a"], ["a"], {}),
        (["AB", "Ab"], ["ab"], {}),
        (["A/x", "A"], ["a"], {"A": "a", "A/x": "a/x"}),
        (["/A", "B//c", "c/"], ["/a", "b/x", "C"], {"/A": "/a", "B//c": "b//c", "c/": "C/"}),
    ],
)
def test_f28_respelled(local: list[str], remote: list[str], found: dict[str, str]) -> None:
    """What the remote spells in one other way is taken as that."""
    unmatched = [path for path in local if path not in remote]
    assert respelled(unmatched, remote, local.__contains__) == found
    assert respelled(unmatched * 2, [*remote, *remote], local.__contains__) == found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("draft.mp4", "draft.conflict-jan-20251103-143000.mp4"),
        ("cut/draft.mp4", "cut/draft.conflict-jan-20251103-143000.mp4"),
        ("v1.2/draft", "v1.2/draft.conflict-jan-20251103-143000"),
        ("archive.tar.gz", "archive.tar.conflict-jan-20251103-143000.gz"),
        (".env", ".env.conflict-jan-20251103-143000"),
        ("cut/.env", "cut/.env.conflict-jan-20251103-143000"),
        (".env.local", ".env.conflict-jan-20251103-143000.local"),
        ("draft.", "draft.conflict-jan-20251103-143000."),
        ("été 🎬.mp4", "été 🎬.conflict-jan-20251103-143000.mp4"),
    ],
)
def test_conflict_name(path: str, name: str) -> None:
    assert conflict_name(path, "jan", WHEN) == name


@pytest.mark.parametrize(
    "name",
    [
        "x" * 251 + ".mp4",
        "é" * 125 + ".mp4",
        "🎬" * 62 + ".mp4",
        "ภ" * 83 + ".mp4",
        nfc("e\u0323" * 80) + ".mp4",
        "." + "x" * 254,
        "x" * 255,
        "x." + "y" * 253,
        "é." + "y" * 252,
    ],
    ids=lambda name: f"{len(name)} characters, {name[:2]}..{name[-5:]}",
)
@pytest.mark.parametrize("user", ["jan", "j" * 64])
def test_a_long_name_is_shortened_to_one_that_is_carried(name: str, user: str) -> None:
    assert refuse_reason(f"cut/{name}") is None
    kept = conflict_name(f"cut/{name}", user, WHEN)
    assert refuse_reason(kept) is None
    assert kept.startswith("cut/") and f".conflict-{user}-20251103-143000" in kept
    assert kept == nfc(kept)


@pytest.mark.parametrize(
    ("name", "path", "user", "is_one"),
    [
        ("a.conflict-jan-20251103-143000.mp4", "a.mp4", "jan", True),
        ("cut/a.conflict-jan-20251103-143000.mp4", "cut/a.mp4", "jan", True),
        ("both.conflict-jan-20251103-143000", "both", "jan", True),
        ("a.conflict-j--n-20251103-143000.mp4", "a.mp4", "j/*n", True),
        ("a.conflict-jan-20251103-143000.mp4", "a.mp4", "david", False),
        ("a.conflict-jan-20251103-143000.mp4", "cut/a.mp4", "jan", False),
        ("a.conflict-jan-20251103-143000.mp4", "b.mp4", "jan", False),
        ("a.conflict-jan-20251303-143000.mp4", "a.mp4", "jan", False),
        ("a.conflict-jan-20251103-143000.mov", "a.mp4", "jan", False),
        ("a.mp4", "a.mp4", "jan", False),
        ("final-20251103-143000.mp4", "final.mp4", "jan", False),
    ],
)
def test_the_name_of_a_conflict_copy_is_known_again(name: str, path: str, user: str, is_one: bool) -> None:
    assert is_conflict_name(name, path, user) is is_one


def test_a_long_path_makes_a_conflict_copy_that_is_carried() -> None:
    path = "/".join(["x" * 255] * 3) + "/" + "y" * 250 + ".mp4"
    assert refuse_reason(path) is None
    assert refuse_reason(conflict_name(path, "jan", WHEN)) is None


@pytest.mark.parametrize("length", range(200, 254, 7))
def test_a_folder_too_deep_for_a_conflict_copy_gives_it_to_one_above(length: int) -> None:
    path = "/".join(["x" * 255] * 3 + ["y" * length, "é.mp4"])
    assert refuse_reason(path) is None
    kept = conflict_name(path, "j" * 64, WHEN)
    assert refuse_reason(kept) is None
    assert path.startswith(kept.rpartition("/")[0] + "/")
    assert kept.rpartition("/")[2] == f"é.conflict-{'j' * 64}-20251103-143000.mp4"


@pytest.mark.parametrize("length", [10, 400, 512, 513, 600, 800, 957, 1000, 1024])
@pytest.mark.parametrize("last", [1, 5, 60, 250])
def test_b5_a_conflict_copy_of_a_long_path_fits_where_the_path_does(length: int, last: int) -> None:
    """Whatever the bucket's prefix and the project take of the key."""
    folders = "/".join(["d" * 99] * 20)[: max(0, length - last - 1)].rstrip("/")
    path = f"{folders}/{'n' * last}".lstrip("/")
    kept = conflict_name(path, "jan" * 20, WHEN)
    assert refuse_reason(kept) is None and kept != path
    assert len(kept) <= max(len(path), 512)
    assert f"{path}/".startswith(kept.rpartition("/")[0])


def test_what_is_too_long_for_an_extension_is_none() -> None:
    assert conflict_name("a." + "y" * 32, "jan", WHEN).endswith("." + "y" * 32)
    assert conflict_name("a." + "y" * 33, "jan", WHEN) == "a." + "y" * 33 + ".conflict-jan-20251103-143000"


def test_a_second_conflict_within_one_second_gets_a_name_of_its_own() -> None:
    taken = {"a.conflict-jan-20251103-143000.mp4", "a.conflict-jan-20251103-143001.mp4"}
    assert free_conflict_name("a.mp4", "jan", WHEN, taken.__contains__) == "a.conflict-jan-20251103-143002.mp4"
    assert free_conflict_name("b.mp4", "jan", WHEN, taken.__contains__) == "b.conflict-jan-20251103-143000.mp4"


def test_nfc() -> None:
    spelling = unicodedata.normalize("NFD", "été.mp4")
    assert spelling != "été.mp4" == nfc(spelling)


OBEYED = [
    ".git", ".git/config", "cut/.git/hooks/post-checkout", "a/b/.Git", ".GIT/x", ".git./config", ".git /x",
    ".git. . ./x",
    ".git::$INDEX_ALLOCATION/config", "cut/.git:stream", "GIT~1/config", "git~2", "cut/Git~1.", "gi7f3a~1/config",
    "git~10",
    ".g\u200cit/config", ".gi\u200dt", "\ufeff.git/config", ".git\u206f/x", ".g\u202ait", ".\u2060git/x",
    ".hg/hgrc", "x/.HG/hgrc", "HG~1/hgrc", ".svn/entries", "SVN~1/x", ".bzr/x", ".jj/repo/config.toml",
    ".s3sync.yaml", "cut/.s3sync.yaml", ".S3SYNC.YAML", ".s3sync.yaml.", ".s3sync.yml", "S3SYNC~2.YAM", "S3SYNC~1",
    "cut/.s3sync/state.db", ".video-tools.env", "a/.Video-Tools.ENV ", "VIDEO-~1.ENV", "vi12ab~1.env",
    ".video-tools\u200b.env",
    ".sl/config", "cut/.Pijul/config", "_darcs/prefs/defaults", "_DARCS./x", ".fslckout", "_FOSSIL_",
    "HEAD", "cut/HEAD", "x.git/HEAD", "Head", "head", "HEAD.", "HEAD ", "HEAD::$DATA", "HE\u200cAD", "a/b/c/head",
]  # fmt: skip
HARMLESS = [
    "git", "git/config", "cut/github.mov", "agit~1", "git~", "git~x", ".github/x", ".gitkeep", "x.git/config", "hg~a",
    "head/mesh.obj", "HEAD/a", "head.png", "cut/HEADER", "overhead", "ahead", "s3sync.yaml", "video-tools.env",
    "video~1.mov",
    ".s3syncignore", "svn/a", "refs/heads/main", "objects/ab/cd", "config", "cut/metadata.json", "git hub~1",
    "\u200cgit",
    "\u00e9t\u00e9/.hidden", "~$brief.docx", "a~1.mov", "GITHUB~1.MOV",
]  # fmt: skip


@pytest.mark.parametrize("path", OBEYED, ids=ascii)
def test_f48_names_that_programs_obey_are_refused_in_every_spelling(path: str) -> None:
    found = refuse(path)
    assert found is not None and (found.obeyed or "reserved" in found.reason)
    assert path == found.at or path.startswith(f"{found.at}/")


@pytest.mark.parametrize("path", HARMLESS, ids=ascii)
def test_f48_names_that_only_look_like_them_are_synced(path: str) -> None:
    assert refuse_reason(path) is None


@pytest.mark.parametrize(
    "path",
    [
        ".envrc", "cut/.ENVRC", ".envrc.", ".vscode/tasks.json", "a/.vscode/x/y", "VSCODE~1/tasks.json", "desktop.ini",
        "Desktop.INI", "DESKTO~1.INI", "autorun.inf", "a/autorun.inf ", "x.lnk", "x.LNK", "x.lnk::$DATA",
        "run.desktop",
        ".s3syncignore", ".gitattributes", "a/.\u200denvrc", ".devcontainer/devcontainer.json", ".npmrc",
        "cut/site.url", "r/.Rprofile", "_VIMRC", "a/.dir-locals-2.el", ".mise/config.toml", "MISE.local.toml",
        "cut/RUST-toolchain", "a/.codex/config.toml", "x.RDP", "startup.m",
        "cut/.HELIX/languages.toml", "WINDSU~1/mcp.json", "MYPY.INI", "r/.Flake8", "a/SITECU~1.PY",
        "git.exe", "cut/ffmpeg.BAT", "git.JS", "cut/ffprobe.JSE", "a/mmc.Msc", "x.vbe. ",
        "x/version.dll. ", "a/Pre-Push.LEGACY", "post-merge.before-s3sync", "a.theme", "x.searchConnector-ms",
        "--yes", "cut/-rf", "--checkpoint-action=exec=sh x", "-delete/a.mov", "a/--permanently",
    ],
    ids=ascii,
)  # fmt: skip
def test_f48_what_programs_obey_by_its_being_there_is_told(path: str) -> None:
    assert refuse_reason(path) is None
    assert obeyed_reason(path)


@pytest.mark.parametrize(
    "path",
    [
        "a.mov",
        "vscode/tasks.json",
        "envrc",
        "desktop.ini.txt",
        "lnk",
        "url.mov",
        "x.link",
        "-01 intro.mp4",
        "- a.mov",
        "a-b.mov",
        "exe",
        "com",
        "x.exe.mov",
        "x.json",
        "post-merge.mov",
        "x.legacy",
        "x.jsx",
        "rprofile",
    ],
)
def test_f48_ordinary_files_are_not(path: str) -> None:
    assert obeyed_reason(path) is None


def test_f48_the_lists_are_those_of_the_documentation() -> None:
    told = (Path(__file__).parents[3] / "docs" / "names.md").read_text("utf-8")
    folders = [f"{name}/" for name in OBEYED_FOLDERS]
    lists = [
        *VERSION_CONTROL,
        *OURS,
        *OBEYED_FILES,
        *GIT_HOOKS,
        *KEPT_HOOKS,
        *OBEYED_ENDINGS,
        *PROGRAM_ENDINGS,
        *folders,
    ]
    assert not [name for name in lists if f"`{name}`" not in told]
