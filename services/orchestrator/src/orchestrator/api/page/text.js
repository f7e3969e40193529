// Text on the screen: only ever set as text.

const HEARD = 5;

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Lines are added, not replaced: two that come at once are both read out.
export function announce(text) {
  const place = document.getElementById("announcer");
  place.append(element("p", "", text));
  while (place.childElementCount > HEARD) place.firstElementChild.remove();
}

// Buttons are replaced by what was decided. Who pressed one by keyboard goes on from there.
export function settle(choices, text) {
  const decided = element("p", "decided", text);
  decided.tabIndex = -1;
  choices.replaceWith(decided);
  decided.focus();
}

// One problem at a time: the same button pressed again tells the newest.
export function complain(place, text) {
  place.querySelector(":scope > .problem")?.remove();
  place.append(element("p", "problem", text));
}
