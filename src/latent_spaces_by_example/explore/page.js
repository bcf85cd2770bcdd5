// One page, one study. What is shown comes as text and goes into the page as text only.

const token = new URLSearchParams(location.search).get("token") ?? "";
const page = crypto.randomUUID();
const $ = (id) => document.getElementById(id);

let state = null;         // what the server last said
let around = null;        // {centre, turn, items} while the person looks around, else null
let mix = null;           // the item at the sliders' weights, or at a place of the map
let map = null;           // {kind, outline, corners, points}: trials at their places
let cursor = null;        // the place of the map that ``mix`` is from
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
  if (state !== null && state.study !== answer.study) { around = null; mix = null; cursor = null; }
  state = answer;
  draw();
  survey();
}

async function survey() {
  try {
    map = (await post("/do/survey", {})).map;
  } catch { return; }  // the state says what is wrong
  drawMap();
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
  named($("generator"), state.generator);
  const answers = state.num_answers === 1 ? "1 answer" : `${state.num_answers} answers`;
  $("counts").textContent = `${state.num_trials} looked at · ${answers}`;
  const looks = state.run_by !== null;
  $("watching").hidden = !looks;
  $("watching").textContent = looks
    ? `${state.run_by} runs this study. You can look on and look around; answers wait until it has ended.` : "";
  $("question").textContent = around ? "Look around" : looks ? "The newest nine" : "Which of these is best?";
  $("hint").textContent = around ? "Click a picture to move there."
    : looks ? "Click one to look around it."
    : "Click it, or press its digit. The next nine follow your taste.";
  $("ask").hidden = around !== null;
  $("move").hidden = around === null;
  cards($("gallery"), around ? around.items : state.gallery, true);
  cards($("favourites"), state.favourites, false);
  $("no-favourites").hidden = state.favourites.length > 0;
  $("between").hidden = state.favourites.length < 2;
  sliders();
  $("scoring").hidden = state.objective === null;
  if (state.objective !== null) named($("objective"), state.objective, `, ${state.direction}`);
  const [done, total] = state.searching;
  $("progress").hidden = $("stop").hidden = total === 0;
  $("progress").max = total || 1;
  $("progress").value = done;
  $("search").hidden = total > 0;
  $("files").replaceChildren(...state.files.map((path, place) => element("li", {}, element("a", {
    textContent: path.split(/[\\/]/).pop(), title: path, href: address(`/written/${place}`), download: "",
  }))));
  buttons();
  shape();
  want();
}

// the name of a generator or an objective; its options are there for who points at it
function named(place, spec, more = "") {
  place.textContent = spec.replace(/:[^:=]*=.*$/s, "") + more;
  place.title = spec;
}

function buttons() {
  const looks = state === null || state.run_by !== null;
  for (const id of ["turn", "report", "archive"]) $(id).disabled = busy > 0;
  for (const id of ["same", "more", "between", "search"]) $(id).disabled = busy > 0 || looks;
  $("undo").disabled = busy > 0 || looks || !state.num_answers;
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
    else if (around || state.run_by !== null) lookAround(item.key);
    else prefer(item.key);
  });
  plate.addEventListener("focus", () => { if (large) focused = Number(card.dataset.place); });
  return card;
}

