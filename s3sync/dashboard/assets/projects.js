// The projects: search, filter, sort, and the list.
const FILTERS = {
  all: ["All", () => true],
  ...(board.is_public ? {} : {waits: ["Something to do", (one) => one.waits > 0 || one.project.conflicts.length > 0 || one.project.problem !== null]}),
  ...Object.fromEntries(TIERS.map((tier) => [tier, [tierWord(tier), (one) => one.project.tiers[tier] !== null]])),
  ...(board.is_public ? {} : {only: ["Only in one place", (one) => TIERS.filter((tier) => one.project.tiers[tier]).length === 1]}),
};
const SORTS = {
  name: ["Name", (a, b) => (a.lower < b.lower ? -1 : a.lower > b.lower ? 1 : 0)],
  ...Object.fromEntries(TIERS.map((tier) => [tier, [tierWord(tier),
    (a, b) => (b.project.tiers[tier]?.size_bytes ?? -1) - (a.project.tiers[tier]?.size_bytes ?? -1)]])),
  newest: ["Last change", (a, b) => b.newest - a.newest],
};
const view = {text: "", filter: "all", sort: "newest", back: false};

const find = () => {
  const words = view.text.toLocaleLowerCase().split(/\s+/).filter(Boolean), keep = FILTERS[view.filter][1];
  const fits = (one) => words.every((word) => one.lower.includes(word) || (word.length > 1 && filesOf(one).includes(word)));
  const found = projects.filter((one) => keep(one) && fits(one));
  const compare = SORTS[view.sort][1], turn = view.back ? -1 : 1;
  return found.sort((a, b) => turn * compare(a, b) || SORTS.name[1](a, b));
};

const held = (tier, amount) => el("div", {class: `held ${tier}`, role: "gridcell"}, amount
  ? [el("strong", {"data-tier": tierWord(tier)}, size(amount.size_bytes)), el("small", {title: exactly(amount.at)}, day(amount.at))]
  : el("span", {class: "none", "data-tier": tierWord(tier), "aria-label": "not there"}, "–"));

const badges = (entry) => {
  const {project} = entry, found = [];
  if (project.problem !== null) found.push(badge("cannot be told", "bad"));
  if (project.conflicts.length) found.push(badge(counted(project.conflicts.length, "conflict"), "bad"));
  if (entry.waits) found.push(badge(`${entry.waits} to do`, "up"));
  if (project.locks.length) found.push(badge(counted(project.locks.length, "lock"), "lock"));
  for (const thaw of project.thaws) found.push(badge(thaw.state === "expired" ? "thaw ended" : thaw.state, "cold"));
  return found;
};
const makeRow = (entry) => el("div", {class: "row", role: "row"},
  el("div", {class: "what", role: "rowheader"}, el("span", {class: "title"}, named(entry)), el("span", {class: "badges"}, badges(entry))),
  TIERS.map((tier) => held(tier, entry.project.tiers[tier])),
  el("div", {class: "last", role: "gridcell"}, entry.project.last_sync_at
    ? [ago(entry.project.last_sync_at), entry.project.last_sync_by ? el("small", {}, "by ", name(entry.project.last_sync_by)) : null]
    : el("span", {class: "none"}, "–")));

const list = new Rows({make: makeRow, open: (entry) => openProject(entry), label: "Projects"});
const search = el("input", {type: "search", id: "search", placeholder: "Search projects and files", autocomplete: "off",
  spellcheck: "false", "aria-label": "Search projects and files", "aria-keyshortcuts": "/"});
const told = el("p", {class: "told", role: "status", "aria-live": "polite"});
const sortBox = el("select", {"aria-label": "Sort by"}, Object.entries(SORTS)
  .map(([sort, [word]]) => el("option", {value: sort}, `Sort: ${word}`)));
const chips = el("div", {class: "chips", role: "group", "aria-label": "Show"}, Object.entries(FILTERS)
  .map(([filter, [word]]) => el("button", {type: "button", class: "chip", "data-filter": filter,
    on: {click: () => { view.filter = filter; refreshList(); }}}, word)));
const sortHead = (sort, label, more = "") => el("div", {role: "columnheader", class: more, "data-sort": sort},
  el("button", {type: "button", on: {click: () => {
    view.back = view.sort === sort && !view.back;
    view.sort = sort;
    refreshList();
  }}}, label));
const head = el("div", {class: "row head", role: "row", "aria-rowindex": "1"},
  sortHead("name", "Project"), TIERS.map((tier) => sortHead(tier, tierWord(tier))), sortHead("newest", "Last sync", "last"));
list.box.prepend(el("div", {role: "rowgroup"}, head));

const refreshList = ({fresh = false} = {}) => {
  const found = find();
  told.textContent = found.length === projects.length ? counted(projects.length, "project")
    : `${found.length.toLocaleString()} of ${counted(projects.length, "project")}`;
  for (const chip of chips.children) chip.setAttribute("aria-pressed", chip.dataset.filter === view.filter);
  for (const cell of head.children) {
    const turned = (cell.dataset.sort === "name") === view.back ? "descending" : "ascending";
    cell.setAttribute("aria-sort", cell.dataset.sort === view.sort ? turned : "none");
  }
  sortBox.value = view.sort;
  empty.hidden = found.length > 0;
  list.show(found, {fresh});
};
const empty = el("p", {class: "empty", hidden: true}, "No project fits. Esc empties the search.");
search.addEventListener("input", () => { view.text = search.value; scrollTo({top: Math.min(scrollY, pinned())}); refreshList(); });
sortBox.addEventListener("change", () => { view.sort = sortBox.value; view.back = false; refreshList(); });
// How far the window scrolls until the bar with the search stays at its top.
const pinned = () => Math.max(0, document.querySelector("main").offsetTop - document.querySelector(".bar").offsetHeight);

const tools = el("div", {class: "tools"}, search, sortBox, chips, told);
const projectsPanel = () => {
  refreshList({fresh: true});
  return [tools, list.box, empty];
};
