"""Output of `archive lifecycle`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from s3sync.archive.rules import RulesView
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.core.archive.costs import class_notes
from s3sync.core.archive.lifecycle import Rule, is_ours, rule_text
from s3sync.core.quantities import counted

SMALL = "Objects under 128 KB do not move by default."


def rules_json(action: str, views: Sequence[RulesView], *, dry_run: bool) -> Json:
    stores = [
        {
            "store": view.store,
            "rules": list(view.present),
            "added": list(view.difference.added),
            "changed": list(view.difference.changed),
            "removed": list(view.difference.removed),
            "problems": list(view.wanted.problems),
        }
        for view in views
    ]
    head = {"schema": SCHEMA, "command": "archive", "action": f"lifecycle {action}", "dry_run": dry_run}
    return {**head, "stores": stores, "exit_code": 0}


def print_rules(action: str, views: Sequence[RulesView], *, verbose: bool, quiet: bool, dry_run: bool) -> None:
    for view in views:
        for problem in view.wanted.problems:
            warn(f"warning: {printable(problem)}")
        if quiet:
            continue
        say(f"{printable(view.store)}:")
        if action == "show":
            for line in _present_lines(view):
                say(line)
        elif action == "diff" or dry_run:
            for line in difference_lines(view):
                say(line)
        else:
            changed = len(view.difference.added) + len(view.difference.changed)
            removed = len(view.difference.removed)
            said = f"{counted(changed, 'rule')} set, {removed} removed, {len(view.difference.others)} of others kept"
            say("  nothing to change" if view.difference.is_empty else f"  {said}")
        if verbose:
            say(
                json.dumps(
                    list(view.present if action in ("show", "diff") else view.difference.merged), indent=2, default=str
                )
            )
    if quiet or action == "remove":
        return
    for note in filter(None, map(class_notes, _targets(views))):
        say(note)
    say(SMALL)


def _targets(views: Sequence[RulesView]) -> list[str]:
    """Classes that the rules shown move to."""
    rules = [rule for view in views for rule in (*view.present, *view.difference.merged)]
    moves = [move for rule in rules for move in rule.get("Transitions", ())]
    return sorted({str(move.get("StorageClass")) for move in moves})


def _present_lines(view: RulesView) -> Iterator[str]:
    for rule in view.present:
        whose = "" if is_ours(rule, view.root) else f" [{printable(str(rule.get('ID', 'no name')))}, not by s3sync]"
        yield f"  {printable(rule_text(rule))}{whose}"
    if not view.present:
        yield "  no rules"
    if not view.difference.is_empty:
        yield "  They differ from what the archive sets need: `s3sync archive lifecycle diff` shows how."


def difference_lines(view: RulesView) -> Iterator[str]:
    """Lines that say what is added, changed and removed, and what of others stays."""
    found = view.difference
    old = {str(rule.get("ID")): rule for rule in view.present}
    for rule in found.added:
        yield f"  + {printable(rule_text(rule))}"
    for rule in found.changed:
        yield f"  - {printable(rule_text(_before(old, rule)))}"
        yield f"  + {printable(rule_text(rule))}"
    for rule in found.removed:
        yield f"  - {printable(rule_text(rule))}"
    for rule in found.others:
        yield f"  {symbols().done} {printable(rule_text(rule))} [{printable(str(rule.get('ID', 'no name')))}: stays]"
    if found.is_empty:
        yield "  nothing to change"


def _before(old: dict[str, Rule], rule: Rule) -> Rule:
    return old[str(rule["ID"])]
