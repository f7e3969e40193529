// A card: one exact effect that the person agrees to or declines, or that a colleague looks at.

import { clockTime, tellTrouble } from "../i18n.ts";
import type { Card } from "../model.ts";
import type { Context } from "./context.ts";
import { button, fill, h, icon } from "./dom.ts";

export class CardView {
  readonly element: HTMLElement;
  #context: Context;
  #turnId: string;
  #digest: string;
  #yes: HTMLButtonElement;
  #no: HTMLButtonElement;
  #choices: HTMLElement;
  #foot = h("div", { class: "foot" });

  constructor(context: Context, turnId: string, card: Card) {
    const { words } = context;
    this.#context = context;
    this.#turnId = turnId;
    this.#digest = card.digest;
    this.#yes = button({ class: "primary", onclick: () => this.#decide(true) }, words.yes);
    this.#no = button({ class: "plain", onclick: () => this.#decide(false) }, words.no);
    this.#choices = h("div", { class: "choices" }, this.#yes, this.#no);
    const heading = card.kind === "confirmation" ? words.confirm : words.colleague;
    this.element = h(
      "section", { class: `card ${card.kind}`, "aria-label": heading },
      h("h3", {}, heading), h("p", { class: "summary", dir: "auto" }, card.summary), ...this.#texts(card), this.#foot,
    );
    this.update(card);
  }

  update(card: Card): void {
    const { words, lang } = this.#context;
    const { kind, status } = card;
    this.element.classList.toggle("settled", status !== "open" && status !== "sending" && status !== "waits");
    if (kind === "approval") {
      const said = status === "waits" ? words.colleagueWaits : words.colleagueDone;
      return fill(this.#foot, [h("p", { class: status === "waits" ? "facts waits" : "facts" }, said)]);
    }
    if (status === "open" || status === "sending") {
      // Not `disabled`, which would lose the focus: a second press is one press.
      for (const one of [this.#yes, this.#no]) one.setAttribute("aria-disabled", String(status === "sending"));
      const time = clockTime(card.expiresAt, lang);
      const trouble = card.trouble && h("p", { class: "trouble", role: "alert" }, icon("alert"), h("span", {}, tellTrouble(words, card.trouble)));
      const until = time ? h("p", { class: "facts" }, words.until(time)) : null;
      return fill(this.#foot, [trouble, this.#choices, until].filter((node): node is HTMLElement => node !== null));
    }
    const said = status === "yes" ? words.agreed : status === "no" ? words.declined : words.over;
    const decided = h("p", { class: `decided ${status}`, tabindex: "-1" }, status === "yes" ? icon("check") : null, h("span", {}, said));
    const held = this.element.contains(this.#focus());
    fill(this.#foot, [decided]);
    if (held) decided.focus();
  }

  #decide(confirmed: boolean): void {
    if (this.#yes.getAttribute("aria-disabled") === "true") return;
    this.#context.actions.decide(this.#turnId, this.#digest, confirmed);
  }

  #focus(): Element | null {
    const root = this.element.getRootNode();
    return root instanceof ShadowRoot ? root.activeElement : null;
  }

  /** What would be stored or sent, whole, and whose words it holds. */
  #texts({ texts }: Card): HTMLElement[] {
    const { words } = this.#context;
    return texts.flatMap(({ text, by }) => {
      const whose = by === "assistant" ? words.byTheAssistant : by === "others" ? words.byOthers : "";
      const quote = h("blockquote", { dir: "auto" }, text);
      return whose ? [quote, h("p", { class: "facts" }, whose)] : [quote];
    });
  }
}
