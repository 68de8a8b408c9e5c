// Words for sizes, times and states.
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2065\u2800\u3164\uffa0]/gu, JOINERS = "\u200c\u200d";
const shown = (text) => {
  const told = String(text ?? "").replace(OBEYED, (char) => (JOINERS.includes(char) ? char : "\ufffd"));
  return told.length > 300 ? told.slice(0, 300) + "…" : told;
};

const size = (bytes) => {
  if (bytes === null || bytes === undefined) return "?";
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  for (const unit of ["KB", "MB", "GB"]) {
    value /= 1000;
    if (Math.round(value * 10) / 10 < 1000) return `${value.toFixed(1)} ${unit}`;
  }
  return `${(value / 1000).toFixed(1)} TB`;
};
const counted = (count, noun) => `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;

const DAY = 86400e3;
const moment = (text) => {
  const when = text ? Date.parse(text) : NaN;
  return Number.isNaN(when) ? null : when;
};
const DATE = new Intl.DateTimeFormat(undefined, {year: "numeric", month: "short", day: "numeric"});
const EXACT = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "short"});
const CLOCK = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"});
const FEW = new Intl.RelativeTimeFormat("en", {numeric: "auto"});

const day = (text) => {
  const when = moment(text);
  return when === null ? "" : DATE.format(when);
};
const exactly = (text) => {
  const when = moment(text);
  return when === null ? "" : EXACT.format(when);
};
// How long ago, or in how long, in the largest unit that fits.
const about = (text) => {
  const when = moment(text);
  if (when === null) return "";
  const seconds = (when - Date.now()) / 1000, far = Math.abs(seconds);
  if (far < 60) return "just now";
  if (far < 3600) return FEW.format(Math.round(seconds / 60), "minute");
  if (far < 86400) return FEW.format(Math.round(seconds / 3600), "hour");
  if (far < 60 * 86400) return FEW.format(Math.round(seconds / 86400), "day");
  return DATE.format(when);
};
const ago = (text) => el("time", {class: "ago", datetime: moment(text) === null ? null : text, title: exactly(text)}, about(text));
const tellAgo = (within) => {
  for (const one of within.querySelectorAll("time.ago[datetime]")) {
    const text = about(one.getAttribute("datetime"));
    if (one.textContent !== text) one.textContent = text;
  }
};

// Time left, for a clock that counts down.
const left = (milliseconds) => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const days = Math.floor(seconds / 86400), hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60), two = (number) => String(number).padStart(2, "0");
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${two(minutes)} min` : `${minutes}:${two(seconds % 60)}`;
};

const STATES = {
  in_sync: ["in sync", ""], local_new: ["new here", "up"], local_modified: ["changed here", "up"],
  local_deleted: ["deleted here", "down"], remote_new: ["new there", "down"],
  remote_modified: ["changed there", "down"], remote_deleted: ["deleted there", "up"],
  cleaned_up: ["cleaned up there", ""], conflict: ["conflict", "bad"],
};
const badge = (text, kind) => el("span", {class: `badge ${kind ?? ""}`}, shown(text));
