// Keys of the console: j and k go through cards and rows, a and d open the step that confirms, s sends a draft,
// e edits it, 1 to 3 insert a macro (with Alt while one types), Escape goes back.
"use strict";

const typing = (target) => target.closest("input, textarea, select") !== null;
const entries = () => [...document.querySelectorAll(".approval, .entry")];

function go(step) {
  const all = entries();
  const now = all.findIndex((one) => one.contains(document.activeElement));
  all[Math.min(all.length - 1, Math.max(0, now + step))]?.focus();
}

function open(key) {
  const near = document.activeElement?.closest(".approval") ?? document;
  near.querySelector(`[data-key="${key}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  const digit = /^Digit([123])$/.exec(event.code);
  const macro = digit && document.querySelector(`[data-macro][data-key="${digit[1]}"]`);
  if (macro && !event.ctrlKey && !event.metaKey && (event.altKey || !typing(event.target))) {
    event.preventDefault();
    return macro.click();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (["a", "d", "s", "Escape"].includes(event.key)) open(event.key);
  else if (event.key === "e" && document.getElementById("draft")) {
    event.preventDefault();
    document.getElementById("draft").focus();
  }
});

// A macro goes in where the cursor is. What it leaves open has to be filled in before the answer is sent.
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-macro]");
  const answer = document.getElementById("text");
  if (!chosen || !answer) return;
  answer.setRangeText(chosen.dataset.text, answer.selectionStart, answer.selectionEnd, "end");
  while (answer.scrollHeight > answer.clientHeight && answer.rows < 8) answer.rows += 1;
  document.getElementById("macro").value = chosen.dataset.macro;
  document.getElementById("inserted").textContent = "Inserted. You can edit it.";
  checkPlaces(answer);
  answer.focus();
});

function checkPlaces(answer) {
  const open = /\{(?:customer_name|order_number)\}/.exec(answer.value);
  answer.setCustomValidity(open ? `Write what belongs in the place of ${open[0]}.` : "");
}

document.addEventListener("input", (event) => {
  const macro = document.getElementById("macro");
  if (!macro || event.target.id !== "text") return;
  if (!event.target.value.trim()) macro.value = "";
  if (macro.value || !event.target.validity.valid) checkPlaces(event.target);
});

// A conversation opens at its newest message.
document.querySelector(".thread li:last-child")?.scrollIntoView({ block: "center" });

// What is fetched again keeps the focus, and which turns were open.
let open_turns = new Map();
let focused = "";
document.addEventListener("htmx:beforeSwap", () => {
  open_turns = new Map([...document.querySelectorAll("details.turn")].map((one) => [one.id, one.open]));
  focused = document.activeElement?.id ?? "";
});
document.addEventListener("htmx:afterSwap", () => {
  for (const one of document.querySelectorAll("details.turn")) if (open_turns.has(one.id)) one.open = open_turns.get(one.id);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
});
