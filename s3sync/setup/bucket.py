"""`setup bucket`: create and configure the bucket of a store, step by step, and only what differs.

Each step is looked at first and shown; nothing is written before the answer. Rules of others stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

from s3sync.archive.rules import RulesView, write
from s3sync.config import Settings, mask_url
from s3sync.core.archive.lifecycle import Wanted as WantedRules
from s3sync.core.archive.lifecycle import difference, is_ours, rule_text
from s3sync.core.bucket_rules import CORS, INBOX_DAYS, OURS, TRASH_DAYS, allows_pages, is_obsolete, wanted_lifecycle
from s3sync.core.policy import Policy
from s3sync.errors import AccessDenied, Unsupported, declined
from s3sync.setup.replica import Replica, Wanted
from s3sync.setup.steps import Step, bucket_of_store
from s3sync.store.aspects import Administers, require_aspect
from s3sync.store.port import Store


class BucketReport(Struct):
    """Settings of a bucket. `done` are the names of the steps that were carried out, `failed` why one was not."""

    store: str
    repo: str
    dry_run: bool
    steps: list[Step] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)
    """Policies of the role that replicates, where that is wanted."""
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def to_do(self) -> list[Step]:
        return [step for step in self.steps if step.changes]

    @property
    def is_denied(self) -> bool:
        """True if some settings could not be looked at, for want of rights."""
        return any(step.is_denied for step in self.steps)


class Wishes(Struct):
    """Settings that are wanted. `trash_days` None: the trash is kept for ever. A replica needs versioning."""

    versioning: bool = False
    trash_days: int | None = TRASH_DAYS
    pages: bool = True
    replica: Wanted | None = None


def set_up_bucket(
    store: Store,
    settings: Settings,
    wishes: Wishes,
    *,
    confirm: Callable[[BucketReport], bool],
    dry_run: bool = False,
) -> BucketReport:
    """Look, ask, and carry out what differs. Raises `Halt` where the answer is no, `Unsupported`, `StoreError`."""
    work = _Work(store, settings, wishes)
    report = BucketReport(mask_url(settings.store), settings.repo, dry_run, work.look(), work.policies)
    if dry_run or not report.to_do:
        return report
    if not confirm(report):
        raise declined("nothing was set up")
    for step in report.to_do:
        try:
            work.carry_out(step.name)
        except (AccessDenied, Unsupported) as error:
            report.failed[step.name] = error.why or error.message
        else:
            report.done.append(step.name)
    return report


class _Work:
    """The steps, in the order in which they are done."""

    def __init__(self, store: Store, settings: Settings, wishes: Wishes) -> None:
        self._store, self._settings, self._wishes = store, settings, wishes
        self._bucket = require_aspect(store, Administers)
        self.name, self.root = bucket_of_store(store)
        self._exists = True
        self._replica = None if wishes.replica is None else Replica(store, settings, wishes.replica)
        self._view: RulesView | None = None
        """The rules as they were shown: others are not written over."""

    def look(self) -> list[Step]:
        steps: list[Step] = []
        looks: dict[str, Callable[[], Step]] = {
            "bucket": self._existence,
            "encryption": self._encryption,
            "public_access": self._public_access,
            "versioning": self._versioning,
            "lifecycle": self._lifecycle,
            "cors": self._cors,
        }
        if self._replica is not None:
            looks["replica"] = self._replica.bucket_step
            looks["role"] = self._role
            looks["replication"] = self._replica.rules_step
        for name, look in looks.items():
            try:
                steps.append(look())
            except (AccessDenied, Unsupported) as error:
                denied = isinstance(error, AccessDenied)
                steps.append(Step(name, "not known", unknown=error.why or error.message, is_denied=denied))
        return steps

    def carry_out(self, name: str) -> None:
        bucket = self._bucket
        if name == "bucket":
            bucket.create_bucket()
        elif name == "encryption":
            bucket.encrypt_by_default("AES256")
        elif name == "public_access":
            bucket.block_public_access()
        elif name == "versioning":
            bucket.set_versioning(enabled=True)
        elif name == "lifecycle":
            assert self._view is not None
            write(self._store, self._view)
        elif name == "cors":
            others = [rule for rule in bucket.cors_rules() if not str(rule.get("ID", "")).startswith(OURS)]
            bucket.put_cors_rules([*others, CORS])
        elif self._replica is not None:
            deeds = {
                "replica": self._replica.make_bucket,
                "role": self._replica.make_role,
                "replication": self._replica.write_rules,
            }
            deeds[name]()

    @property
    def policies(self) -> dict[str, Policy]:
        return {} if self._replica is None else self._replica.policies

    def _role(self) -> Step:
        assert self._replica is not None
        return self._replica.role_step(exists=self._exists)

    def _existence(self) -> Step:
        region = self._settings.region or "us-east-1"
        self._exists = self._bucket.bucket_exists()
        if self._exists:
            return Step("bucket", f"{self.name} exists")
        return Step("bucket", "does not exist", (f"create {self.name} in {region}",))

    def _ask(self, question: Callable[[], Any], otherwise: Any) -> Any:
        """A setting; of a bucket that does not exist yet, what a new one has."""
        return question() if self._exists else otherwise

    def _encryption(self) -> Step:
        found = self._ask(self._bucket.default_encryption, None)
        if found:
            return Step("encryption", str(found))
        return Step("encryption", "none by default", ("encrypt new objects with S3's own keys (AES256)",))

    def _public_access(self) -> Step:
        if self._ask(self._bucket.blocks_public_access, False):
            return Step("public_access", "blocked")
        costs = ("what is public in this bucket is so no longer",) if self._exists else ()
        return Step("public_access", "not blocked", ("block all public access",), costs)

    def _versioning(self) -> Step:
        found = self._ask(self._bucket.versioning_status, None) or "never enabled"
        if found == "Enabled" or not (self._wishes.versioning or self._replica is not None):
            return Step("versioning", found)
        costs = ("what is replaced or deleted from then on is billed until a rule expires it",)
        return Step("versioning", found, ("enable it",), costs)

    def _rules(self) -> RulesView:
        present = tuple(self._ask(self._bucket.lifecycle_rules, []))
        repo, root = self._settings.repo, self.root
        mine = wanted_lifecycle(root, repo, present, trash_days=self._wishes.trash_days)
        names = {str(rule["ID"]) for rule in mine}
        stay = [rule for rule in present if is_ours(rule, root) and str(rule.get("ID")) not in names]
        kept = tuple(rule for rule in present if not is_obsolete(rule, mine, root, repo))
        found = difference(kept, [*stay, *mine], root)
        return RulesView(self._store.url, root, present, WantedRules((*stay, *mine)), found)

    def _lifecycle(self) -> Step:
        view = self._view = self._rules()
        found = view.difference
        wanted = {str(rule.get("ID")) for rule in found.merged}
        dropped = [rule for rule in view.present if str(rule.get("ID")) not in wanted]
        changes = [f"add: {rule_text(rule)}" for rule in found.added]
        changes += [f"change to: {rule_text(rule)}" for rule in found.changed]
        changes += [f"remove: {rule_text(rule)}" for rule in dropped]
        changing = [str(rule["ID"]) for rule in (*found.added, *found.changed)]
        days = self._wishes.trash_days
        costs = {
            "trash": f"what lies in the remote trash for {days} days is deleted for good, also what exists nowhere "
            "else",
            "inbox": f"what clients sent and nobody took in for {INBOX_DAYS} days is deleted for good",
        }
        now = f"{len(view.present)} rule{'' if len(view.present) == 1 else 's'}, all of which stay"
        told = tuple(cost for kind, cost in costs.items() if any(f"{OURS}{kind}" in one for one in changing))
        return Step("lifecycle", now if not dropped else f"{len(view.present)} rules", tuple(changes), told)

    def _cors(self) -> Step:
        rules: Sequence[Any] = self._ask(self._bucket.cors_rules, [])
        if not self._wishes.pages or allows_pages(rules):
            return Step("cors", f"{len(rules)} rules" if rules else "none")
        change = "let pages load and send files by signed links (GET, HEAD and POST from everywhere)"
        return Step("cors", f"{len(rules)} rules, which stay" if rules else "none", (change,))
