// All parts of the view together: what a state looks like, and what is said aloud.

import { tellTrouble } from "../i18n.ts";
import type { Action, State } from "../model.ts";
import type { News } from "../news.ts";
import { working } from "../state.ts";
import { ComposerView } from "./composer.ts";
import type { Context } from "./context.ts";
import { fill, h } from "./dom.ts";
import { farewell } from "./farewell.ts";
import { NoticeView } from "./notice.ts";
import { PanelView, type Look } from "./panel.ts";
import { SlackView } from "./slack.ts";
import { ThreadView } from "./thread.ts";

export interface Wish extends Look {
  greeting: string;
  contact: string;
}

export class ChatView {
  readonly element = h("div", { class: "root" });
  readonly panel: PanelView;
  readonly composer: ComposerView;
  #context: Context;
  #thread: ThreadView;
  #notice: NoticeView;
  #slack: SlackView;
  #piece: [State, Action] | null = null;
  #farewell = h("div", { class: "farewells", hidden: true });
  // Only what is finished is said aloud, once: an answer that streams into a live region is read piece by piece.
  #aloud = h("p", { class: "unseen", role: "status", "aria-live": "polite" });

  constructor(context: Context, wish: Wish, moved: (open: boolean) => void) {
    this.#context = context;
    this.#thread = new ThreadView(context, wish.greeting);
    this.composer = new ComposerView(context);
    this.#notice = new NoticeView(context, wish.contact);
    this.#slack = new SlackView(context);
    const body = [this.#thread.element, this.#slack.element, this.#farewell, this.#notice.element, this.#notice.fallback, this.composer.element];
    this.panel = new PanelView(context, wish, [this.#slack.button], body, moved);
    this.element.classList.add(wish.floating ? "floating" : "inline");
    this.element.append(this.panel.element, ...(wish.floating ? [this.panel.launcher] : []), this.#aloud);
  }

  /** Pieces of text are shown once per frame; everything else at once, with the pieces before it. */
  update(state: State, action: Action, news: News[]): void {
    if (action.type !== "event" || action.event.event !== "chunk" || document.hidden) return this.#show(state, action, news);
    if (this.#piece === null) requestAnimationFrame(() => this.#piece && this.#show(...this.#piece, []));
    this.#piece = [state, action];
  }

  #show(state: State, action: Action, news: News[]): void {
    const { words } = this.#context;
    this.#piece = null;
    if (state.phase === "beginning") this.#farewellOver(); // another tab has begun a new one
    this.#thread.update(state);
    if (action.type === "asked") this.#thread.toEnd();
    this.#notice.update(state);
    this.#slack.update(state);
    this.composer.update(working(state) !== null);
    const down = state.phase === "beginning" && state.trouble !== null;
    this.element.classList.toggle("down", down);
    this.composer.element.hidden = down || !this.#farewell.hidden;
    this.panel.answering.textContent = state.answering === "staff" ? words.byPerson : words.byAssistant;
    this.panel.answering.classList.toggle("staff", state.answering === "staff");
    this.panel.fresh.hidden = state.items.length === 0;
    this.element.classList.toggle("beginning", state.phase === "beginning" && state.trouble === null);
    this.#tell(action, news);
  }

  announce(text: string): void {
    this.#aloud.textContent = "";
    this.#aloud.textContent = text;
  }

  /** The keyboard goes on where the person was, when what they pressed is gone. */
  refocus(): void {
    if (document.activeElement !== document.body) return;
    const again = this.#notice.element.querySelector("button");
    if (again) again.focus();
    else this.composer.focus();
  }

  /** How was it? The composer waits meanwhile. */
  ask(done: (score: number | null) => void): void {
    const over = (score: number | null): void => {
      this.#farewellOver();
      this.composer.element.hidden = false;
      done(score);
    };
    this.#slack.close();
    fill(this.#farewell, [farewell(this.#context, over)]);
    this.#farewell.hidden = false;
    this.composer.element.hidden = true;
    this.#farewell.querySelector("h3")?.focus();
  }

  #farewellOver(): void {
    this.#farewell.hidden = true;
    fill(this.#farewell, []);
  }

  #tell(action: Action, news: News[]): void {
    const said = news.map((one) => this.#said(one)).filter(Boolean);
    if (said.length) {
      this.announce(said.join("\n"));
      this.panel.unread();
    }
    if (action.type === "failed" || action.type === "broken") this.announce(tellTrouble(this.#context.words, action.trouble));
  }

  #said(news: News): string {
    const { words } = this.#context;
    switch (news.kind) {
      case "answer":
        return this.#thread.said(news.answer.key);
      case "card":
        return news.card.kind === "confirmation" ? `${words.confirm}: ${news.card.summary}` : `${words.colleague}. ${words.colleagueWaits}`;
      case "staff":
        return `${words.staff}: ${news.text}`;
      case "team":
        return words.withTeam;
    }
  }
}
