// The conversation on the page: its items, and where the reader is in it.

import type { Item, State } from "../model.ts";
import { AnswerView } from "./answer.ts";
import type { Context } from "./context.ts";
import { fill, h, unseen } from "./dom.ts";
import { QuestionView } from "./question.ts";
import { GrowingText } from "./text.ts";
import { WaitingView } from "./waiting.ts";

const ABOVE_PX = 12;
const SCROLLED_PX = 8;

interface ItemView {
  readonly element: HTMLElement;
  update(item: Item): void;
}

export class ThreadView {
  readonly element: HTMLElement;
  #context: Context;
  #list = h("ol", { class: "items" });
  #greeting: HTMLElement;
  #disclosure = h("p", { class: "disclosure", role: "note", dir: "auto" });
  #delivered: HTMLElement;
  #waiting: WaitingView;
  #views = new Map<string, { view: ItemView; shown: Item }>();
  #away = false;
  #at = 0;

  constructor(context: Context, greeting: string) {
    const { words } = context;
    this.#context = context;
    this.#greeting = h("p", { class: "greeting", dir: "auto" }, greeting || words.greeting);
    this.#delivered = h("p", { class: "facts delivered" }, words.withTeam);
    this.#waiting = new WaitingView(context);
    this.element = h(
      "div", { class: "thread", tabindex: "0", role: "group", "aria-label": words.conversation },
      this.#disclosure, this.#greeting, this.#list, this.#delivered, this.#waiting.element,
    );
    // What shrinks at the end moves the reader too, but leaves them at the end.
    this.element.addEventListener("scroll", () => {
      const at = this.element.scrollTop;
      if (this.#below() <= SCROLLED_PX) this.#away = false;
      else if (at < this.#at - SCROLLED_PX) this.#away = true;
      this.#at = at;
    });
  }

  update(state: State): void {
    this.#disclosure.textContent = state.disclosure;
    this.#disclosure.hidden = !state.disclosure;
    this.#greeting.hidden = state.phase === "beginning" || state.items.length > 0;
    const last = state.items.findLast((item) => !(item.kind === "answer" && item.outcome === "with_staff"));
    const waits = this.#waiting.update(state);
    this.#delivered.hidden = !(this.#waiting.element.hidden && state.answering === "staff" && last?.kind === "question" && last.status === "sent");
    const count = this.#views.size;
    let newest: HTMLElement | null = null;
    fill(this.#list, state.items.map((item) => {
      const known = this.#views.get(item.key);
      const view = known?.view ?? this.#made(item);
      if (known?.shown !== item) {
        view.update(item);
        newest = view.element;
      }
      this.#views.set(item.key, { view, shown: item });
      return view.element;
    }));
    const keys = new Set(state.items.map(({ key }) => key));
    for (const key of this.#views.keys()) if (!keys.has(key)) this.#views.delete(key);
    if (count === 0 && this.#views.size > 2) this.toEnd(); // a conversation that was found again
    else if (newest) this.#follow(newest);
    if (waits) this.#follow(this.#waiting.element);
  }

  /** The person has written: what comes is followed, wherever they were. */
  toEnd(): void {
    this.#away = false;
    this.element.scrollTop = this.element.scrollHeight;
    this.#at = this.element.scrollTop;
  }

  /** The text of an answer as it is shown, for who hears it. */
  said(key: string): string {
    return this.#views.get(key)?.view.element.querySelector(".text")?.textContent.trim() ?? "";
  }

  #made(item: Item): ItemView {
    if (item.kind === "question") return new QuestionView(this.#context) as ItemView;
    if (item.kind === "answer") return new AnswerView(this.#context) as ItemView;
    const text = new GrowingText();
    const element = h("li", { class: "item staff" }, h("p", { class: "by" }, this.#context.words.staff, unseen(": ")), text.element);
    return { element, update: (one) => text.update(one.kind === "staff" ? one.text : "", false) };
  }

  // What grows is followed while its beginning is on the screen, and not when the reader has scrolled back.
  #follow(item: HTMLElement): void {
    if (this.#away || !item.isConnected) return;
    const above = item.getBoundingClientRect().top - this.element.getBoundingClientRect().top - ABOVE_PX;
    this.element.scrollTop += Math.max(0, Math.min(above, this.#below()));
    this.#at = this.element.scrollTop;
  }

  /** How many pixels are left to scroll. */
  #below(): number {
    return this.element.scrollHeight - this.element.clientHeight - this.element.scrollTop;
  }
}