function fill(card, item) {
  const plate = card.querySelector(".plate");
  const trial = item.number === null ? "" : `${item.number}`;
  const score = item.score === null || item.score === undefined ? "" : `${Number(item.score.toPrecision(5))}`;
  const best = item.number !== null && item.number === state.favourite ? "favourite" : "";
  card.querySelector(".label").textContent = [trial, score, best].filter(Boolean).join(" · ");
  const star = card.querySelector(".star");
  const marked = state.favourites.some((one) => one.key === item.key);
  star.textContent = marked ? "★" : "☆";
  star.setAttribute("aria-pressed", String(marked));
  star.hidden = state.run_by !== null;
  card.querySelector(".score").hidden = state.objective === null || score !== "" || state.run_by !== null;
  plate.setAttribute("aria-label", `output ${trial || "between"} ${score}`);
  const kind = item.error ? "error" : !item.ready ? "waiting" : item.rough ? "rough" : "ready";
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
  const url = (suffix) => address(`/output/${encodeURIComponent(item.key)}/${encodeURIComponent(suffix)}?${kind}`);
  const videos = [".mp4", ".webm"];
  const playing = item.files.some((suffix) => videos.includes(suffix));
  const picture = [".gif", ".png"].find((suffix) => item.files.includes(suffix));
  for (const player of card.querySelectorAll("audio, video")) player.remove();
  if (picture && !playing) {
    const image = element("img", { alt: "", src: url(picture) });
    image.addEventListener("load", () => {
      image.classList.toggle("small", image.naturalWidth <= 128);
      shape();
    });
    made.push(image);
  }
  for (const suffix of item.files) {
    if ([".wav", ".mp3", ".flac", ".ogg"].includes(suffix)) {
      const sound = element("audio", { controls: true, preload: "metadata", src: url(suffix) });
      card.querySelector("figcaption").before(sound);
    } else if (videos.includes(suffix)) {
      made.push(element("video", { autoplay: true, loop: true, muted: true, playsInline: true, src: url(suffix) }));
    }
  }
  if (item.table.length) {
    const rows = item.table.map(([name, value]) =>
      element("tr", {}, element("td", { textContent: name }), element("td", { textContent: value })));
    made.push(element("table", {}, element("tbody", {}, ...rows)));
  }
  if (item.words) made.push(element("span", { className: "words", textContent: item.words }));
  if (!made.length) made.push(element("span", { className: "words", textContent: "♪" }));
  if (kind === "rough") made.push(element("span", { className: "rough", textContent: "sketch" }));
  return made;
}

function shape() {
  const images = [...document.querySelectorAll("#gallery img")].filter((image) => image.naturalWidth);
  const wide = images.length > 0 && images.every((image) => image.naturalWidth > 1.8 * image.naturalHeight);
  const main = document.querySelector("main");
  main.classList.toggle("wide", wide);
  if (wide) main.style.setProperty("--ratio", Math.min(4, images[0].naturalWidth / images[0].naturalHeight));
}

// ---------------------------------------------------------------- the map

const SIZE = 100;  // of the map's longer side, in its own units

function shapeOf(name, properties, title = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  if (title) made.append(Object.assign(document.createElementNS(made.namespaceURI, "title"), { textContent: title }));
  return made;
}

function frame() {
  const places = [...map.outline, ...map.points.map((point) => point.place)];
  const [x, y] = [0, 1].map((axis) => places.map((place) => place[axis]));
  const [left, right, low, high] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
  const scale = SIZE / (Math.max(right - left, high - low) || 1);
  return {
    on: ([a, b]) => [scale * (a - left), scale * (high - b)],
    off: ([a, b]) => [a / scale + left, high - b / scale],
    width: scale * (right - left), height: scale * (high - low),
  };
}

