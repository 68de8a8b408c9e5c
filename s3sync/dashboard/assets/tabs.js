// The tabs, and which project is open. The address says it, so that "back" does what it says.
const countOf = (kind) => () => everyOf(kind).length;
const TABS = [
  {id: "projects", word: "Projects", count: () => projects.length, panel: projectsPanel},
  {id: "conflicts", word: "Conflicts", count: countOf("conflicts"), panel: conflictsPanel},
  {id: "locks", word: "Locks", count: countOf("locks"), panel: locksPanel},
  {id: "people", word: "People", count: () => new Set(everyOf("members").map(({one}) => one.name)).size, panel: peoplePanel},
  ...(board.is_public ? [] : [{id: "transfers", word: "Transfers", count: countOf("transfers"), panel: transfersPanel}]),
  {id: "thaws", word: "Thaws", count: countOf("thaws"), panel: thawsPanel},
  ...(board.is_public && !hasCosts() ? [] : [{id: "costs", word: "Costs", count: () => 0, panel: costsPanel}]),
];
const panel = el("div", {class: "panel", role: "tabpanel", id: "panel"});
const tabs = el("div", {class: "tabs", role: "tablist", "aria-label": "Dashboard"}, TABS.map((tab, at) => {
  tab.number = el("span", {class: "number"});
  tab.button = el("button", {type: "button", role: "tab", id: `tab-${tab.id}`, "aria-controls": "panel",
    title: `${tab.word} (${at + 1})`, on: {click: () => go(tab.id)}}, tab.word, tab.number);
  return tab.button;
}));
let open = {tab: "projects", project: null}, placeInList = 0;

const addressOf = () => (open.project ? `#project/${encodeURIComponent(open.project)}` : `#${open.tab}`);
const show = ({keep = false} = {}) => {
  const tab = TABS.find((one) => one.id === open.tab) ?? TABS[0];
  const entry = open.project ? projects.find((one) => one.id === open.project) : null;
  for (const one of TABS) {
    one.number.textContent = one.count() ? one.count().toLocaleString() : "";
    one.button.setAttribute("aria-selected", one === tab);
    one.button.tabIndex = one === tab ? 0 : -1;
    one.button.classList.toggle("bad", one.id === "conflicts" && one.count() > 0);
  }
  const at = scrollY, {offsetLeft, offsetWidth} = tab.button;
  tabs.scrollLeft = Math.max(Math.min(tabs.scrollLeft, offsetLeft - 24), offsetLeft + offsetWidth + 24 - tabs.clientWidth);
  panel.setAttribute("aria-labelledby", `tab-${tab.id}`);
  panel.replaceChildren(...[entry ? projectPanel(entry) : tab.panel()].flat(Infinity).filter(Boolean));
  if (tab.id === "projects" && !entry) list.paint();
  scrollTo(0, keep ? at : entry || tab.id !== "projects" ? Math.min(at, pinned()) : placeInList);
};
const move = (next) => {
  if (open.tab === "projects" && !open.project) placeInList = scrollY;
  open = next;
  if (location.hash !== addressOf()) history.pushState(null, "", addressOf());
  show();
};
const go = (tab) => { placeInList = 0; move({tab, project: null}); };
const openProject = (entry) => {
  move({tab: "projects", project: entry.id});
  document.getElementById("project")?.focus({preventScroll: true});
};
const closeProject = () => {
  const was = open.project;
  move({tab: "projects", project: null});
  const at = list.items.findIndex((one) => one.id === was);
  if (at >= 0) list.go(at);
};
const follow = () => {
  const [tab, id] = decodeURIComponent(location.hash.slice(1)).split(/\/(.*)/s);
  open = tab === "project" && projects.some((one) => one.id === id) ? {tab: "projects", project: id}
    : {tab: TABS.some((one) => one.id === tab) ? tab : "projects", project: null};
  show();
};
addEventListener("popstate", follow);
tabs.addEventListener("keydown", (event) => {
  const by = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (!by) return;
  const at = TABS.findIndex((one) => one.id === open.tab);
  go(TABS[(at + by + TABS.length) % TABS.length].id);
  TABS.find((one) => one.id === open.tab).button.focus();
  event.preventDefault();
});
