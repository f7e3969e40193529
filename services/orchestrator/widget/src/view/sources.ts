// The sources of an answer: a list that opens, each with the words that carry the answer; and the answer's files.

import { link } from "../markdown.ts";
import { plain } from "../plain.ts";
import type { Citation } from "../wire.ts";
import type { Context } from "./context.ts";
import { h } from "./dom.ts";

/** Closed at first; one that is open stays open while sources come. */
export class SourcesView {
  readonly element = h("details", { class: "sources" });
  #summary = h("summary");
  #list = h("ol");
  #context: Context;
  #shown = "";

  constructor(context: Context) {
    this.#context = context;
    this.element.append(this.#summary, this.#list);
  }

  update(sources: Citation[]): void {
    const now = JSON.stringify(sources);
    if (now === this.#shown) return;
    this.#shown = now;
    this.#summary.textContent = this.#context.words.sources(sources.length);
    this.#list.replaceChildren(
      ...sources.map(({ title, url, quote }) => {
        const words = plain(quote);
        return h("li", { dir: "auto" }, link(url, title), words ? h("blockquote", {}, words) : null);
      }),
    );
    this.element.hidden = sources.length === 0;
  }
}

/** Links of an answer, such as an invoice. */
export function linkList(links: [string, string][]): HTMLElement {
  const list = h("ul", { class: "links" }, ...links.map(([name, url]) => h("li", {}, link(url, name))));
  list.hidden = links.length === 0;
  return list;
}
