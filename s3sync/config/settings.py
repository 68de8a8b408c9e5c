"""From all sources to one `Settings`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from msgspec import structs

from s3sync.config.envfile import KEY_VARIABLES, collab_settings, env_file_origin, read_env_file
from s3sync.config.files import REPO_KIND, USER_KIND, read_settings
from s3sync.config.locate import (
    DEFAULT_STAGING,
    REPO_FILE,
    default_store,
    exists,
    find_env_file,
    find_repo_root,
    user_file,
)
from s3sync.config.read import keep_root, says_trust
from s3sync.config.rules import (
    DEFAULT_COSTS,
    DEFAULT_HOOKS,
    DEFAULT_NOTICES,
    DEFAULT_RECEIPTS,
    DEFAULT_TRASH,
    CostRules,
    HookRules,
    NoticeRules,
    ReceiptRules,
    TrashRules,
)
from s3sync.config.schemes import scheme_of
from s3sync.config.secrets import hidden, mask_url
from s3sync.config.spec import BY_NAME, DEFAULT_IGNORE, KEYS, checked
from s3sync.config.values import BadValue, Setting, name_problem
from s3sync.core.names import nfc
from s3sync.errors import ConfigError

if TYPE_CHECKING:
    from s3sync.core.archive.prices import RegionPrices
    from s3sync.core.archive.values import ArchiveSet

Credentials: TypeAlias = Literal["keys", "profile", "chain"]
_Layer: TypeAlias = Mapping[str, Setting]
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, repr=False, kw_only=True)
class Settings:
    """Checked settings. `env` and `notify` hold secrets, which `repr` does not show.

    `credentials` says what the store shall sign with: "keys" (those in `env`), "profile" (`profile`; `env` then holds
    no keys), or "chain" (whatever AWS's own chain finds). `archives_of`: the encrypted repository whose archives the
    store is for, with whose key they are sealed; no file says it. `root` is the repository's folder, None outside of
    any. Origins are by setting's name, and by name for AWS keys.
    """

    store: str
    provider: str | None = None
    repo: str
    project: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    credentials_path: str | None = None
    credentials_env: str | None = None
    staging: str = DEFAULT_STAGING
    ignore: tuple[str, ...] = DEFAULT_IGNORE
    user: str | None = None
    notify: tuple[str, ...] = ()
    notices: NoticeRules = DEFAULT_NOTICES
    transfers: int | None = None
    bwlimit: object = None
    sse: str | None = None
    encrypt: bool = False
    kms_key_id: str | None = None
    storage_class: str | None = None
    accelerate: bool = False
    acl: str | None = None
    addressing: str | None = None
    offline: str = "fail"
    request_payer: str | None = None
    ca_bundle: str | None = None
    proxy: str | None = None
    connect_timeout: int | None = None
    read_timeout: int | None = None
    retries: int | None = None
    trash: TrashRules = DEFAULT_TRASH
    hooks: HookRules = DEFAULT_HOOKS
    receipts: ReceiptRules = DEFAULT_RECEIPTS
    archives: Mapping[str, ArchiveSet] | None = None
    archives_of: Settings | None = None
    prices: Mapping[str, RegionPrices] | None = None
    costs: CostRules = DEFAULT_COSTS
    credentials: Credentials = "chain"
    root: Path | None = None
    env: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    origins: Mapping[str, str] = field(default_factory=lambda: _EMPTY)

    @property
    def store_is_default(self) -> bool:
        """True if nobody chose a store, so that files stay on this computer."""
        return self.origins.get("store", "default") == "default"

    def require_user(self) -> str:
        """The user's name. Raises `ConfigError` when nobody said it: a guess would sign other people's files."""
        if self.user is None:
            raise ConfigError(
                "your name is not set",
                why="the team sees by it who uploaded what",
                hint="run `s3sync config set user NAME`, or set S3SYNC_USER",
            )
        return self.user

    def __repr__(self) -> str:
        return f"Settings(store={mask_url(self.store)!r}, repo={self.repo!r}, user={self.user!r})"


def load_settings(start: Path, *, flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """The settings as they hold in the folder `start`.

    `flags` are by setting's name (`endpoint_url`), None when not given; `environ` is the process environment, in which
    an empty variable counts as not set. Raises `ConfigError` for anything unknown or wrong in a file, even when a
    stronger source overrides it; a wrong flag or variable only counts when it is the one that holds.
    """
    return _load(start, find_repo_root(start), flags, environ)


def load_own_settings(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """The settings as they hold outside of any repository: nothing in them was said by one."""
    return _load(Path.home(), None, flags, environ)


def _load(start: Path, root: Path | None, flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    any_owner = says_trust(environ)
    if root is not None:
        keep_root(root)
    process, shared = _variable_layer(environ), _repo_layer(root, any_owner)
    staging = process.get("staging") or shared.get("staging") or Setting(DEFAULT_STAGING, "default")
    env_path = find_env_file(start, root, str(staging.value)) if root else None
    values = read_env_file(env_path, root, any_owner=any_owner) if root and env_path else {}
    layers = [
        _flag_layer(flags),
        process,
        _env_file_layer(values, env_path),
        shared,
        _user_layer(user_file(environ)),
        _default_layer(root, environ),
    ]
    layers[1] = process = _without_aws(process, str(_choose("store", layers).value))
    chosen = {key: _with_own(key, _choose(key, layers), layers[4]) for key in BY_NAME}
    credentials, env, key_origins = _credentials(layers, environ, values, env_path)
    return Settings(
        **cast("dict[str, Any]", {key: setting.value for key, setting in chosen.items()}),  # each checked by its key
        credentials=credentials,
        root=root,
        env=MappingProxyType(env),
        origins=MappingProxyType({**{key: setting.origin for key, setting in chosen.items()}, **key_origins}),
    )


def _without_aws(process: _Layer, store: str) -> _Layer:
    """What the process says, but for AWS's own variables where the store is another vendor's: they are set for others.

    Else `AWS_ENDPOINT_URL`, which somebody has for his buckets, would be where a bucket of Google's is looked for.
    """
    if scheme_of(store).vendor in (None, "AWS"):
        return process
    return {name: said for name, said in process.items() if not said.origin.startswith("environment AWS_")}


def _flag_layer(flags: Mapping[str, str | None]) -> _Layer:
    """Raises `ConfigError` for a flag that is no setting: the mistake of whoever calls from Python."""
    unknown = sorted(set(flags) - set(BY_NAME))
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], BY_NAME, 1) if len(unknown[0]) < 100 else []
        hint = f"did you mean {near[0]!r}?" if near else f"the settings are {', '.join(BY_NAME)}"
        raise ConfigError(f"there is no setting {unknown[0][:80]!r}", why="a flag names it", hint=hint)
    return {key: Setting(value, f"flag {_flag(key)}") for key, value in flags.items() if value is not None}


def _flag(key: str) -> str:
    """The option that sets a key, as it is typed."""
    said = BY_NAME[key].flag or ""
    return said.split("`")[1] if said.startswith("`") else f"--{key.replace('_', '-')}"


def _variable_layer(values: Mapping[str, str], env_file: Path | None = None) -> _Layer:
    """What variables set: of the process, or those in an env file that may stand in one."""
    layer: dict[str, Setting] = {}
    for key in KEYS:
        name = next((name for name in key.variables if values.get(name, "").strip()), None)
        if name and (key.env_file or env_file is None):
            origin = env_file_origin(env_file) if env_file else f"environment {name}"
            layer[key.name] = Setting(values[name].strip(), origin)
    return layer


def _env_file_layer(values: Mapping[str, str], path: Path | None) -> _Layer:
    return {**collab_settings(values, path), **_variable_layer(values, path)} if path else {}


def _repo_layer(root: Path | None, any_owner: bool) -> _Layer:
    if root is None or not exists(root / REPO_FILE):
        return {}
    return read_settings(root / REPO_FILE, REPO_KIND, within=root, any_owner=any_owner)


def _user_layer(path: Path) -> _Layer:
    return read_settings(path, USER_KIND) if exists(path) else {}


def _default_layer(root: Path | None, environ: Mapping[str, str]) -> _Layer:
    repo = Setting(nfc(root.name), "default") if root else Setting("", "default (not in a repository)")
    return {
        **{key.name: Setting(key.default, "default") for key in KEYS},
        "store": Setting(default_store(environ), "default"),
        "repo": repo,
    }


def _choose(key: str, layers: Iterable[_Layer]) -> Setting:
    """The strongest layer's value, checked. Raises `ConfigError`."""
    setting = next(layer[key] for layer in layers if key in layer)
    if setting.origin == "default" and key == "repo":
        problem = name_problem(str(setting.value))
        if problem:
            why = f"the folder's name {hidden(str(setting.value))!r} cannot be used: {problem}"
            raise ConfigError("this repository needs a name", why=why, hint=f"set `repo:` in {REPO_FILE}")
    if setting.origin.startswith("default"):
        return setting
    try:
        return Setting(checked(key, setting.value), setting.origin)
    except BadValue as error:
        raise ConfigError(f"{key!r} from {setting.origin} is not valid", why=error.why, hint=error.hint) from None


def _with_own(key: str, setting: Setting, own: _Layer) -> Setting:
    """The setting with what the user's own file says of it beside the one of the repository that it comes from."""
    mine, joined = own.get(key), BY_NAME[key].joined
    if joined is not None and mine is not None and mine.value is not setting.value:
        return Setting(joined(setting.value, checked(key, mine.value)), f"{setting.origin} and {mine.origin}")
    if BY_NAME[key].merges and mine is not None and mine.value is not setting.value:
        return Setting(
            MappingProxyType({**cast("Any", setting.value), **cast("Any", mine.value)}),
            f"{setting.origin} and {mine.origin}",
        )
    if not BY_NAME[key].own_keys or mine is None or mine.value is setting.value:
        return setting
    said = {name: getattr(mine.value, name) for name in BY_NAME[key].own_keys}
    return Setting(structs.replace(cast("Any", setting.value), **said), setting.origin)


def _credentials(
    layers: list[_Layer], environ: Mapping[str, str], values: Mapping[str, str], env_path: Path | None
) -> tuple[Credentials, dict[str, str], dict[str, str]]:
    """What signs, the environment of the run, and the keys' origins.

    The environment is the process's; of an env file it takes the keys alone, for a repository must not choose more.
    Keys come whole from one source, never a key from here with a token from there. They yield to a profile only of a
    stronger source; in the same source they win, as they do for AWS's own tools.
    """
    env = dict(environ)
    sources = ((1, environ, None), (2, values, env_path))
    rank, source, path = next((found for found in sources if found[1].get(KEY_VARIABLES[0])), (len(layers), {}, None))
    profile_rank = next(number for number, layer in enumerate(layers) if "profile" in layer)
    keys = {} if profile_rank < rank else {name: source[name] for name in KEY_VARIABLES if source.get(name)}
    for name in KEY_VARIABLES:
        env.pop(name, None)
    env.update(keys)
    origins = {name: env_file_origin(path) if path else f"environment {name}" for name in keys}
    if keys:
        return "keys", env, origins
    return ("profile" if profile_rank < len(layers) - 1 else "chain"), env, origins
