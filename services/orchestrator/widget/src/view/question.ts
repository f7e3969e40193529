// What the person has written: plain text, with how it fares on its way.

import { tellTrouble } from "../i18n.ts";
import type { Question } from "../model.ts";
import { addressForm } from "./address.ts";
import type { Context } from "./context.ts";
import { button, fill, h, icon, unseen } from "./dom.ts";

export class QuestionView {
  readonly element = h("li", { class: "item question" });
  #context: Context;
  #text = h("p", { class: "bubble", dir: "auto" });
  #fate = h("div", { class: "fate" });
  /** Kept with what is written in it, for another try. */
  #address: HTMLElement | null = null;

  constructor(context: Context) {
    this.#context = context;
    this.element.append(unseen(`${context.words.you}: `), this.#text, this.#fate);
  }

  update({ key, text, status, trouble }: Question): void {
    const { words, actions } = this.#context;
    this.#text.textContent = text;
    this.element.classList.toggle("failed", status === "failed");
    if (status !== "failed") return fill(this.#fate, status === "sending" ? [unseen(words.sending)] : []);
    const offers = trouble?.mails && trouble.kind === "busy";
    const told = `${words.failed} ${offers ? words.mailOffer : trouble ? tellTrouble(words, trouble) : ""}`.trim();
    fill(this.#fate, [
      h("p", { class: "trouble" }, icon("alert"), h("span", {}, told)),
      ...(trouble?.mails ? [(this.#address ??= addressForm(words, (address) => actions.leaveAddress(key, address)))] : []),
      h(
        "div", { class: "choices" },
        button({ class: "plain", onclick: () => actions.again(key) }, words.again),
        button({ class: "plain", onclick: () => actions.discard(key) }, words.discard),
      ),
    ]);
  }
}
