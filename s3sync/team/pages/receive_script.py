"""Script and style of the page by which clients send files. What a client chose is only ever set as text."""

from __future__ import annotations

SCRIPT = r"""
const form = JSON.parse(document.getElementById("form").textContent);
const part = (id) => document.getElementById(id);
const drop = part("drop"), pick = part("pick"), list = part("files"), said = part("said"), who = part("who");
const AT_ONCE = 2, TRIES = 3, MOST_FILES = 1000, PAUSE_MS = form.pause_ms;
const until = Date.parse(document.documentElement.dataset.until);
const items = [];
const ENDED = "This page has ended. Ask " + form.by + " for a new one.";

for (const one of document.querySelectorAll(".needs-script")) one.hidden = false;

function size(bytes) {
  if (bytes < 1000) return bytes + " B";
  let unit = "";
  for (unit of ["KB", "MB", "GB", "TB"]) {
    bytes /= 1000;
    if (bytes < 999.95) break;
  }
  return bytes.toFixed(1) + " " + unit;
}

function encoded(text, most) {
  let bytes = new TextEncoder().encode(text);
  if (bytes.length > most) bytes = new TextEncoder().encode(text.slice(0, most / 4 - 24) + text.slice(-20));
  return Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9._-]/.test(char) ? char : "%" + byte.toString(16).padStart(2, "0").toUpperCase();
  }).join("");
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function made(kind, text, within) {
  const element = document.createElement(kind);
  element.textContent = text;
  within.append(element);
  return element;
}

function add(file) {
  const item = {file, key: newKey(), state: "waiting", tries: 0, row: document.createElement("li")};
  item.name = made("bdi", file.name, item.row);
  item.name.className = "name";
  made("span", size(file.size), item.row).className = "size";
  item.bar = made("progress", "", item.row);
  item.bar.max = 1;
  item.bar.value = 0;
  item.bar.setAttribute("aria-label", "Progress of " + file.name);
  item.words = made("span", "", item.row);
  item.words.className = "words";
  item.again = made("button", "Try again", item.row);
  item.again.type = "button";
  item.again.className = "button";
  item.again.hidden = true;
  item.again.addEventListener("click", () => { item.tries = 0; tell(item, "waiting", "waits"); next(); });
  list.append(item.row);
  items.push(item);
  if (file.size > form.most_bytes) {
    tell(item, "refused", "is larger than " + form.most_text + ", which is the most that can be sent here");
  } else {
    tell(item, "waiting", "waits");
  }
}

function tell(item, state, words) {
  item.state = state;
  item.row.className = state;
  item.words.textContent = words;
  item.again.hidden = state !== "failed";
  item.bar.hidden = state === "refused";
  const count = (wanted) => items.filter((one) => one.state === wanted).length;
  const done = count("done"), under = count("waiting") + count("sending"), not = count("failed") + count("refused");
  const files = (number) => number + (number === 1 ? " file" : " files");
  if (under) said.textContent = done + " of " + files(items.length) + " sent. Leave this page open.";
  else if (not) said.textContent = done + " of " + files(items.length) + " sent, " + not + " not: see below.";
  else if (done === 1) said.textContent = "Your file has arrived. You may close this page.";
  else said.textContent = "All " + done + " files have arrived. You may close this page.";
  said.className = under ? "" : not ? "failed" : "done";
}

function next() {
  const sending = items.filter((one) => one.state === "sending").length;
  for (const item of items.filter((one) => one.state === "waiting").slice(0, AT_ONCE - sending)) send(item);
}

function send(item) {
  const data = new FormData();
  data.append("key", form.begins + item.key);
  for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
  data.append("x-amz-meta-name", encoded(item.file.name, 300));
  data.append("x-amz-meta-client", encoded(who.value, 160));
  data.append("x-amz-meta-mtime", String(Math.max(0, Math.floor(item.file.lastModified || 0))));
  data.append("file", item.file, "file");
  const request = new XMLHttpRequest();
  item.tries += 1;
  item.bar.value = 0;
  tell(item, "sending", "begins");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable || item.state !== "sending") return;
    item.bar.value = event.loaded / event.total;
    item.words.textContent = Math.floor(100 * item.bar.value) + " %";
  });
  request.addEventListener("load", () => {
    if (request.status >= 200 && request.status < 300) {
      item.bar.value = 1;
      tell(item, "done", "arrived");
    } else refused(item, request);
    next();
  });
  for (const kind of ["error", "abort", "timeout"]) request.addEventListener(kind, () => broke(item));
  request.open("POST", form.url);
  request.send(data);
}

function refused(item, request) {
  const text = request.responseText || "";
  const code = (/<Code>([A-Za-z0-9]{1,60})<\/Code>/.exec(text) || [])[1] || "status " + request.status;
  if (request.status >= 500) return broke(item);
  if (code === "EntityTooLarge" || request.status === 413) tell(item, "refused", "is too large for the store");
  else if (/expired/i.test(text) || Date.now() > until) tell(item, "failed", ENDED);
  else tell(item, "failed", "was refused by the store (" + code + "). Ask " + form.by + ".");
}

function broke(item) {
  if (Date.now() > until) tell(item, "failed", ENDED);
  else if (item.tries >= TRIES && navigator.onLine) tell(item, "failed", "did not arrive: the connection broke.");
  else {
    tell(item, "sending", navigator.onLine ? "the connection broke: begins again" : "no connection: waits for it");
    const again = () => { tell(item, "waiting", "waits"); next(); };
    if (navigator.onLine) setTimeout(again, PAUSE_MS * item.tries);
    else addEventListener("online", again, {once: true});
    return;
  }
  next();
}

function take(files, folders) {
  const some = Array.from(files).slice(0, MOST_FILES);
  some.forEach(add);
  next();
  const left = [];
  if (folders) left.push("A folder cannot be sent: drop the files in it, or pack it (ZIP).");
  if (files.length > some.length) left.push("Only " + MOST_FILES + " were taken: send the others after these.");
  part("left").textContent = left.join(" ");
  part("left").hidden = !left.length;
}

pick.addEventListener("change", () => { take(pick.files, 0); pick.value = ""; });
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.remove("over"); });
}
document.addEventListener("drop", (event) => {
  const given = Array.from(event.dataTransfer.items || []).filter((one) => one.kind === "file");
  const isFolder = (one) => {
    const entry = one.webkitGetAsEntry && one.webkitGetAsEntry();
    return entry && entry.isDirectory;
  };
  const dropped = given.filter((one) => !isFolder(one)).map((one) => one.getAsFile()).filter(Boolean);
  const files = given.length ? dropped : Array.from(event.dataTransfer.files);
  take(files, given.filter(isFolder).length);
});
addEventListener("beforeunload", (event) => {
  if (items.some((one) => one.state === "sending" || one.state === "waiting")) event.preventDefault();
});
"""

