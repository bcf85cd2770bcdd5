// One page, one study. What is shown comes as text and goes into the page as text only.

const token = new URLSearchParams(location.search).get("token") ?? "";
const page = crypto.randomUUID();
const $ = (id) => document.getElementById(id);

let state = null;         // what the server last said
let around = null;        // {centre, turn, items} while the person looks around, else null
let mix = null;           // the item at the sliders' weights
let kept = [];            // files written since the page was opened
let busy = 0;             // commands under way
let focused = 0;          // place in the gallery

// ---------------------------------------------------------------- talking to the server

function address(path) {
  return `${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-Token": token };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  let values;
  try { values = JSON.parse(text); } catch { values = { problem: text }; }
  if (!answer.ok) throw new Error(values.problem ?? "The program did not answer.");
  return values;
}

async function command(name, values = {}) {
  busy += 1;
  buttons();
  try {
    const answer = await post(`/do/${name}`, values);
    problem("");
    return answer;
  } catch (error) {
    problem(error instanceof TypeError ? "The program behind this page does not answer." : error.message);
    return null;
  } finally {
    busy -= 1;
    buttons();
  }
}

function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

function listen() {
  const events = new EventSource(address(`/events/${page}`));
  events.onopen = () => { problem(""); refresh(); };
  events.onerror = () => problem(
    "The program behind this page does not answer. If it has ended, start it again and open the address that it prints.");
  events.onmessage = (event) => {
    const values = JSON.parse(event.data);
    if (values.made) made(values.made);
    if (values.problem) problem(values.problem);
    if (values.changed && !busy) refresh();
  };
}

async function refresh() {
  let answer;
  try {
    answer = await post("/do/state", {});
  } catch (error) {
    problem(error.message);
    return;
  }
  if (state !== null && state.study !== answer.study) { around = null; mix = null; }
  state = answer;
  draw();
}

function made(change) {
  for (const item of everything()) if (item.key === change.key) Object.assign(item, change);
  for (const card of document.querySelectorAll(".card")) {
    const item = everything().find((one) => one.key === change.key);
    if (item && card.dataset.key === change.key) fill(card, item);
  }
  shape();
}

function everything() {
  return [...(around?.items ?? []), ...(state?.gallery ?? []), ...(state?.favourites ?? []), ...(mix ? [mix] : [])];
}

function onShow() {
  return [...(around ? around.items : state?.gallery ?? []), ...(mix ? [mix] : []), ...(state?.favourites ?? [])];
}

function want() {
  const keys = [...new Set(onShow().map((item) => item.key))];
  post(`/wanted/${page}`, keys).catch(() => {});
}

// ---------------------------------------------------------------- drawing

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function draw() {
  document.title = state.study;
  $("study").textContent = state.study;
  $("generator").textContent = state.generator;
  const answers = state.num_answers === 1 ? "1 answer" : `${state.num_answers} answers`;
  $("counts").textContent = `${state.num_trials} looked at · ${answers}`;
  $("question").textContent = around ? "Look around" : "Which of these is best?";
  $("hint").textContent = around
    ? "Click a picture to move there."
    : "Click it, or press its digit. The next nine follow your taste.";
  $("ask").hidden = around !== null;
  $("move").hidden = around === null;
  cards($("gallery"), around ? around.items : state.gallery, true);
  cards($("favourites"), state.favourites, false);
  $("no-favourites").hidden = state.favourites.length > 0;
  $("between").hidden = state.favourites.length < 2;
  sliders();
  $("scoring").hidden = state.objective === null;
  $("objective").textContent = state.objective === null ? "" : `${state.objective}, ${state.direction}`;
  const [done, total] = state.searching;
  $("progress").hidden = $("stop").hidden = total === 0;
  $("progress").max = total || 1;
  $("progress").value = done;
  $("search").hidden = total > 0;
  $("kept").hidden = kept.length === 0;
  $("files").replaceChildren(...kept.map((path) => element("li", { textContent: path })));
  buttons();
  shape();
  want();
}

function buttons() {
  for (const id of ["same", "more", "between", "turn"]) $(id).disabled = busy > 0;
  $("undo").disabled = busy > 0 || !state?.num_answers;
}

function cards(place, items, large) {
  const before = new Map([...place.children].map((card) => [card.dataset.key, card]));
  const now = items.map((item, index) => {
    const card = before.get(item.key) ?? newCard(item, large);
    card.dataset.place = index;
    card.classList.toggle("best", item.number !== null && item.number === state.favourite);
    card.classList.toggle("centre", around !== null && large && item.key === around.centre);
    fill(card, item);
    return card;
  });
  const same = now.length === place.children.length && now.every((card, index) => card === place.children[index]);
  if (!same) place.replaceChildren(...now);  // which would take the focus away
}

function newCard(item, large) {
  const plate = element("button", { className: "plate", type: "button" });
  const label = element("span", { className: "label" });
  const tool = (text, title, action) => {
    const button = element("button", { type: "button", textContent: text, title });
    button.setAttribute("aria-label", title);
    button.addEventListener("click", action);
    return button;
  };
  const star = tool("☆", "favourite", () => mark(item.key));
  star.className = "star";
  const caption = element("figcaption", {}, label, star);
  caption.append(tool("⊕", "look around it", () => lookAround(item.key)));
  caption.append(tool("⤓", "keep it", () => keep(item.key)));
  const score = tool("score", "score it", () => evaluate(item.key));
  score.className = "score";
  caption.append(score);
  const card = element("figure", { className: "card" }, plate, caption);
  card.dataset.key = item.key;
  card.dataset.large = large;
  plate.addEventListener("click", () => {
    if (!large) lookAround(item.key);
    else if (around) lookAround(item.key);
    else prefer(item.key);
  });
  plate.addEventListener("focus", () => { if (large) focused = Number(card.dataset.place); });
  return card;
}

function fill(card, item) {
  const plate = card.querySelector(".plate");
  const trial = item.number === null ? "" : `${item.number}`;
  const score = item.score === null || item.score === undefined ? "" : `${Number(item.score.toPrecision(5))}`;
  const best = item.number !== null && item.number === state.favourite ? "favourite so far" : "";
  card.querySelector(".label").textContent = [trial, score, best].filter(Boolean).join(" · ");
  const star = card.querySelector(".star");
  const marked = state.favourites.some((one) => one.key === item.key);
  star.textContent = marked ? "★" : "☆";
  star.setAttribute("aria-pressed", String(marked));
  card.querySelector(".score").hidden = state.objective === null || score !== "";
  plate.setAttribute("aria-label", `output ${trial || "between"} ${score}`);
  const kind = item.error ? "error" : item.ready ? "ready" : "waiting";
  if (card.dataset.kind === kind) return place(card);
  card.dataset.kind = kind;
  plate.replaceChildren(...contents(card, item, kind));
  place(card);
}

function place(card) {
  card.querySelector(".digit")?.remove();
  if (card.dataset.large === "true" && !around) {
    card.querySelector(".plate").append(
      element("span", { className: "digit", textContent: `${Number(card.dataset.place) + 1}` }));
  }
}

function contents(card, item, kind) {
  if (kind === "error") return [element("span", { className: "words", textContent: `could not be made: ${item.error}` })];
  if (kind === "waiting") return [element("span", { className: "waiting" })];
  const made = [];
  const url = (suffix) => address(`/output/${encodeURIComponent(item.key)}/${encodeURIComponent(suffix)}`);
  if (item.files.includes(".png")) {
    const image = element("img", { alt: "", src: url(".png") });
    image.addEventListener("load", () => {
      image.classList.toggle("small", image.naturalWidth <= 128);
      shape();
    });
    made.push(image);
  }
  for (const suffix of item.files) {
    const plays = [".wav", ".mp3", ".flac", ".ogg"].includes(suffix) ? "audio" : [".mp4", ".webm"].includes(suffix) ? "video" : null;
    if (plays && !card.querySelector(plays)) {
      card.querySelector("figcaption").before(element(plays, { controls: true, preload: "metadata", src: url(suffix) }));
    }
  }
  if (item.table.length) {
    const rows = item.table.map(([name, value]) =>
      element("tr", {}, element("td", { textContent: name }), element("td", { textContent: value })));
    made.push(element("table", {}, element("tbody", {}, ...rows)));
  }
  if (item.words) made.push(element("span", { className: "words", textContent: item.words }));
  if (!made.length) made.push(element("span", { className: "words", textContent: "♪" }));
  return made;
}

function shape() {
  const images = [...document.querySelectorAll("#gallery img")].filter((image) => image.naturalWidth);
  const wide = images.length > 0 && images.every((image) => image.naturalWidth > 1.8 * image.naturalHeight);
  for (const id of ["gallery", "favourites", "mix"]) $(id).classList.toggle("wide", wide);
}

function sliders() {
  $("mixing").hidden = !state.has_sliders;
  const names = state.seeds;
  const now = [...$("sliders").querySelectorAll("span")].map((span) => span.textContent);
  if (!state.has_sliders || names.join("\n") === now.join("\n")) return;
  $("sliders").replaceChildren(...names.map((name) => {
    const input = element("input", { type: "range", min: 0, max: 1, step: 0.01, value: 1 });
    const value = element("output", { textContent: "" });
    input.addEventListener("input", blend);
    return element("label", {}, element("span", { textContent: name, title: name }), input, value);
  }));
  blend();
}

let blending = false;
let again = false;

async function blend() {
  const inputs = [...$("sliders").querySelectorAll("input")];
  const raw = inputs.map((input) => Number(input.value));
  const norm = Math.hypot(...raw);
  const outputs = [...$("sliders").querySelectorAll("output")];
  outputs.forEach((output, i) => { output.textContent = norm ? (raw[i] / norm).toFixed(2) : "–"; });
  if (!norm) return;
  if (blending) { again = true; return; }
  blending = true;
  try {
    const answer = await post("/do/blend", { weights: raw });
    mix = answer.item;
    cards($("mix"), [mix], false);
    want();
  } catch (error) {
    problem(error.message);
  } finally {
    blending = false;
    if (again) { again = false; blend(); }
  }
}

// ---------------------------------------------------------------- what a person does

async function prefer(key) {
  if (busy || around) return;
  const among = state.gallery.map((item) => item.key);
  await command("prefer", { best: key, among });
  await refresh();
}

async function nineMore() {
  if (busy) return;
  await command("nine_more");
  await refresh();
}

async function undo() {
  if (busy || !state.num_answers) return;
  around = null;
  await command("undo");
  await refresh();
}

async function mark(key) {
  const on = !state.favourites.some((item) => item.key === key);
  await command("mark", { key, on });
  await refresh();
  if (around) await lookAround(around.centre, around.turn);
}

async function lookAround(key, turn = around?.turn ?? 0) {
  const answer = await command("around", { key, angle: Math.exp(Number($("angle").value)), turn });
  if (answer === null) return;
  around = { centre: key, turn, items: answer.items };
  draw();
}

function back() {
  around = null;
  draw();
}

async function keep(key) {
  const answer = await command("keep", { key });
  if (answer === null) return;
  kept = [...answer.files, ...kept.filter((path) => !answer.files.includes(path))];
  draw();
}

async function evaluate(key) {
  await command("evaluate", { key });
  await refresh();
}

$("same").addEventListener("click", () => prefer(null));
$("more").addEventListener("click", nineMore);
$("undo").addEventListener("click", undo);
$("back").addEventListener("click", back);
$("turn").addEventListener("click", () => lookAround(around.centre, around.turn + 1));
$("angle").addEventListener("change", () => { if (around) lookAround(around.centre, around.turn); });
$("between").addEventListener("click", async () => { await command("between"); around = null; await refresh(); });
$("search").addEventListener("click", async () => { await command("search", { num: Number($("num").value) }); await refresh(); });
$("stop").addEventListener("click", async () => { await command("stop"); await refresh(); });

const MOVES = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -3, ArrowDown: 3 };

document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey || !state) return;
  const items = around ? around.items : state.gallery;
  const item = items[Math.min(focused, items.length - 1)];
  const zoom = (step) => {
    $("angle").value = Number($("angle").value) + step;
    if (around) lookAround(around.centre, around.turn);
  };
  const actions = {
    " ": () => mark(item.key),
    0: () => { if (!around) prefer(null); },
    a: () => lookAround(item.key),
    k: () => keep(item.key),
    n: () => { if (!around) nineMore(); },
    t: () => { if (around) lookAround(around.centre, around.turn + 1); },
    u: undo,
    "+": () => zoom(-0.5),
    "-": () => zoom(0.5),
    Escape: () => { if (around) back(); },
  };
  if (event.key in MOVES) {
    focused = Math.max(0, Math.min(items.length - 1, focused + MOVES[event.key]));
    $("gallery").children[focused]?.querySelector(".plate").focus();
  } else if (/^[1-9]$/.test(event.key)) {
    const chosen = items[Number(event.key) - 1];
    if (chosen) around ? lookAround(chosen.key) : prefer(chosen.key);
  } else if (event.key in actions) {
    actions[event.key]();
  } else return;
  event.preventDefault();
});

// where the space bar would press the picture that has the focus
document.addEventListener("keyup", (event) => {
  if (event.key === " " && event.target.classList?.contains("plate")) event.preventDefault();
});

listen();
