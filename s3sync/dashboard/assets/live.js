// A served page asks its own server for newer data, one question at a time. Any other page stays as it was written.
// Whoever has the port after that server could answer: what is not signed with the key of this page is not looked at.
const KEY = JSON.parse(document.getElementById("key")?.textContent ?? "null");
const bytes = (hex) => Uint8Array.from((hex ?? "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
const isSigned = async (answer, body) => {
  const key = await crypto.subtle.importKey("raw", bytes(KEY), {name: "HMAC", hash: "SHA-256"}, false, ["verify"]);
  const said = new TextEncoder().encode(`${answer.status} ${answer.headers.get("S3sync-Made-At")}\n${body}`);
  return crypto.subtle.verify("HMAC", key, bytes(answer.headers.get("S3sync-Signed")), said);
};
const livePart = el("p", {class: "live", role: "status"});
let etag = null, failed = false;
const tellLive = () => {
  const when = exactly(board.made_at);
  livePart.dataset.state = board.refresh_s === null ? "still" : failed ? "lost" : "live";
  livePart.replaceChildren(board.refresh_s === null ? "As of " : failed ? "No longer live; as of " : "Live, as of ", el("time", {datetime: board.made_at, title: about(board.made_at)}, when));
};
const takeOver = (next) => {
  const focused = list.space.contains(document.activeElement);
  board = next;
  index();
  tellLive();
  tellTop();
  if (open.project && !projects.some((one) => one.id === open.project)) open = {tab: "projects", project: null};
  show({keep: true});
  if (focused) list.go(list.at);
};
const ask = async () => {
  try {
    const answer = await fetch("data.json", {headers: etag ? {"If-None-Match": etag} : {}, cache: "no-store"});
    const body = await answer.text();
    if (!(await isSigned(answer, body))) throw new Error("it is not of the server of this page");
    if (answer.status === 200) {
      const next = JSON.parse(body);
      etag = answer.headers.get("ETag");
      failed = false;
      if (JSON.stringify({...next, made_at: ""}) !== JSON.stringify({...board, made_at: ""})) takeOver(next);
      else board.made_at = next.made_at;
      tellLive();
    } else if (answer.status === 304) {
      board.made_at = answer.headers.get("S3sync-Made-At") ?? board.made_at;
      tellLive();
    } else throw new Error(answer.status);
    if (failed) { failed = false; tellLive(); }
  } catch {
    failed = true;
    tellLive();
  }
  setTimeout(ask, Math.max(1, board.refresh_s) * 1000);
};
