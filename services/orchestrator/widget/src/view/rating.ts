// Thumbs under an answer; after a thumb down, what was wrong.

import { tellTrouble } from "../i18n.ts";
import type { Rating } from "../model.ts";
import type { Trouble } from "../problems.ts";
import { sendable } from "../sendable.ts";
import type { Thumbs } from "../wire.ts";
import type { Context } from "./context.ts";
import { button, fill, focused, h, icon } from "./dom.ts";

export class RatingView {
  readonly element = h("div", { class: "rating" });
  readonly thumbs: HTMLElement;
  #context: Context;
  #turnId: string;
  #buttons: Record<Thumbs, HTMLButtonElement>;
  #said = h("p", { class: "facts", tabindex: "-1" });
  #reasons: HTMLFormElement | null = null;

  constructor(context: Context, turnId: string) {
    const { words } = context;
    this.#context = context;
    this.#turnId = turnId;
    const made = (thumbs: Thumbs): HTMLButtonElement =>
      button({ class: "icon-button small", "aria-pressed": "false", "aria-label": words[thumbs], title: words[thumbs],
        onclick: () => void this.#rate({ thumbs }) }, icon(thumbs));
    this.#buttons = { up: made("up"), down: made("down") };
    this.thumbs = h("div", { class: "thumbs", role: "group", "aria-label": words.helpful }, this.#buttons.up, this.#buttons.down);
  }

  update({ thumbs }: Rating): void {
    for (const name of ["up", "down"] as const) this.#buttons[name].setAttribute("aria-pressed", String(thumbs === name));
  }

  async #rate(rating: Rating): Promise<void> {
    const trouble = await this.#context.actions.rate(this.#turnId, rating);
    if (!trouble && rating.thumbs === "down" && !rating.tags) return this.#ask();
    this.#say(trouble);
  }

  /** What was written stays until it is taken. */
  #say(trouble: Trouble | null): void {
    const { words, actions } = this.#context;
    const held = this.#reasons?.contains(focused(this.element));
    const text = trouble ? tellTrouble(words, trouble) : words.thanks;
    this.#said.textContent = text;
    if (!trouble) this.#reasons = null;
    fill(this.element, this.#reasons ? [this.#reasons, this.#said] : [this.#said]);
    if (held && !trouble) this.#said.focus();
    actions.announce(text);
  }

  #ask(): void {
    this.#reasons ??= this.#form();
    fill(this.element, [this.#reasons]);
  }

  #form(): HTMLFormElement {
    const { words } = this.#context;
    const tags = Object.entries(words.tags).map(([tag, name]) =>
      h("label", { class: "chip" }, h("input", { type: "checkbox", name: "tag", value: tag }), h("span", {}, name)),
    );
    const comment = h("textarea", { name: "comment", rows: "2", maxlength: "2000", placeholder: words.comment, "aria-label": words.comment, dir: "auto" });
    const send = h("button", { type: "submit", class: "plain" }, words.sendRating);
    const reasons = h(
      "form", { class: "reasons" },
      h("fieldset", {}, h("legend", {}, words.why), h("div", { class: "chips" }, ...tags)), comment, send,
    );
    reasons.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = new FormData(reasons);
      void this.#rate({ thumbs: "down", tags: form.getAll("tag").map(String), comment: sendable(String(form.get("comment") ?? "")) });
    });
    return reasons;
  }
}
