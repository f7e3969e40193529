// While nobody of the team has spoken: who is there and who is not, and for a guest a place for an address.

import { tellTrouble } from "../i18n.ts";
import type { State } from "../model.ts";
import { addressForm } from "./address.ts";
import type { Context } from "./context.ts";
import { fill, h } from "./dom.ts";

export class WaitingView {
  readonly element = h("div", { class: "waiting", hidden: true });
  #context: Context;
  #said = h("p", { class: "facts", dir: "auto" });
  #place = h("div");
  #trouble: HTMLElement | null = null;
  #busy = false;

  constructor(context: Context) {
    this.#context = context;
    this.element.append(this.#said, this.#place);
  }

  /** True when there is more to see than before. */
  update({ waiting }: State): boolean {
    const text = waiting?.text ?? "";
    const asks = waiting?.mailing === "wanted";
    const grows = text !== "" && text !== this.#said.textContent;
    this.element.hidden = !text;
    if (grows || !text) this.#said.textContent = text;
    if (grows) this.#context.actions.announce(text);
    // What is being written stays while the same is asked.
    if (asks !== this.#place.hasChildNodes()) {
      fill(this.#place, asks ? [addressForm(this.#context.words, (address) => void this.#leave(address))] : []);
      this.#tell("");
    }
    return grows;
  }

  async #leave(address: string): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { words, actions } = this.#context;
    const trouble = await actions.answerTo(address);
    this.#busy = false;
    this.#tell(trouble ? tellTrouble(words, trouble) : "");
  }

  #tell(trouble: string): void {
    this.#trouble?.remove();
    this.#trouble = trouble ? h("p", { class: "trouble", role: "alert" }, trouble) : null;
    if (this.#trouble) this.element.append(this.#trouble);
  }
}
