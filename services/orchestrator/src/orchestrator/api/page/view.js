// What surrounds the conversation: who answers, who the visitor is, what is read out.

import { element } from "./text.js";

const $ = (id) => document.getElementById(id);

const HEARD = 5;

// Lines are added, not replaced: two that come at once are both read out.
export function announce(text) {
  const place = $("announcer");
  place.append(element("p", "", text));
  while (place.childElementCount > HEARD) place.firstElementChild.remove();
}

export function showAnswering(who) {
  $("answering").textContent = who === "staff" ? "A person answers" : "The assistant answers";
}

export function showDisclosure(text) {
  $("disclosure").textContent = text;
  $("disclosure").hidden = !text;
}

export function showWho(who) {
  for (const choice of document.querySelectorAll("input[name=who]")) choice.checked = choice.value === who;
}

export function showPlace(staff) {
  $("desk").hidden = !staff;
  for (const id of ["messages", "composer", "person", "fresh"]) $(id).hidden = staff;
  if (staff) $("hints").hidden = true;
  $("answering").textContent = staff ? "You approve or deny" : "";
}

export function showExamples(texts, choose) {
  for (const text of texts) {
    const button = element("button", "", text);
    button.type = "button";
    button.addEventListener("click", () => choose(text));
    $("examples").append(button);
  }
}
