// What keeps the whole conversation from going on: words, another try, and another way to write to the shop.

import { tellTrouble } from "../i18n.ts";
import { link } from "../markdown.ts";
import type { State } from "../model.ts";
import type { Trouble } from "../problems.ts";
import type { Context } from "./context.ts";
import { button, fill, h, icon } from "./dom.ts";

export class NoticeView {
  readonly element = h("div", { class: "notice", role: "alert" });
  /** What the page itself has put into the element: a contact form, say. Shown when there is no chat. */
  readonly fallback = h("slot", { hidden: true });
  #context: Context;
  #contact: string;
  /** What is shown: an alert that is made anew is read anew, and a press on its old button is lost. */
  #shown: Trouble | null = null;
  #down = false;

  constructor(context: Context, contact: string) {
    this.#context = context;
    this.#contact = contact;
    this.element.hidden = true;
  }

  update({ trouble, phase }: State): void {
    this.element.hidden = !trouble;
    const down = phase === "beginning" && trouble !== null;
    this.fallback.hidden = !down;
    if (trouble === this.#shown && down === this.#down) return;
    this.#shown = trouble;
    this.#down = down;
    if (!trouble) return fill(this.element, []);
    const { words, actions } = this.#context;
    const gone = trouble.kind === "gone";
    const again = gone
      ? button({ class: "plain", onclick: () => actions.fresh() }, words.fresh)
      : button({ class: "plain", onclick: () => actions.retry() }, words.again);
    const contact = this.#contact && URL.canParse(this.#contact, document.baseURI) ? new URL(this.#contact, document.baseURI).href : "";
    const elsewhere = down && contact ? link(contact, words.contact) : null;
    fill(this.element, [
      h("p", { class: "trouble" }, icon("alert"), h("span", {}, tellTrouble(words, trouble))),
      h("div", { class: "choices" }, ...(trouble.kind === "running" ? [] : [again]), elsewhere),
    ]);
  }
}
