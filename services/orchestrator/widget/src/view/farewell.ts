// The end of a conversation: how it was, from one to five, and then a new one.

import type { Context } from "./context.ts";
import { button, h } from "./dom.ts";

/** `done` is called with the score, or with null when the person skips it. */
export function farewell({ words }: Context, done: (score: number | null) => void): HTMLElement {
  const choices = words.stars.map((name, index) =>
    button({ class: "star", onclick: () => done(index + 1) }, h("span", { class: "score", "aria-hidden": "true" }, String(index + 1)), h("span", {}, name)),
  );
  const asked = h(
    "section", { class: "farewell", "aria-label": words.rate },
    h("h3", { tabindex: "-1" }, words.rate), h("div", { class: "stars" }, ...choices),
    button({ class: "plain", onclick: () => done(null) }, words.skip),
  );
  return asked;
}
