// What the rater sees and does.
// ------------------------------------------------------------------ what is shown

const shown = (text) => text.replace(/\r\n?/g, "\n").replace(CONTROLS,
  (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

function say(text) { $("status").textContent = text; }
function alarm(text) { if ($("alarm").textContent !== text) $("alarm").textContent = text; }

function show(focus) {
  const done = rated();
  $("bar").max = tasks.length;
  $("bar").value = done;
  $("count").textContent = `${done} of ${tasks.length} rated`;
  const task = tasks[at];
  $("start").hidden = true;
  $("item").hidden = !task;
  $("verdicts").hidden = false;
  $("done").hidden = Boolean(task);
  $("out").hidden = false;
  hand();
  const before = task ? said(task) : null;
  for (const button of $("verdicts").children) {
    const one = VERDICTS[Number(button.dataset.number)];
    const idle = one.undo ? at === 0 : !task;
    button.setAttribute("aria-disabled", String(idle));
    if (one.verdict) button.setAttribute("aria-pressed", String(Boolean(before && before.verdict === one.verdict)));
  }
  if (!task) {
    $("done-text").textContent = data.server && !unsent.length
      ? "Your ratings are kept with the project. You may close the page."
      : "Download your ratings, or copy them, and send them to the team.";
    if (focus) $("done-title").focus();
    return;
  }
  $("prompt").textContent = shown(task.item.prompt);
  $("left").textContent = shown(task.left.text) || "(empty)";
  $("right").textContent = task.right ? shown(task.right.text) || "(empty)" : "";
  for (const box of $("reasons").querySelectorAll("input")) {
    box.checked = Boolean(before && before.reasons.includes(box.value));
  }
  $("note").value = before ? before.note : "";
  $("noting").open = Boolean($("note").value);
  seen = 0;
  since = document.hidden ? 0 : performance.now();
  window.scrollTo(0, 0);
  if (focus) $("prompt-title").focus();
}

function hand() {
  const open = rows.length - handedIn.size;
  $("out-text").textContent = data.server
    ? `${rows.length} verdicts, ${unsent.length ? `${unsent.length} not yet at the server` : "all at the server"}.`
    : `${rows.length} verdicts by ${rater}${stored ? ", kept in this browser" : ""}. ` +
      (open ? "They reach the team when you hand them in." : "");
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) { if (since) seen += performance.now() - since; since = 0; }
  else since = performance.now();
});

// ------------------------------------------------------------------ what can be done

function judge(one) {
  const task = tasks[at];
  if (!task) return;
  const before = said(task);
  const row = {
    v: 1, id: randomId(), rate: data.rate, batch: data.batch, rubric: data.rubric, rater,
    item: task.item.item,
    ...(sided ? { left: task.left.digest, right: task.right.digest } : { output: task.left.digest }),
    verdict: one.verdict,
    reasons: Array.from($("reasons").querySelectorAll("input:checked"), (box) => box.value),
    note: $("note").value.trim(),
    repeat: task.repeat,
    ms: Math.round(seen + (since ? performance.now() - since : 0)),
    at: new Date().toISOString(),
    supersedes: before ? before.id : null,
  };
  keep(row);
  at = firstOpen();
  const told = one.told || one.name || one.text;
  say(`${told}${before ? ", corrected" : ""}. ${rated()} of ${tasks.length} rated.`);
  show(true);
}

function undo() {
  if (at === 0) { say("There is nothing to undo."); return; }
  at -= 1;
  const before = said(tasks[at]);
  const one = before && VERDICTS.find((each) => each.verdict === before.verdict);
  show(true);
  say(`Back to the one before${one ? `: you said “${one.name || one.text}”` : ""}. A new verdict corrects it.`);
}

function begin(name) {
  rater = name;
  rows = [];
  merge(parsed(store.get(name)));
  tasks = tasksOf(name);
  at = firstOpen();
  stored = store.set("rater", name) && store.get("rater") === name;
  alarm(stored ? "" : "This browser keeps nothing: download your ratings before you close the page.");
  if (data.server && rows.length) { unsent = rows.slice(); send(); }
  show(true);
  say(rows.length ? `Welcome back, ${name}. You go on where you left off.` : `You rate as ${name}.`);
}

function ask() {
  for (const id of ["item", "verdicts", "done", "out"]) $(id).hidden = true;
  $("start").hidden = false;
  $("count").textContent = `${data.items.length} items`;
  $("rater").value = `r-${randomId().slice(0, 6)}`;
  $("start-title").focus();
}

$("start").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("rater").value.trim();
  if (!/^[a-z0-9][a-z0-9-]{1,31}$/.test(name)) {
    $("rater").setAttribute("aria-invalid", "true");
    alarm("A pseudonym has 2 to 32 lower-case letters, digits and hyphens.");
    $("rater").focus();
    return;
  }
  $("rater").removeAttribute("aria-invalid");
  alarm("");
  begin(name);
});