STYLE = """
:root { --good: #17693f }
@media (prefers-color-scheme: dark) { :root { --good: #7fd6a4 } }
.who { display: block; margin: 1.5rem 0 .4rem; font-weight: 600 }
#who { width: 100%; max-width: 26rem; font: inherit; padding: .6rem .7rem; border-radius: .5rem;
  border: 1px solid var(--line); background: var(--sheet); color: inherit }
#drop { position: relative; margin: 1.2rem 0; padding: 2.4rem 1rem; border: 2px dashed var(--line);
  border-radius: .9rem; text-align: center; background: var(--sheet) }
#drop.over { border-color: var(--accent); border-style: solid }
#drop p { margin: 0 0 1rem }
@media (hover: none) { #drop p { display: none } }
#pick { position: absolute; width: 1px; height: 1px; opacity: 0 }
#pick:focus-visible + .button { outline: 3px solid var(--accent); outline-offset: 2px }
#said { font-weight: 600; min-height: 1.5em }
#said.done, li.done .words { color: var(--good) }
#said.failed, li.failed .words, li.refused .words { color: var(--warn) }
#files { list-style: none; padding: 0; margin: 0 }
#files li { display: grid; grid-template-columns: 1fr auto; gap: .2rem .8rem; align-items: center; padding: .7rem .2rem;
  border-top: 1px solid var(--line) }
#files .name { overflow-wrap: anywhere }
#files .size, .small { color: var(--faint) }
#files progress { width: 100%; height: .5rem; accent-color: var(--accent) }
#files .words { text-align: right; min-width: 4.5rem }
#files li.failed .words, #files li.refused .words { grid-column: 1 / -1; text-align: left }
#files .button { justify-self: start }
.small { font-size: .9rem }
"""
