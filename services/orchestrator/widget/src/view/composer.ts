// Where the person writes: Enter sends, Shift and Enter break the line, and what an input method composes is left alone.

import { sendable } from "../sendable.ts";
import type { Context } from "./context.ts";
import { button, h, icon } from "./dom.ts";

export const MAX_TEXT = 4000;
const COUNT_FROM = 3600;
const MAX_HEIGHT_PX = 160;

export class ComposerView {
  readonly element: HTMLFormElement;
  #context: Context;
  #box: HTMLTextAreaElement;
  #send: HTMLButtonElement;
  #count: HTMLElement;
  #stop: HTMLButtonElement;
  #busy = false;

  constructor(context: Context) {
    const { words, actions } = context;
    this.#context = context;
    this.#box = h("textarea", {
      rows: "1", maxlength: String(MAX_TEXT), placeholder: words.write, "aria-label": words.write, autocomplete: "off", dir: "auto", enterkeyhint: "send",
    });
    this.#send = h("button", { type: "submit", class: "send", "aria-label": words.send, title: words.send }, icon("send"));
    this.#count = h("p", { class: "count", hidden: true });
    this.#stop = button({ class: "chip-button stop", hidden: true, onclick: () => void this.#stopped() }, icon("stop"), words.stop);
    const person = button({ class: "chip-button person", onclick: () => actions.person() }, icon("person"), words.person);
    this.element = h(
      "form", { class: "composer" },
      h("div", { class: "tools" }, person, this.#stop), this.#count, h("div", { class: "field" }, this.#box, this.#send),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("input", () => {
      this.#fit();
      context.actions.keepDraft(this.#box.value);
    });
  }

  /** `busy`: an answer is being made, which can be stopped, and nothing is sent meanwhile. */
  update(busy: boolean): void {
    this.#busy = busy;
    if (!busy && this.#stop.contains((this.element.getRootNode() as ShadowRoot).activeElement)) this.focus();
    this.#stop.hidden = !busy;
    if (!busy) this.#stop.removeAttribute("aria-disabled");
    this.#ready();
  }

  focus(): void {
    this.#box.focus({ preventScroll: true });
  }

  /** Words that were begun before the page was loaded again. */
  restore(draft: string): void {
    if (!this.#box.value) this.#box.value = draft;
    this.#fit();
  }

  #key(event: KeyboardEvent): void {
    // 229: browsers that end a composition with this very key.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit(): void {
    const text = this.#box.value;
    if (!sendable(text) || this.#busy) return;
    this.#box.value = "";
    this.#context.actions.keepDraft("");
    this.#fit();
    this.focus();
    this.#context.actions.send(text);
  }

  async #stopped(): Promise<void> {
    if (this.#stop.getAttribute("aria-disabled") === "true") return;
    this.#stop.setAttribute("aria-disabled", "true");
    if (!(await this.#context.actions.stop())) this.#stop.removeAttribute("aria-disabled");
  }

  #ready(): void {
    this.#send.setAttribute("aria-disabled", String(this.#busy || !sendable(this.#box.value)));
  }

  #fit(): void {
    this.#ready();
    const left = MAX_TEXT - this.#box.value.length;
    this.#count.hidden = left > MAX_TEXT - COUNT_FROM;
    this.#count.textContent = this.#context.words.left(left);
    this.#box.style.height = "auto";
    const height = this.#box.scrollHeight + this.#box.offsetHeight - this.#box.clientHeight;
    if (height > 0) this.#box.style.height = `${Math.min(MAX_HEIGHT_PX, height)}px`;
  }
}
