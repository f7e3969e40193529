// An answer as it comes: its steps, its words, its sources, its cards, and what one can do with it.

import { tellStep, tellTrouble } from "../i18n.ts";
import type { Answer } from "../model.ts";
import type { Trouble } from "../problems.ts";
import { CardView } from "./card.ts";
import type { Context } from "./context.ts";
import { button, fill, h, icon, kept, unseen } from "./dom.ts";
import { EmailView } from "./email.ts";
import { RatingView } from "./rating.ts";
import { linkList, SourcesView } from "./sources.ts";
import { GrowingText } from "./text.ts";

interface Feet {
  rating: RatingView;
  email: EmailView;
  row: HTMLElement;
}

/** What ends a turn without an answer of its own: nothing to rate, nothing to mail. */
const SILENT = new Set(["with_staff", "stopped", "declined", "expired", "later"]);

export class AnswerView {
  readonly element = h("li", { class: "item answer" });
  #context: Context;
  #text = new GrowingText();
  #steps = h("ul", { class: "steps" });
  #sources: SourcesView;
  #cards = new Map<string, CardView>();
  #feet: Feet | null = null;
  #links = kept(linkList);
  #fate = kept((trouble: Trouble, turnId: string) => this.#trouble(trouble, turnId));

  constructor(context: Context) {
    this.#context = context;
    this.#sources = new SourcesView(context);
  }

  update(answer: Answer): void {
    const { words } = this.#context;
    this.element.classList.toggle("live", answer.live);
    this.element.hidden = answer.outcome === "with_staff" && !answer.text;
    this.#text.update(answer.text, answer.live);
    this.#sources.update(answer.sources);
    fill(this.element, [
      unseen(`${words.assistant}: `),
      ...this.#progress(answer),
      this.#text.element,
      ...(answer.outcome === "stopped" && !answer.text ? [h("p", { class: "facts" }, words.stopped)] : []),
      ...(answer.links.length ? [this.#links(answer.links)] : []),
      this.#sources.element,
      ...(answer.mailed ? [h("p", { class: "facts" }, words.mailedToo)] : []),
      ...this.#cardNodes(answer),
      ...(answer.trouble ? [this.#fate(answer.trouble, answer.turnId)] : []),
      ...this.#foot(answer),
    ]);
  }

  /** While it works: the steps in human words, the newest last. An answer that is read needs them no more. */
  #progress(answer: Answer): Node[] {
    const { words } = this.#context;
    const waits = answer.cards.some((card) => ["open", "sending", "waits"].includes(card.status));
    if (!answer.live || waits) return [];
    const steps = answer.steps.length ? answer.steps : [{ name: "", label: words.working, phase: "started" as const }];
    this.#steps.replaceChildren(...steps.map((step, index) => {
      const now = index === steps.length - 1 && step.phase === "started";
      return h("li", { class: now ? "now" : step.phase }, tellStep(words, step));
    }));
    return [this.#steps];
  }

  #cardNodes(answer: Answer): Node[] {
    return answer.cards.map((card) => {
      const key = `${card.kind} ${card.digest}`;
      const known = this.#cards.get(key);
      if (known) {
        known.update(card);
        return known.element;
      }
      const made = new CardView(this.#context, answer.turnId, card);
      this.#cards.set(key, made);
      return made.element;
    });
  }

  #trouble(trouble: Trouble, turnId: string): HTMLElement {
    const { words, actions } = this.#context;
    return h(
      "div", { class: "fate" },
      h("p", { class: "trouble" }, icon("alert"), h("span", {}, tellTrouble(words, trouble))),
      button({ class: "plain", onclick: () => actions.followAgain(turnId) }, words.again),
    );
  }

  #foot(answer: Answer): Node[] {
    if (answer.live || answer.outcome === null || SILENT.has(answer.outcome) || !answer.turnId) return [];
    const feet = (this.#feet ??= this.#makeFoot(answer.turnId));
    feet.rating.update(answer.rating);
    return [feet.row, feet.rating.element, feet.email.element];
  }

  #makeFoot(turnId: string): Feet {
    const rating = new RatingView(this.#context, turnId);
    const email = new EmailView(this.#context, turnId);
    const row = h("div", { class: "row" }, rating.thumbs, this.#context.actions.mails() === "no" ? null : email.button);
    return { rating, email, row };
  }
}
