"use strict";
// Everything that a picture says is set as text, never as markup: prompts may hold anything.

const data = JSON.parse(document.getElementById("data").textContent);
const el = (id) => document.getElementById(id);
const AT_ONCE = 120; // cards that are added at a time, when the end of the page comes near
const EVERY_MS = 2000; // how often a served page asks for new pictures

let cards = data.cards;
let shown = []; // indexes into `cards`, as searched, filtered and ordered
let built = 0; // how many of `shown` are on the page
let open = -1; // the place in `shown` of the picture in the box
const chosen = {}; // facet → value

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return node;
}

// Words that are searched in: prompts, the file's name, and `name:value` of each setting.
function haystack(card) {
  card.hay ??= [card.prompt, card.negative, card.name, ...Object.entries(card.facets)
    .map(([name, value]) => `${name}:${value}`), `seed:${card.seed}`].join("\n").toLowerCase();
  return card.hay;
}

function matcher(query) {
  const words = (query.toLowerCase().match(/-?"[^"]*"|\S+/g) ?? [])
    .map((word) => ({ without: word.length > 1 && word.startsWith("-"), text: word.replace(/^-(?=.)/, "").replaceAll('"', "") }))
    .filter((word) => word.text);
  return (card) => words.every((word) => holds(card, word.text) !== word.without);
}

// `steps:2` means 2 and not 20; any other word may be part of a longer one.
function holds(card, text) {
  const name = text.split(":", 1)[0];
  if (text.includes(":") && (name in card.facets || name === "seed")) {
    return haystack(card).split("\n").includes(text);
  }
  return haystack(card).includes(text);
}

const ORDERS = {
  new: (a, b) => b.made.localeCompare(a.made) || a.at - b.at,
  old: (a, b) => a.made.localeCompare(b.made) || a.at - b.at,
  name: (a, b) => a.at - b.at,
  prompt: (a, b) => a.prompt.localeCompare(b.prompt) || a.at - b.at,
  seed: (a, b) => (a.number ?? Infinity) - (b.number ?? Infinity) || a.at - b.at,
};

function refresh() {
  const matches = matcher(el("search").value);
  const wanted = Object.entries(chosen);
  shown = cards.filter((card) => wanted.every(([name, value]) => String(card.facets[name]) === value) && matches(card));
  shown.sort(ORDERS[el("order").value]);
  el("grid").replaceChildren();
  built = 0;
  el("nothing").hidden = shown.length > 0;
  const all = cards.length;
  el("count").textContent = shown.length === all ? `${all} picture${all === 1 ? "" : "s"}` : `${shown.length} of ${all} pictures`;
  build();
}

function build() {
  const part = document.createDocumentFragment();
  for (const card of shown.slice(built, built + AT_ONCE)) part.append(item(card, built++));
  el("grid").append(part);
}

function item(card, place) {
  const node = make("li");
  node.style.setProperty("--aspect", card.width / card.height);
  const button = make("button", { type: "button", class: "card", "data-place": place });
  button.append(
    make("img", { src: card.thumb, alt: card.prompt || card.name, loading: "lazy", decoding: "async" }),
    make("span", { dir: "auto", "aria-hidden": "true" }, card.prompt || card.name),
  );
  node.append(button);
  return node;
}

// A filter for each setting in which the pictures differ.
function buildFilters() {
  const counts = {};
  for (const card of cards) {
    for (const [name, value] of Object.entries(card.facets)) {
      counts[name] ??= new Map();
      counts[name].set(String(value), (counts[name].get(String(value)) ?? 0) + 1);
    }
  }
  el("filters").replaceChildren();
  for (const [name, values] of Object.entries(counts)) {
    if (values.size < 2 && !(name in chosen)) continue;
    const select = make("select", { "aria-label": `Filter by ${name}`, "data-facet": name });
    select.append(make("option", { value: "" }, `any ${name}`));
    const inOrder = [...values].sort((a, b) => a[0].localeCompare(b[0], undefined, { numeric: true }));
    for (const [value, count] of inOrder) select.append(make("option", { value }, `${value} (${count})`));
    select.value = chosen[name] ?? "";
    select.classList.toggle("set", name in chosen);
    select.addEventListener("change", () => choose(select, name));
    el("filters").append(select);
  }
}

function choose(select, name) {
  if (select.value) chosen[name] = select.value;
  else delete chosen[name];
  select.classList.toggle("set", name in chosen);
  refresh();
}

// The box: one picture with all that is known of it.

function show(place) {
  open = Math.max(0, Math.min(place, shown.length - 1));
  const card = shown[open];
  fill(card);
  el("previous").disabled = open === 0;
  el("next").disabled = open === shown.length - 1;
  if (!el("box").open) el("box").showModal();
}

function fill(card) {
  load(el("picture"), card);
  el("box-prompt").textContent = card.prompt || card.name;
  el("negative").hidden = !card.negative;
  el("negative").textContent = card.negative;
  el("copied").textContent = "";
  el("command").textContent = card.command || card.again;
  el("copy-command").hidden = !card.command;
  el("copy-prompt").hidden = !card.prompt;
  el("copy-again").hidden = !card.again;
  el("open").href = card.source;
  el("facts").replaceChildren(...card.rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", { dir: "auto" }, value)]));
  fillLineage(card);
}

function load(image, card) {
  image.onerror = () => { image.onerror = null; image.src = card.thumb; }; // the file is elsewhere now
  image.alt = card.prompt || card.name;
  image.src = card.source;
}

function fillLineage(card) {
  const parent = card.parent ? cards.find((one) => one.pixels === card.parent) : undefined;
  const children = card.pixels ? cards.filter((one) => one.parent === card.pixels) : [];
  el("before").hidden = el("wipe").hidden = !parent;
  if (parent) {
    load(el("before"), parent);
    el("before").alt = `before: ${el("before").alt}`;
    wipe(50);
  }
  el("lineage").hidden = !card.parent && !children.length;
  el("lineage").replaceChildren();
  if (card.parent) {
    el("lineage").append(make("p", {}, parent ? "A variation; the slider shows the picture before." : "A variation of a picture that is not here."));
    const list = make("ul");
    for (const [name, before, after] of card.changed) list.append(make("li", {}, `${name}: ${before} → ${after}`));
    el("lineage").append(list);
  }
  if (parent) el("lineage").append(link("Before this", parent));
  for (const child of children) el("lineage").append(link(`Made from this: ${child.changed.map((one) => one[0]).join(", ")}`, child));
}

function link(text, card) {
  const button = make("button", { type: "button" }, text);
  button.addEventListener("click", () => {
    if (!shown.includes(card)) clear();
    show(shown.indexOf(card));
  });
  return button;
}

function wipe(percent) {
  el("wiper").value = percent;
  el("before").style.setProperty("--shown", `${percent}%`);
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea"); // where a page from a file may not use the clipboard's own door
    area.value = text;
    el("box").append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  el("copied").textContent = `${what} copied`;
}

function clear() {
  el("search").value = "";
  for (const name of Object.keys(chosen)) delete chosen[name];
  buildFilters();
  refresh();
}

function closed() {
  while (built <= open && built < shown.length) build();
  el("grid").children[open]?.firstChild.focus();
}

// Keys: / searches, arrows go from picture to picture, Enter opens, c copies, Escape closes.

function inRows(from, step) {
  const items = [...el("grid").children];
  const box = items[from].getBoundingClientRect();
  const middle = box.left + box.width / 2;
  const rows = items.map((node) => node.getBoundingClientRect());
  const tops = rows.map((one) => one.top).filter((top) => (step > 0 ? top > box.top + 4 : top < box.top - 4));
  if (!tops.length) return from;
  const top = step > 0 ? Math.min(...tops) : Math.max(...tops);
  const near = (at) => Math.abs(rows[at].left + rows[at].width / 2 - middle);
  return items.map((_, at) => at).filter((at) => Math.abs(rows[at].top - top) < 4).sort((a, b) => near(a) - near(b))[0];
}

function onGridKey(event) {
  const at = Number(event.target.dataset?.place ?? NaN);
  if (Number.isNaN(at)) return;
  const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: built - 1 };
  if (event.key === "ArrowDown" || event.key === "ArrowUp") moves[event.key] = inRows(at, event.key === "ArrowDown" ? 1 : -1);
  if (!(event.key in moves)) return;
  event.preventDefault();
  if (moves[event.key] >= built) build();
  el("grid").children[Math.max(0, Math.min(moves[event.key], built - 1))].firstChild.focus();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (el("box").open) {
    if (event.target === el("wiper")) return;
    if (event.key === "ArrowLeft") show(open - 1);
    else if (event.key === "ArrowRight") show(open + 1);
    else if (event.key === "c") el("copy-command").hidden ? el("copy-again").click() : el("copy-command").click();
  } else if (event.key === "/" && event.target !== el("search")) {
    event.preventDefault();
    el("search").select();
  } else if (event.key === "Escape" && event.target === el("search")) {
    clear();
  }
}

const THEMES = ["light dark", "light", "dark"];

function turnTheme() {
  const root = document.documentElement.style;
  root.colorScheme = THEMES[(THEMES.indexOf(root.colorScheme || THEMES[0]) + 1) % THEMES.length];
}

async function follow() {
  try {
    const reply = await fetch(`/cards.json?known=${encodeURIComponent(data.state)}`);
    if (reply.status === 200) {
      const fresh = await reply.json();
      const kept = shown[open]?.source;
      data.state = fresh.state;
      cards = fresh.cards;
      buildFilters();
      refresh();
      open = shown.findIndex((card) => card.source === kept);
    }
  } catch { /* the server went away; what was shown stays */ }
  setTimeout(follow, EVERY_MS);
}

el("grid").addEventListener("click", (event) => {
  const button = event.target.closest(".card");
  if (button) show(Number(button.dataset.place));
});
el("grid").addEventListener("keydown", onGridKey);
document.addEventListener("keydown", onKey);
el("search").addEventListener("input", refresh);
el("order").addEventListener("change", refresh);
el("clear").addEventListener("click", clear);
el("theme").addEventListener("click", turnTheme);
el("previous").addEventListener("click", () => show(open - 1));
el("next").addEventListener("click", () => show(open + 1));
el("close").addEventListener("click", () => el("box").close());
el("box").addEventListener("close", closed);
el("box").addEventListener("click", (event) => { if (event.target === el("box")) el("box").close(); });
el("wiper").addEventListener("input", () => wipe(el("wiper").value));
el("copy-command").addEventListener("click", () => copy(shown[open].command, "Command"));
el("copy-again").addEventListener("click", () => copy(shown[open].again, "Command"));
el("copy-prompt").addEventListener("click", () => copy(shown[open].prompt, "Prompt"));
new IntersectionObserver((seen) => { if (seen[0].isIntersecting) build(); }, { rootMargin: "1500px" }).observe(el("more"));

buildFilters();
refresh();
if (data.live) setTimeout(follow, EVERY_MS);
