"use strict";
// What is rated, by whom, in which order, and what was said so far.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const sided = data.ask === "sides";
const REASON_KEYS = "qwertzyio";
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/g;
const UI = "ftdsl-rate/1";

// ------------------------------------------------------------------ what can be said

const VERDICTS = verdicts().concat([
  { verdict: "skip", text: "Skip", key: "s", told: "Skipped" },
  { undo: true, text: "Undo", key: "u" },
]);

function verdicts() {
  if (sided) {
    return [
      { verdict: "left_much", text: "A ≫ B", name: "A ≫ B: A is much better", key: "1" },
      { verdict: "left", text: "A", name: "A is better", key: "2" },
      { verdict: "tie", text: "Tie", name: "Tie: equally good", key: "3" },
      { verdict: "right", text: "B", name: "B is better", key: "4" },
      { verdict: "right_much", text: "B ≫ A", name: "B ≫ A: B is much better", key: "5" },
      { verdict: "both_bad", text: "Both bad", name: "Both bad: both are bad", key: "0" },
    ];
  }
  if (data.ask === "correct") {
    return [
      { verdict: "correct", text: "Correct", key: "1" },
      { verdict: "incorrect", text: "Incorrect", key: "0" },
    ];
  }
  return Array.from({ length: data.points }, (_, i) => {
    const grade = String(i + 1);
    const ends = i === 0 ? ", the worst" : i === data.points - 1 ? ", the best" : "";
    return { verdict: grade, text: grade, name: `${grade} of ${data.points}${ends}`, key: grade };
  });
}

// ------------------------------------------------------------------ lots, the same as in lots.py

function lot(...parts) {
  let drawn = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(parts.join("\0"))) {
    drawn = Math.imul(drawn ^ byte, 0x01000193);
  }
  drawn = Math.imul(drawn ^ (drawn >>> 16), 0x85ebca6b);
  drawn = Math.imul(drawn ^ (drawn >>> 13), 0xc2b2ae35);
  return (drawn ^ (drawn >>> 16)) >>> 0;
}

function tasksOf(rater) {
  const drawn = (what, item) => lot(data.batch, rater, what, item.item);
  const order = data.items.slice().sort((a, b) => drawn("order", a) - drawn("order", b));
  const count = order.length;
  const gap = Math.min(10, Math.floor(count / 2));
  const tasks = order.map((item, i) => ({ item, repeat: false, place: i }));
  const again = order
    .map((item, i) => ({ item, repeat: true, from: i }))
    .filter((one) => one.from + gap < count)
    .sort((a, b) => drawn("again", a.item) - drawn("again", b.item))
    .slice(0, Math.round(count * data.repeats));
  for (const one of again) {
    const room = count - 1 - one.from - gap;
    one.place = one.from + gap + 0.5 + (drawn("place", one.item) / 2 ** 32) * room;
    tasks.push(one);
  }
  tasks.sort((a, b) => a.place - b.place);
  for (const task of tasks) {
    const side = (drawn("side", task.item) & 1) ^ (task.repeat ? 1 : 0);
    task.left = task.item.answers[sided ? side : 0];
    task.right = sided ? task.item.answers[1 - side] : null;
  }
  return tasks;
}

// ------------------------------------------------------------------ what was said

let rater = "";
let tasks = [];
let rows = [];
let holding = new Map();
let at = 0;
let seen = 0;
let since = 0;
let stored = true;
let unsent = [];
const handedIn = new Set();

const store = {
  place: (name) => `${UI}:${data.batch}:${name}`,
  get(name) {
    try { return localStorage.getItem(this.place(name)); } catch { return null; }
  },
  set(name, text) {
    try { localStorage.setItem(this.place(name), text); return true; } catch { return false; }
  },
};

const lines = (all) => all.map((row) => JSON.stringify(row) + "\n").join("");

function parsed(text) {
  const found = [];
  for (const line of (text || "").split("\n")) {
    if (!line.trim()) continue;
    try {
      const row = JSON.parse(line);
      if (row && row.v === 1 && row.batch === data.batch && row.rubric === data.rubric) found.push(row);
    } catch { /* a line that was cut off holds nothing */ }
  }
  return found;
}

function merge(more) {
  const known = new Set(rows.map((row) => row.id));
  for (const row of more) {
    if (row.rater === rater && !known.has(row.id)) { rows.push(row); known.add(row.id); }
  }
  index();
}

// The verdict that holds on a task: the last one that no other corrects.
const keyOf = (item, repeat) => `${item}${repeat ? "+" : ""}`;

function index() {
  const gone = new Set(rows.map((row) => row.supersedes));
  holding = new Map();
  for (const row of rows) if (!gone.has(row.id)) holding.set(keyOf(row.item, row.repeat), row);
}

const said = (task) => holding.get(keyOf(task.item.item, task.repeat)) || null;
const rated = () => tasks.filter(said).length;

function firstOpen() {
  const next = tasks.findIndex((task) => !said(task));
  return next < 0 ? tasks.length : next;
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

function keep(row) {
  merge(parsed(store.get(rater)).concat([row]));
  stored = store.set(rater, lines(rows)) && store.get(rater) !== null;
  alarm(stored ? "" : "This browser keeps nothing: download your ratings before you close the page.");
  if (data.server) { unsent.push(row); send(); }
}

async function send() {
  if (!unsent.length) return;
  const sending = unsent.slice();
  try {
    const token = new URLSearchParams(location.search).get("token") || "";
    const answer = await fetch("ratings", {
      method: "POST", body: lines(sending),
      headers: { "Content-Type": "application/x-ndjson", "X-Ftdsl-Token": token },
    });
    if (!answer.ok) throw new Error(await answer.text());
    for (const row of sending) handedIn.add(row.id);
    unsent = unsent.filter((row) => !handedIn.has(row.id));
    if (stored) alarm("");
  } catch {
    alarm(`${unsent.length} ratings are kept here and not yet by the server. They are sent again with the next one.`);
  }
  hand();
}
