// Thaws, with the time left. All clocks of the page go on together, once a second.
const clocks = new Set();
const countdown = (until, over) => {
  const made = el("time", {class: "left", datetime: until, title: exactly(until)});
  const tick = () => {
    const rest = moment(until) === null ? NaN : moment(until) - Date.now();
    const text = Number.isNaN(rest) ? "?" : rest > 0 ? left(rest) : over;
    if (made.textContent !== text) made.textContent = text;
  };
  tick();
  clocks.add({made, tick});
  return made;
};
const tickAll = () => {
  for (const one of clocks) {
    if (one.made.isConnected) one.tick();
    else if (one.seen) clocks.delete(one);
    one.seen = one.made.isConnected || one.seen;
  }
};

// A page that stays as it was written says what its own clock knows: a thaw that must be done by now, a copy that ended.
const thawNow = (one) => {
  const now = Date.now();
  if (one.state === "thawed" && one.until && moment(one.until) <= now) return "expired";
  if (one.state === "thawing" && one.ready_by && moment(one.ready_by) <= now) return "due";
  return one.state;
};
const THAW_WORDS = {
  thawing: (one) => ["Being thawed (", shown(one.tier), "): ready in at most ", one.ready_by ? countdown(one.ready_by, "0:00") : "a time that is not known"],
  due: () => ["It should be ready by now."],
  thawed: (one) => ["Ready. ", one.until ? ["It can be read for another ", countdown(one.until, "0:00")] : "It can be read now"],
  expired: () => ["The thawed copy has ended: it is cold again."],
};
const thawCard = (one, entry, inOwn = true) => {
  const made = el("div", {class: "thaw"});
  let state = null;
  const look = () => {
    if (thawNow(one) === state) return;
    state = thawNow(one);
    made.dataset.state = state;
    made.replaceChildren(card(entry, inOwn, one.unit, THAW_WORDS[state]?.(one) ?? shown(one.state), one.commands,
      state === "thawing" ? passed(one) : null,
      el("p", {class: "told"}, `${size(one.size_bytes)} in ${shown(one.storage_class)}, asked for `, ago(one.requested_at))));
  };
  look();
  clocks.add({made, tick: look});
  return made;
};
const passed = (one) => {
  const begun = moment(one.requested_at), end = moment(one.ready_by);
  if (begun === null || end === null || end <= begun) return null;
  const bar = el("progress", {max: end - begun, "aria-label": "time that has passed"});
  const tick = () => { bar.value = Math.min(bar.max, Math.max(0, Date.now() - begun)); };
  tick();
  clocks.add({made: bar, tick});
  return bar;
};
const thawsPanel = cards("thaws", thawCard, "Nothing is being thawed.");
setInterval(tickAll, 1000);
