// "Connect Slack": a one-time code, what to do with it, and for how long it is good.

import { clockTime, tellTrouble } from "../i18n.ts";
import type { State } from "../model.ts";
import type { SlackCode } from "../wire.ts";
import type { Context } from "./context.ts";
import { button, fill, focused, h, icon } from "./dom.ts";

export class SlackView {
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  #context: Context;
  #head: HTMLElement;
  #told = h("div", { class: "told" });
  /** The look that is open: what is answered to an earlier one is not shown. */
  #look: AbortController | null = null;

  constructor(context: Context) {
    const { words } = context;
    this.#context = context;
    this.button = button(
      { class: "icon-button", "aria-label": words.slack, title: words.slack, "aria-expanded": "false", hidden: true, onclick: () => this.#pressed() },
      icon("slack"),
    );
    this.#head = h("h3", { tabindex: "-1" }, words.slack);
    this.element = h(
      "section", { class: "slack", "aria-label": words.slack, hidden: true },
      this.#head, this.#told, button({ class: "plain", onclick: () => this.#leave() }, words.done),
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.stopPropagation(); // what is left is this, and not the chat
      this.#leave();
    });
  }

  update({ slack }: State): void {
    this.button.hidden = !slack;
    if (!slack) this.close();
  }

  /** Nothing of a code stays. */
  close(): void {
    this.#look?.abort();
    this.#look = null;
    this.element.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    fill(this.#told, []);
  }

  #leave(): void {
    this.close();
    this.button.focus();
  }

  #pressed(): void {
    if (this.#look) this.#leave();
    else this.#ask();
  }

  #ask(): void {
    this.#look?.abort();
    this.#look = new AbortController();
    this.element.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.#show([]);
    this.#head.focus();
    void this.#answered(this.#look.signal);
  }

  async #answered(look: AbortSignal): Promise<void> {
    const { words, actions } = this.#context;
    const told = await actions.slackCode();
    if (look.aborted) return;
    if ("code" in told) return this.#give(told, look);
    const said = tellTrouble(words, told);
    this.#show([h("p", { class: "trouble" }, icon("alert"), h("span", {}, said)), this.#another(words.again)]);
    actions.announce(said);
  }

  #give({ code, app, expires_in_s }: SlackCode, look: AbortSignal): void {
    const { words, lang, actions } = this.#context;
    const ms = expires_in_s * 1000;
    const until = clockTime(new Date(Date.now() + ms).toISOString(), lang);
    const shown = h("code", { dir: "ltr" }, code);
    const facts = h("p", { class: "facts" }, words.slackUntil(until));
    this.#show([h("p", {}, words.slackWrite(app)), h("div", { class: "choices" }, shown, this.#copy(code, shown)), facts]);
    actions.announce(`${words.slackWrite(app)} ${code}`);
    const over = setTimeout(() => this.#over(), ms);
    look.addEventListener("abort", () => clearTimeout(over));
  }

  /** Browsers copy on pages that come with TLS only; elsewhere the code is there to be marked. */
  #copy(code: string, shown: HTMLElement): HTMLButtonElement | null {
    const { words, actions } = this.#context;
    const clipboard = navigator.clipboard as Clipboard | undefined;
    if (!clipboard) return null;
    const copy = button({ class: "plain", onclick: () => void copied() }, words.copy);
    const copied = async (): Promise<void> => {
      const done = await clipboard.writeText(code).then(() => true, () => false);
      if (!done) getSelection()?.selectAllChildren(shown);
      copy.textContent = done ? words.copied : words.copyYourself;
      actions.announce(copy.textContent);
    };
    return copy;
  }

  #over(): void {
    const { words, actions } = this.#context;
    this.#show([h("p", { class: "facts" }, words.slackOver), this.#another(words.slackNew)]);
    actions.announce(words.slackOver);
  }

  #another(name: string): HTMLButtonElement {
    return button({ class: "primary", onclick: () => this.#ask() }, name);
  }

  /** The keyboard stays here, when what it was at is gone. */
  #show(nodes: HTMLElement[]): void {
    const at = focused(this.#told);
    fill(this.#told, nodes);
    if (at && !at.isConnected) this.#head.focus();
  }
}