function drawMap() {
  const shown = map !== null && map.points.length > 0;
  $("mixing").hidden = !shown && !state.has_sliders;
  $("map").toggleAttribute("hidden", !shown);
  $("map-hint").hidden = !shown;
  if (!shown) return;
  $("map-hint").textContent = map.kind === "triangle"
    ? "All mixtures of the three. Click anywhere."
    : "Click a dot, or anywhere between: it mixes the nearest three.";
  const { on, width, height } = frame();
  const room = map.kind === "triangle" ? 11 : 5;
  $("map").setAttribute("viewBox", `${-room} ${-room} ${width + 2 * room} ${height + 2 * room}`);
  const marks = [];
  if (map.outline.length) marks.push(shapeOf("polygon", { class: "outline", points: map.outline.map(on).join(" ") }));
  else marks.push(shapeOf("rect", { class: "outline", x: -4, y: -4, width: width + 8, height: height + 8, rx: 2 }));
  for (const [name, place] of map.corners) {
    const [x, y] = on(place);
    // above the top corner, and below the whole map: dots lie on its lower edge
    const at = y < height / 2 ? { x, y: y - 5, "text-anchor": "middle" }
      : x < width / 2 ? { x: -room, y: height + 9, "text-anchor": "start" }
      : { x: width + room, y: height + 9, "text-anchor": "end" };
    const text = shapeOf("text", at);
    text.textContent = name.length > 18 ? `${name.slice(0, 17)}…` : name;
    marks.push(text);
  }
  const favourites = new Set(state.favourites.map((item) => item.number));
  for (const { item, place, level } of map.points) {
    const [cx, cy] = on(place);
    const kind = item.number === state.favourite ? "best" : favourites.has(item.number) ? "marked" : "";
    const dot = shapeOf("circle", { class: `dot ${kind}`, cx, cy, r: kind ? 2.4 : 1.7, tabindex: 0, role: "button" }, `output ${item.number}`);
    dot.setAttribute("fill-opacity", level === null ? 0.12 : 0.2 + 0.8 * level);
    const open = (event) => { event.stopPropagation(); mixed({ item, place }); };
    dot.addEventListener("click", open);
    dot.addEventListener("keydown", (event) => { if (event.key === "Enter") open(event); });
    marks.push(dot);
  }
  const pointer = shapeOf("circle", { id: "cursor", r: 3 });
  marks.push(pointer);
  $("map").replaceChildren(...marks);
  point();
}

function point() {
  const pointer = $("cursor");
  if (!pointer) return;
  pointer.toggleAttribute("hidden", cursor === null);
  if (cursor === null) return;
  const [cx, cy] = frame().on(cursor);
  pointer.setAttribute("cx", cx);
  pointer.setAttribute("cy", cy);
}

function mixed({ item, place }) {
  mix = item;
  cursor = place ?? null;
  if (map?.kind === "triangle" && place) {
    [...$("sliders").querySelectorAll("input")].forEach((input, i) => { input.value = item.weights[i] ?? 0; });
    shares();
  }
  cards($("mix"), [mix], false);
  point();
  want();
}

$("map").addEventListener("click", async (event) => {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform($("map").getScreenCTM().inverse());
  const [x, y] = frame().off([at.x, at.y]);
  const answer = await command("at", { x, y });
  if (answer) mixed({ item: answer.item, place: answer.place ?? [x, y] });
});

// ---------------------------------------------------------------- the sliders

function sliders() {
  $("sliders").hidden = !state.has_sliders;
  if (state.has_sliders) $("mixing").hidden = false;
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

function shares() {
  const raw = [...$("sliders").querySelectorAll("input")].map((input) => Number(input.value));
  const norm = Math.hypot(...raw);
  const outputs = [...$("sliders").querySelectorAll("output")];
  outputs.forEach((output, i) => { output.textContent = norm ? (raw[i] / norm).toFixed(2) : "–"; });
  return norm ? raw : null;
}

async function blend() {
  const raw = shares();
  if (!raw) return;
  if (blending) { again = true; return; }
  blending = true;
  try {
    const answer = await post("/do/blend", { weights: raw });
    mix = answer.item;
    cursor = answer.place;
    cards($("mix"), [mix], false);
    point();
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
  if (busy || around || state.run_by !== null) return;
  const among = state.gallery.map((item) => item.key);
  await command("prefer", { best: key, among });
  await refresh();
}

async function nineMore() {
  if (busy || state.run_by !== null) return;
  await command("nine_more");
  await refresh();
}

async function undo() {
  if (busy || !state.num_answers || state.run_by !== null) return;
  around = null;
  await command("undo");
  await refresh();
}

async function mark(key) {
  if (state.run_by !== null) return;
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

async function write(name, values = {}) {
  await command(name, values);
  await refresh();
}

function keep(key) { return write("keep", { key }); }

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
$("report").addEventListener("click", () => write("report"));
$("archive").addEventListener("click", () => write("archive"));
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
