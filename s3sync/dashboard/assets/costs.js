// Costs by month as a picture: storage, requests and data out on top of each other, the budget as a line.
const PARTS = [["storage", "Storage"], ["requests", "Requests"], ["egress", "Data out"]];
const moneyOf = (currency) => (amount) => {
  const sign = currency === "USD" ? "$" : `${shown(currency)} `;
  return amount > 0 && amount < 0.005 ? `under ${sign}0.01` : `${sign}${amount.toLocaleString(undefined, {minimumFractionDigits: 2, maximumFractionDigits: 2})}`;
};
const spent = (month) => PARTS.reduce((sum, [part]) => sum + month[part], 0);
const monthWord = (month, isShort = false) => {
  const when = moment(`${month}-01T12:00:00Z`);
  return when === null ? shown(month) : new Date(when).toLocaleDateString(undefined, isShort ? {month: "narrow", timeZone: "UTC"} : {month: "short", year: "2-digit", timeZone: "UTC"});
};
// The next round number above the highest bar: the scale has four steps of 1, 2, 2.5 or 5 times a power of ten.
const topOf = (highest) => {
  const step = highest / 4 || 0.25, power = 10 ** Math.floor(Math.log10(step));
  return 4 * power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= step * 0.999);
};

const costChart = (costs) => {
  const money = moneyOf(costs.currency), isNarrow = innerWidth <= 720;
  const WIDE = isNarrow ? 370 : 720, HIGH = isNarrow ? 210 : 260, LEFT = isNarrow ? 50 : 64, BELOW = 34, ABOVE = 14;
  const last = costs.months.at(-1), open = last && !last.is_whole && costs.expected > spent(last) ? costs.expected : 0;
  const top = topOf(Math.max(...costs.months.map(spent), costs.budget ?? 0, open));
  const y = (amount) => ABOVE + (HIGH - ABOVE - BELOW) * (1 - amount / top), slot = (WIDE - LEFT) / Math.max(1, costs.months.length);
  const told = costs.months.map((month) => `${monthWord(month.month)} ${money(spent(month))}`).join(", ");
  const chart = svg("svg", {viewBox: `0 0 ${WIDE} ${HIGH}`, class: "chart", role: "img", "aria-label": `Costs by month: ${told}`});
  for (let line = 0; line <= 4; line++) {
    const at = y((top * line) / 4);
    chart.append(svg("line", {x1: LEFT, x2: WIDE, y1: at, y2: at, class: line ? "rule" : "rule base"}),
      svg("text", {x: LEFT - 8, y: at + 4, class: "scale"}, money((top * line) / 4)));
  }
  costs.months.forEach((month, number) => {
    const wide = Math.min(46, slot * 0.62), x = LEFT + slot * number + (slot - wide) / 2;
    let below = 0;
    const bar = svg("g", {}, svg("title", {}, `${monthWord(month.month)}: ${money(spent(month))}${month.is_whole ? "" : " so far"}`));
    if (month === last && open) bar.append(svg("rect", {x, width: wide, y: y(open), height: y(spent(month)) - y(open), class: "expected"}));
    for (const [part] of PARTS) {
      const from = y(below), to = y((below += month[part]));
      bar.append(svg("rect", {x, width: wide, y: to, height: Math.max(0, from - to), class: part}));
    }
    chart.append(bar, svg("text", {x: x + wide / 2, y: HIGH - 14, class: "month"}, monthWord(month.month, isNarrow)));
  });
  if (costs.budget !== null) {
    chart.append(svg("line", {x1: LEFT, x2: WIDE, y1: y(costs.budget), y2: y(costs.budget), class: "budget"}),
      svg("text", {x: WIDE, y: y(costs.budget) - 6, class: "budget-word"}, `budget ${money(costs.budget)}`));
  }
  return chart;
};

const costTable = (costs) => {
  const money = moneyOf(costs.currency);
  return el("table", {}, el("thead", {}, el("tr", {}, ["Month", ...PARTS.map(([, word]) => word), "Together"].map((word) => el("th", {scope: "col"}, word)))),
    el("tbody", {}, [...costs.months].reverse().map((month) => el("tr", {}, el("th", {scope: "row"}, monthWord(month.month), month.is_whole ? null : " so far"),
      PARTS.map(([part]) => el("td", {}, money(month[part]))), el("td", {}, el("strong", {}, money(spent(month))), month.lacks ? " at least" : null)))));
};

const costCard = (repository) => {
  const {costs} = repository, money = costs && moneyOf(costs.currency), last = costs?.months.at(-1);
  const head = inAll ? el("h3", {}, name(repository.name)) : null;
  if (!costs) return el("article", {class: "card"}, head, none("The costs were not looked at."));
  if (!costs.is_billed || !costs.months.length) return el("article", {class: "card"}, head, none("Nothing is billed: a folder costs what its disk costs."));
  return el("article", {class: "card costs"}, head,
    el("p", {class: "facts"}, last ? [el("strong", {}, money(spent(last))), last.is_whole ? "" : " so far this month"] : null,
      costs.expected !== null ? `, ${money(costs.expected)} expected at its end` : null, costs.budget !== null ? `, budget ${money(costs.budget)}` : null),
    costs.lacks ? el("p", {class: "warn"}, shown(costs.lacks)) : null,
    costChart(costs),
    el("ul", {class: "legend"}, PARTS.map(([part, word]) => el("li", {class: part}, word)), costs.expected !== null ? el("li", {class: "expected"}, "Expected") : null),
    el("details", {}, el("summary", {}, "As a table"), costTable(costs)),
    costs.shares.length ? el("div", {class: "shares"}, el("h4", {}, "This month by project"), el("ul", {}, costs.shares.map((one) => el("li", {},
      el("span", {}, name(one.name)), el("small", {}, size(one.size_bytes)), el("strong", {}, money(one.amount)))))) : null,
    el("p", {class: "told"}, "Months that are over are lower limits: what was deleted since is not counted."),
    commandRows(costs.commands, repository));
};
const costsPanel = () => el("div", {class: "grid"}, board.repositories.map(costCard));
const hasCosts = () => board.repositories.some((repository) => repository.costs);
