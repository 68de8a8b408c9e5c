// Keys: / searches, j and k move, Enter opens, Esc goes back, numbers are tabs, c copies the first command, ? tells.
const KEYS = [["/", "search"], ["j k", "next and previous project"], ["Enter", "open a project"], ["Esc", "back; empty the search"],
  ["1 to " + TABS.length, "tabs"], ...(board.is_public ? [] : [["c", "copy the first command of a project"]]), ["?", "these keys"]];
const help = el("dialog", {class: "help", "aria-label": "Keys"}, el("h3", {}, "Keys"),
  el("dl", {}, KEYS.map(([key, what]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)))),
  el("button", {type: "button", on: {click: () => help.close()}}, "Close"));

const inList = () => open.tab === "projects" && !open.project;
const chosen = () => (open.project ? projects.find((one) => one.id === open.project) : inList() ? list.items[list.at] : null);
const back = () => {
  if (help.open) return help.close();
  if (open.project) return closeProject();
  if (document.activeElement === search && !search.value) return search.blur();
  if (inList() && search.value) {
    search.value = view.text = "";
    return refreshList();
  }
  if (!inList()) return go("projects");
};
const DO = {
  "/": () => { if (!inList()) go("projects"); search.focus(); search.select(); },
  j: () => inList() && list.move(1), ArrowDown: () => inList() && list.move(1),
  k: () => inList() && list.move(-1), ArrowUp: () => inList() && list.move(-1),
  Home: () => inList() && list.go(0), End: () => inList() && list.go(list.items.length - 1),
  Enter: () => inList() && list.at >= 0 && openProject(list.items[list.at]),
  c: () => {
    const entry = chosen(), [first] = entry ? commandRows(entry.project.commands, entry.repository) : [];
    if (first) copy(first.querySelector("code").textContent, panel.querySelector(".command code") ?? panel);
  },
  "?": () => help.showModal(),
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") { back(); event.preventDefault(); return; }
  const types = event.target.matches?.("input, select, textarea"), presses = event.target.closest?.("button, a, summary, [role=tab]");
  if (types && !(event.target === search && (event.key === "Enter" || event.key === "ArrowDown"))) return;
  if (presses && (event.key === "Enter" || event.key === " " || event.key.startsWith("Arrow"))) return;
  const tab = /^[1-9]$/.test(event.key) ? TABS[Number(event.key) - 1] : null;
  if (tab) go(tab.id);
  else if (event.target === search && event.key === "ArrowDown") list.go(Math.max(0, list.at));
  else if (DO[event.key]) DO[event.key]();
  else return;
  event.preventDefault();
});
