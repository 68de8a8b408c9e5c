// What people have with each other: conflicts, locks, who has what, and transfers.
const of = (entry, inOwn, title) => (inOwn && title !== entry.project.name ? el("button", {type: "button", class: "link", on: {click: () => openProject(entry)}}, named(entry)) : null);
const card = (entry, inOwn, text, facts, commands, ...more) => el("article", {class: "card"},
  el("div", {class: "top"}, el("h4", {}, inOwn && text === entry.project.name ? of(entry, true) : name(text)), of(entry, inOwn, text)),
  el("p", {class: "facts"}, facts), more, commandRows(commands, entry.repository));

const versionLine = (one) => el("li", {}, el("strong", {}, one.whose === "mine" ? "Yours" : one.whose === "theirs" ? "Theirs" : "Version"),
  one.size_bytes === null ? " is deleted" : ` ${size(one.size_bytes)}`, one.by ? [" by ", name(one.by)] : null, one.at ? [", ", ago(one.at)] : null);
const conflictCard = (one, entry, inOwn = true) => card(entry, inOwn, one.name,
  one.kind === "live" ? "Both sides changed it, and nobody decided yet." : ["Both versions were kept: the copy is ", one.kept_as ? name(one.kept_as) : "beside it", "."],
  one.commands, one.versions.length ? el("ul", {class: "versions"}, one.versions.map(versionLine)) : null);

const lockCard = (one, entry, inOwn = true) => card(entry, inOwn, one.name,
  [one.is_mine ? "You work" : [one.by ? name(one.by) : "Somebody", " works"], " on it",
    one.host ? [" on ", name(one.host)] : null, one.until ? [", for ", countdown(one.until, "the lock has ended")] : null,
    one.why ? [": ", name(one.why)] : null], one.commands);

const HAS = {yes: ["has everything", "has"], no: ["lacks", "lacks"], unknown: ["not known", "unsure"]};
const memberRow = (one) => {
  const [word, kind] = HAS[one.has] ?? HAS.unknown;
  const lacks = one.lacks ? [`lacks ${counted(one.lacks, "file")}`, one.names?.length ? [": ", one.names.map((file, at) => [at ? ", " : "", name(file)]),
    one.lacks > one.names.length ? ", …" : ""] : null] : word;
  return el("li", {class: "member"}, el("strong", {}, name(one.name)), el("span", {class: kind}, lacks),
    el("small", {}, "seen ", ago(one.at), one.host ? [" on ", name(one.host)] : null));
};
const transferCard = (one, entry, inOwn = true) => card(entry, inOwn, one.name,
  [one.direction === "up" ? "Upload" : "Download", ` interrupted at ${size(one.done_bytes)}`, one.size_bytes ? ` of ${size(one.size_bytes)}` : "", ", begun ", ago(one.started_at)],
  one.commands, one.size_bytes ? el("progress", {max: one.size_bytes, value: one.done_bytes, "aria-label": "done"}) : null);

const none = (text) => el("p", {class: "empty"}, text);
const cards = (kind, make, nothing) => () => {
  const every = everyOf(kind);
  return every.length ? el("div", {class: "grid"}, every.slice(0, 500).map(({one, entry}) => make(one, entry))) : none(nothing);
};
const conflictsPanel = cards("conflicts", conflictCard, "No conflict is open.");
const locksPanel = cards("locks", lockCard, "Nobody has locked a file.");
const transfersPanel = cards("transfers", transferCard, "No transfer of this computer is unfinished.");

// Who has what: by person, each with the projects of which he lacks something first.
const peoplePanel = () => {
  const found = new Map();
  for (const {one, entry} of everyOf("members")) {
    if (!found.has(one.name)) found.set(one.name, []);
    found.get(one.name).push({one, entry});
  }
  if (!found.size) return none("Nobody is known yet: whoever runs a command is.");
  const rank = {no: 0, unknown: 1, yes: 2};
  return el("div", {class: "grid"}, [...found].sort().map(([person, seen]) => {
    const latest = seen.reduce((a, b) => (a.one.at > b.one.at ? a : b)).one, whole = seen.filter(({one}) => one.has === "yes").length;
    seen.sort((a, b) => (rank[a.one.has] ?? 1) - (rank[b.one.has] ?? 1) || (a.one.at < b.one.at ? 1 : -1));
    return el("article", {class: "card"}, el("div", {class: "top"}, el("h4", {}, name(person)),
      el("small", {}, "seen ", ago(latest.at), latest.host ? [" on ", name(latest.host)] : null)),
      el("p", {class: "facts"}, `Has all of ${whole} of ${counted(seen.length, "project")}`),
      el("ul", {class: "has-list"}, seen.slice(0, 8).map(({one, entry}) => el("li", {}, of(entry, true),
        el("span", {class: (HAS[one.has] ?? HAS.unknown)[1]}, one.lacks ? `lacks ${counted(one.lacks, "file")}` : (HAS[one.has] ?? HAS.unknown)[0])))),
      seen.length > 8 ? el("p", {class: "told"}, `and ${seen.length - 8} more`) : null);
  }));
};