$("file").addEventListener("change", async () => {
  const file = $("file").files[0];
  if (!file) return;
  const found = parsed(await file.text());
  if (!found.length) { alarm("That file holds no ratings of this page."); return; }
  const name = found[0].rater;
  const own = found.filter((row) => row.rater === name);
  const known = parsed(store.get(name));
  const ids = new Set(known.map((row) => row.id));
  const all = known.concat(own.filter((row) => !ids.has(row.id)));
  store.set(name, lines(all));
  begin(name);
  merge(own);
  at = firstOpen();
  show(true);
});

$("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines(rows)], { type: "application/x-ndjson" }));
  link.download = `${data.rate}.${data.batch}.${rater}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  for (const row of rows) handedIn.add(row.id);
  say(`Saved as ${link.download}.`);
  hand();
});

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(lines(rows));
    say("Copied.");
  } catch {
    $("plain").hidden = false;
    $("plain-label").hidden = false;
    $("plain").value = lines(rows);
    $("plain").focus();
    $("plain").select();
    say("This browser does not let a page copy: select the text and copy it.");
  }
});

$("other").addEventListener("click", () => { store.set("rater", ""); say(""); ask(); });

window.addEventListener("beforeunload", (event) => {
  if (rows.length && !stored && rows.some((row) => !handedIn.has(row.id))) event.preventDefault();
});

// Two tabs of one rater: what the other tab kept counts here too.
window.addEventListener("storage", (event) => {
  if (!rater || event.key !== store.place(rater)) return;
  merge(parsed(event.newValue));
  if (tasks[at] && said(tasks[at])) at = firstOpen();
  show(false);
});

// ------------------------------------------------------------------ keys and buttons

function act(one) { if (one.undo) undo(); else judge(one); }

function button(one, number) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.number = String(number);
  const text = document.createElement("span");
  text.textContent = one.text;
  made.append(text);
  made.dataset.key = one.key;
  if (one.name) made.setAttribute("aria-label", one.name);
  made.setAttribute("aria-keyshortcuts", one.key);
  made.addEventListener("click", () => { if (made.getAttribute("aria-disabled") !== "true") act(one); });
  return made;
}

function reason(name, number) {
  const label = document.createElement("label");
  label.className = "reason";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.value = name;
  box.setAttribute("aria-keyshortcuts", REASON_KEYS[number]);
  const key = document.createElement("kbd");
  key.textContent = REASON_KEYS[number];
  key.setAttribute("aria-hidden", "true");
  label.append(box, document.createTextNode(name), key);
  return label;
}

function keyRow(key, text) {
  const row = document.createElement("tr");
  const cells = [document.createElement("td"), document.createElement("td")];
  const shownKey = document.createElement("kbd");
  shownKey.textContent = key;
  cells[0].append(shownKey);
  cells[1].textContent = text;
  row.append(...cells);
  return row;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("textarea, input:not([type=checkbox])");
  if (typing) {
    if (event.key === "Escape" && !$("item").hidden) $("prompt-title").focus();
    return;
  }
  if (!$("shortcuts").checked || $("verdicts").hidden || event.repeat) return;
  const key = event.key.toLowerCase();
  const one = VERDICTS.find((each) => each.key === key);
  const number = REASON_KEYS.indexOf(key);
  const box = key.length === 1 && number >= 0 ? $("reasons").querySelectorAll("input")[number] : null;
  if (one) { event.preventDefault(); act(one); }
  else if (box && !$("item").hidden) {
    event.preventDefault();
    box.checked = !box.checked;
    say(`${box.value}: ${box.checked ? "chosen" : "not chosen"}`);
  } else if (key === "n" && !$("item").hidden) {
    event.preventDefault();
    $("noting").open = true;
    $("note").focus();
  } else if (key === "?") {
    $("guide").open = !$("guide").open;
    if ($("guide").open) $("guide").querySelector("summary").focus();
  }
});

// ------------------------------------------------------------------ beginning

document.title = data.question;
$("question").textContent = data.question;
$("rubric").textContent = shown(data.guide);
$("rubric").hidden = !data.guide;
$("answers").classList.toggle("two", sided);
$("right-box").hidden = !sided;
if (!sided) $("left-title").textContent = "Answer";
$("verdicts").append(...VERDICTS.map(button));
$("why").hidden = !data.reasons.length;
$("reasons").append(...data.reasons.map(reason));
$("keys").append(
  ...VERDICTS.map((one) => keyRow(one.key, one.name || one.text)),
  ...(data.reasons.length ? [keyRow(REASON_KEYS.slice(0, data.reasons.length).split("").join(" "), "the reasons, in their order")] : []),
  keyRow("n", "a note; Esc leaves it"), keyRow("?", "this help"));
$("shortcuts").checked = store.get("shortcuts") !== "off";
$("shortcuts").addEventListener("change", () => store.set("shortcuts", $("shortcuts").checked ? "on" : "off"));
const last = store.get("rater");
if (last) begin(last); else ask();
