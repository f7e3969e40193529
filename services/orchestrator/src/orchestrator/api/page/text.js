// Text on the screen: only ever set as text, links only ever to http and https.

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function link(url, text) {
  let target;
  try {
    target = new URL(url, location.href);
  } catch {
    return element("span", "", text);
  }
  if (target.protocol !== "https:" && target.protocol !== "http:") return element("span", "", text);
  const made = element("a", "", text);
  made.href = target.href;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

const MARKS = /\[([^\]\n]+)\]\(([^)\s]+)\)|\*\*([^*\n]+)\*\*/g;

// Answers are plain text with Markdown links and bold words. Everything else stays as it was written.
export function showText(place, text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(MARKS)) {
    const [whole, name, url, bold] = found;
    parts.push(text.slice(end, found.index), bold ? element("strong", "", bold) : link(url, name));
    end = found.index + whole.length;
  }
  place.replaceChildren(...parts, text.slice(end));
}

// Buttons are replaced by what was decided. Who pressed one by keyboard goes on from there.
export function settle(choices, text, focus) {
  const decided = element("p", "decided", text);
  decided.tabIndex = -1;
  const held = focus || choices.contains(document.activeElement);
  choices.replaceWith(decided);
  if (held) decided.focus();
}

// One problem at a time: the same button pressed again tells the newest. `again` offers another try.
export function complain(place, text, again) {
  place.querySelector(":scope > .trouble")?.remove();
  const trouble = element("div", "trouble");
  trouble.append(element("p", "text problem", text));
  if (again) {
    const button = element("button", "quiet", "Try again");
    button.type = "button";
    button.addEventListener("click", () => {
      trouble.remove();
      again();
    });
    trouble.append(button);
  }
  place.append(trouble);
}
