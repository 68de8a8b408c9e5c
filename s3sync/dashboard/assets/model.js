// The data, and what all parts of the page ask of it.
let board = JSON.parse(document.getElementById("data").textContent);
// What is published says nothing of the disk of whoever published it.
const TIERS = board.is_public ? ["ssd", "s3", "glacier"] : ["local", "ssd", "s3", "glacier"];
document.documentElement.style.setProperty("--tiers", TIERS.length);
let projects = [];

const WAITS = ["local_new", "local_modified", "local_deleted", "remote_new", "remote_modified", "remote_deleted"];
const waiting = (project) => (project.here ? WAITS.reduce((sum, state) => sum + (project.counts[state] ?? 0), 0) : 0);
const total = (project) => TIERS.reduce((sum, tier) => sum + (project.tiers[tier]?.size_bytes ?? 0), 0);
const newest = (project) => [project.last_sync_at, ...TIERS.map((tier) => project.tiers[tier]?.at)]
  .reduce((latest, at) => Math.max(latest, moment(at) ?? 0), 0);

// What search, sort and filter need of each project is made once, so that a key press only compares.
const index = () => {
  projects = board.repositories.flatMap((repository) => repository.projects.map((project) => ({
    project, repository, id: JSON.stringify([repository.name, repository.root, project.name]),
    lower: project.name.toLocaleLowerCase(), files: null,
    waits: waiting(project), total: total(project), newest: newest(project),
  })));
};
const filesOf = (entry) => (entry.files ??= entry.project.files.map((file) => file.name).join("\n").toLocaleLowerCase());
index();

const everyOf = (kind) => projects.flatMap((entry) => (entry.project[kind] ?? []).map((one) => ({one, entry})));
const storeWord = () => (board.repositories.every((one) => !one.store || one.store.startsWith("s3:")) ? "S3" : "Store");
const tierWord = (tier) => ({local: "This disk", ssd: "SSD", s3: storeWord(), glacier: "Glacier"})[tier];
const inAll = board.repositories.length > 1;
const named = (entry) => [inAll ? el("span", {class: "repo"}, name(entry.repository.name), " / ") : null, name(entry.project.name)];
