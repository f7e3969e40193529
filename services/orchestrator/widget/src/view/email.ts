// "E-mail me this answer": one press for who is known, an address first for a guest.

import { tellTrouble } from "../i18n.ts";
import type { Context } from "./context.ts";
import { button, fill, h, icon } from "./dom.ts";

export class EmailView {
  readonly button: HTMLButtonElement;
  readonly element = h("div", { class: "email" });
  #context: Context;
  #turnId: string;
  #busy = false;

  constructor(context: Context, turnId: string) {
    this.#context = context;
    this.#turnId = turnId;
    const { email } = context.words;
    this.button = button({ class: "icon-button small", "aria-label": email, title: email, onclick: () => this.#pressed() }, icon("mail"));
  }

  #pressed(): void {
    if (this.#context.actions.mails() === "asks") this.#ask();
    else void this.#send("");
  }

  #ask(): void {
    const { words } = this.#context;
    const field = h("input", { type: "email", name: "address", required: true, autocomplete: "email", "aria-label": words.address, placeholder: words.address, maxlength: "254" });
    const form = h(
      "form", { class: "ask" }, field,
      h("button", { type: "submit", class: "primary" }, words.emailSend),
      button({ class: "plain", onclick: () => this.#close() }, words.cancel),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send(field.value.trim());
    });
    fill(this.element, [form]);
    field.focus();
  }

  #close(): void {
    fill(this.element, []);
    this.button.focus();
  }

  async #send(address: string): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { words, actions } = this.#context;
    const trouble = await actions.email(this.#turnId, address);
    this.#busy = false;
    const said = trouble ? tellTrouble(words, trouble) : words.emailed;
    const asked = trouble && this.element.querySelector("form"); // the address stays until the mail is taken
    fill(this.element, [...(asked ? [asked] : []), h("p", { class: trouble ? "trouble" : "facts" }, said)]);
    if (address && !asked) this.button.focus();
    actions.announce(said);
  }
}
