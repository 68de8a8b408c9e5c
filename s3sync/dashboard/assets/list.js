// A long list of which only the rows in sight exist. The window scrolls; all rows are equally high.
class Rows {
  constructor({make, open, label}) {
    Object.assign(this, {make, open, items: [], at: -1, made: new Map()});
    this.space = el("div", {class: "rows", role: "rowgroup"});
    this.box = el("div", {class: "list", role: "grid", "aria-label": label}, this.space);
    this.space.addEventListener("click", (event) => {
      const row = event.target.closest("[data-at]");
      if (!row || event.target.closest("button")) return;
      this.at = Number(row.dataset.at);
      this.open(this.items[this.at]);
    });
    addEventListener("scroll", () => this.paint(), {passive: true});
    addEventListener("resize", () => this.paint());
  }

  height() {
    return parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
  }

  show(items, {fresh = false} = {}) {
    const chosen = this.items[this.at]?.id;
    if (fresh) this.made.clear();
    this.items = items;
    this.at = items.length ? Math.max(0, items.findIndex((item) => item.id === chosen)) : -1;
    this.box.setAttribute("aria-rowcount", items.length + 1);
    this.paint();
  }

  paint() {
    if (!this.box.isConnected || !this.box.offsetParent) return;
    const height = this.height(), top = this.space.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - 6);
    const last = Math.min(this.items.length, Math.ceil((innerHeight - top) / height) + 6);
    this.space.style.height = `${this.items.length * height}px`;
    const kept = new Set();
    for (let at = first; at < last; at++) {
      const item = this.items[at];
      let row = this.made.get(item.id);
      if (!row) this.made.set(item.id, (row = this.make(item)));
      row.style.transform = `translateY(${at * height}px)`;
      row.dataset.at = at;
      row.setAttribute("aria-rowindex", at + 2);
      row.setAttribute("aria-selected", at === this.at);
      row.tabIndex = at === this.at ? 0 : -1;
      kept.add(row);
      if (row.parentNode !== this.space) this.space.append(row);
    }
    for (const row of kept) tellAgo(row);
    for (const row of [...this.space.children]) if (!kept.has(row)) row.remove();
    if (this.made.size > 600) for (const [id, row] of this.made) if (!kept.has(row)) this.made.delete(id);
  }

  go(at, {focus = true} = {}) {
    if (!this.items.length) return;
    this.at = Math.min(this.items.length - 1, Math.max(0, at));
    const height = this.height(), top = this.space.getBoundingClientRect().top + this.at * height;
    const under = document.querySelector(".bar")?.getBoundingClientRect().bottom ?? 0;
    if (top < under + 8) scrollBy(0, top - under - 8);
    else if (top + height > innerHeight - 8) scrollBy(0, top + height - innerHeight + 8);
    this.paint();
    if (focus) this.space.querySelector('[aria-selected="true"]')?.focus({preventScroll: true});
  }

  move(by) {
    const isAt = this.space.contains(document.activeElement);
    this.go(isAt || by < 0 ? this.at + by : Math.max(0, this.at));
  }
}
