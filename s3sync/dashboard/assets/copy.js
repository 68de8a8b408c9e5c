// Commands with a button that copies them. A page from a disk may be refused the clipboard: then the line is selected.
const toast = el("div", {class: "toast", role: "status", "aria-live": "polite"});
let toasted = 0;
const say = (text) => {
  toast.textContent = text;
  toast.classList.add("up");
  clearTimeout(toasted);
  toasted = setTimeout(() => toast.classList.remove("up"), 2500);
};

const copy = async (line, code) => {
  try {
    await navigator.clipboard.writeText(line);
    say("Copied: paste it into a terminal");
  } catch {
    getSelection()?.selectAllChildren(code);
    say("Selected: copy it with Ctrl+C or ⌘C");
  }
};
const commandRow = (one, repository) => {
  const line = board.repositories.length > 1 ? `${repository.enter} && ${one.line}` : one.line;
  const code = el("code", {}, line);
  const button = el("button", {type: "button", class: "copy", "aria-label": `Copy the command: ${one.label}`,
    on: {click: () => copy(line, code)}}, "Copy");
  return el("div", {class: "command"}, el("span", {class: "label"}, one.label), code, button);
};
// Where there are several repositories, a command without its "cd" would be one about another of them.
const commandRows = (commands, repository) => (board.repositories.length > 1 && !repository.enter ? [] : commands ?? []).map((one) => commandRow(one, repository));
