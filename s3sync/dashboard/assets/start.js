// The frame of the page, and the start.
const topPart = el("header", {class: "top-part"});
const tellTop = () => {
  const sums = Object.fromEntries(TIERS.map((tier) => [tier, projects.reduce((sum, one) => sum + (one.project.tiers[tier]?.size_bytes ?? 0), 0)]));
  const one = board.repositories.length === 1 ? board.repositories[0] : null;
  const whole = Math.max(1, ...Object.values(sums));
  topPart.replaceChildren(
    el("div", {class: "heading"}, el("h1", {}, board.title ? name(board.title) : one ? name(one.name) : "All repositories"),
      el("p", {class: "told"}, one?.store ? [el("code", {}, name(one.store)), one.user ? [" · you are ", name(one.user)] : null] : board.by ? ["Made by ", name(board.by),
        board.until ? [". Works until ", el("time", {datetime: board.until}, exactly(board.until))] : null] : null), livePart),
    el("dl", {class: "sums"}, TIERS.map((tier) => {
      const bar = el("span", {class: "share"});
      bar.style.width = `${(100 * sums[tier]) / whole}%`;
      const held = projects.filter((each) => each.project.tiers[tier]).length;
      return el("div", {class: `sum ${tier}`}, el("dt", {}, tierWord(tier)), el("dd", {}, el("strong", {}, size(sums[tier])),
        el("span", {}, counted(held, "project"))), el("div", {class: "track", "aria-hidden": "true"}, bar));
    })),
    ...board.repositories.flatMap((each) => [
      each.problem ? el("p", {class: "warn", role: "alert"}, inAll ? [name(each.name), ": "] : null, shown(each.problem)) : null,
      ...(each.notes ?? []).map((note) => el("p", {class: "warn"}, shown(note)))]).filter(Boolean));
};
tellLive();
tellTop();
document.body.append(topPart, el("nav", {class: "bar"}, tabs), el("main", {}, panel),
  el("footer", {}, board.is_public ? "Made with s3sync." : ["Made with s3sync. Press ", el("kbd", {}, "?"), " for the keys."]), toast, help);
follow();
setInterval(() => tellAgo(document), 30000);
if (board.refresh_s !== null) setTimeout(ask, Math.max(1, board.refresh_s) * 1000);
