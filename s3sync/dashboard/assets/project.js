// The page of one project: where it is, what to do, its files with who has them, and what is about it.
const FILES_AT_ONCE = 60;
const section = (title, ...children) => el("section", {class: "part"}, el("h3", {}, title), children);

const places = (entry) => el("dl", {class: "places"}, TIERS.map((tier) => {
  const amount = entry.project.tiers[tier];
  return el("div", {class: `place ${tier} ${amount ? "" : "away"}`}, el("dt", {}, tierWord(tier)),
    el("dd", {}, amount ? [el("strong", {}, size(amount.size_bytes)),
      el("span", {}, [counted(amount.count, tier === "local" || !amount.where || tier === "s3" ? "file" : "object"),
        amount.where && amount.where !== "STANDARD" ? shown(amount.where) : null].filter(Boolean).join(", ")),
      el("span", {title: exactly(amount.at)}, day(amount.at))] : "not there"));
}));

const people = (file, members) => {
  if (!members.length) return null;
  return el("span", {class: "people"}, members.map((member) => {
    const has = file.has?.includes(member.name), lacks = file.lacks?.includes(member.name);
    const [sign, word] = has ? ["✓", "has it"] : lacks ? ["✗", "has not fetched it"] : ["?", "not known"];
    return el("span", {class: has ? "has" : lacks ? "lacks" : "unsure", title: `${shown(member.name)}: ${word}`},
      el("span", {"aria-hidden": "true"}, sign), el("span", {class: "sr"}, `${word}: `), name(member.name));
  }));
};
const hasPicture = (file) => /^data:image\/(jpeg|png|gif|webp);base64,/.test(file.picture ?? "");
const fileRow = (file, members) => {
  const [word, kind] = STATES[file.state] ?? [file.state, ""];
  return el("li", {class: "file"},
    hasPicture(file) ? el("img", {src: file.picture, alt: "", loading: "lazy"}) : el("span", {class: "blank", "aria-hidden": "true"}, ending(file.name)),
    el("div", {class: "about"}, el("span", {class: "title"}, name(file.name)),
      el("small", {}, size(file.size_bytes), file.at ? [" · ", el("span", {title: exactly(file.at)}, about(file.at))] : null,
        file.by ? [" by ", name(file.by)] : null)),
    people(file, members), board.is_public ? null : badge(word, kind));
};
const ending = (file) => {
  const found = /\.([A-Za-z0-9]{1,4})$/.exec(file);
  return found ? found[1].toLowerCase() : "file";
};

const fileList = (entry) => {
  const {project} = entry, items = el("ul", {class: "files"});
  let at = 0;
  const more = el("button", {type: "button", class: "more", on: {click: () => next()}});
  const next = () => {
    const some = project.files.slice(at, (at += FILES_AT_ONCE));
    items.append(...some.map((file) => fileRow(file, project.members)));
    more.hidden = at >= project.files.length;
    more.textContent = `Show ${Math.min(FILES_AT_ONCE, project.files.length - at)} more of ${project.files.length}`;
  };
  next();
  const rest = project.files_left ? el("p", {class: "told"}, `and ${counted(project.files_left, "file")} that ${project.files_left === 1 ? "is" : "are"} not named here`) : null;
  return [items, more, rest];
};

const pictures = (project) => {
  const some = project.files.filter(hasPicture);
  return some.length ? el("div", {class: "pictures"}, some.map((file) => el("figure", {},
    el("img", {src: file.picture, alt: `Picture of ${shown(file.name)}`}), el("figcaption", {}, name(file.name))))) : null;
};

const projectPanel = (entry) => {
  const {project, repository} = entry;
  const count = project.files.length + project.files_left;
  const back = el("button", {type: "button", class: "back", on: {click: () => closeProject()}}, "← All projects");
  return [
    back,
    el("h2", {id: "project", tabindex: "-1"}, named(entry)),
    el("p", {class: "told"}, project.last_sync_at ? ["Last sync ", ago(project.last_sync_at), project.last_sync_by ? [" by ", name(project.last_sync_by)] : null] : "Never synced",
      project.folder ? [" · ", el("code", {}, name(project.folder))] : null),
    project.problem !== null ? el("p", {class: "warn", role: "alert"}, "Cannot be told: ", shown(project.problem)) : null,
    places(entry),
    pictures(project),
    project.commands?.length ? section("Commands", commandRows(project.commands, repository)) : null,
    project.thaws.length ? section("Thaws", project.thaws.map((one) => thawCard(one, entry, false))) : null,
    project.conflicts.length ? section("Conflicts", project.conflicts.map((one) => conflictCard(one, entry, false))) : null,
    project.locks.length ? section("Locks", project.locks.map((one) => lockCard(one, entry, false))) : null,
    project.members.length ? section("People", el("ul", {class: "cards"}, project.members.map((one) => memberRow(one)))) : null,
    project.transfers.length ? section("Transfers", project.transfers.map((one) => transferCard(one, entry, false))) : null,
    count ? section(counted(count, "file"), fileList(entry)) : null,
  ];
};
