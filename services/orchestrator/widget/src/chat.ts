// One visitor's conversation: begun or found again, kept in step with the server and the visitor's other tabs.

import type { Api } from "./api.ts";
import { newId } from "./ids.ts";
import type { Action, State } from "./model.ts";
import { newsOf, type News } from "./news.ts";
import { Problem, troubleOf } from "./problems.ts";
import { sendable } from "./sendable.ts";
import type { Clock } from "./sessions.ts";
import { BEGINNING, reduce } from "./state.ts";
import { Store, type Keep, type Word } from "./store.ts";
import { openTurns } from "./thread.ts";
import { Turns } from "./turns.ts";
import { unsentOf, wasSent, type Unsent } from "./unsent.ts";
import { watchStaff } from "./watch.ts";
import type { ConversationView, SessionAnswer } from "./wire.ts";

/** What the chat needs of the page. */
export interface Page {
  clock: Clock;
  local: Keep;
  tab: Keep;
  online(): boolean;
  visible(): boolean;
}

export class Chat {
  readonly streams = { work: true };
  session: SessionAnswer | null = null;
  sessionId = "";
  id = "";
  #state: State = BEGINNING;
  #life = new AbortController();
  #beginning: Promise<void> | null = null;
  turns = new Turns(this);
  #store: Store | null = null;
  #again = new Map<string, (address?: string) => Promise<void>>();
  #messages = new Set<string>();
  /** What the page before could not send, until the conversation is known. */
  #unsent: Unsent | null = null;
  #asks = 0;
  #watched: AbortSignal | null = null;
  /** The conversation in which a person is being asked for. */
  #wished: AbortSignal | null = null;
  #wake: () => void = () => undefined;
  #waking: Promise<void> = this.#sleep();

  constructor(readonly api: Api, readonly page: Page, readonly heard: (state: State, action: Action, news: News[]) => void) {}

  get clock(): Clock {
    return this.page.clock;
  }

  get life(): AbortSignal {
    return this.#life.signal;
  }

  get draft(): string {
    return this.#store?.draft() ?? "";
  }

  state = (): State => this.#state;
  online = (): boolean => this.page.online();
  visible = (): boolean => this.page.visible();
  woken = (): Promise<void> => this.#waking;
  changed = (): void => this.#store?.tell("changed");
  keepDraft = (text: string): void => this.#store?.keepDraft(text);

  dispatch(action: Action): void {
    if (this.life.aborted) return;
    if (action.type === "asked" || action.type === "accepted") this.#asks += 1;
    const before = this.#state;
    this.#state = reduce(before, action);
    if (action.type !== "event") this.#keep();
    this.heard(this.#state, action, newsOf(before, this.#state));
    if (this.#state.answering === "staff") this.#watch();
  }

  #keep(): void {
    this.#store?.keepUnsent(unsentOf(this.#state, this.sessionId, (key) => this.#messages.has(key)) ?? this.#unsent);
  }

  /** One watch per life of a conversation. */
  #watch(): void {
    if (this.#watched === this.life) return;
    const life = (this.#watched = this.life);
    void watchStaff(this).finally(() => {
      if (this.#watched === life) this.#watched = null;
    });
  }

  /** Find or begin the conversation. Never throws: the state has the trouble. */
  async begin(): Promise<void> {
    await this.begun().catch(() => undefined); // told by the state
  }

  begun(): Promise<void> {
    const { life } = this;
    this.#beginning ??= this.#begin(life).catch((error: unknown) => {
      if (life.aborted) throw error;
      this.#beginning = null;
      this.dispatch({ type: "trouble", trouble: troubleOf(error, this.online()) });
      throw error;
    });
    return this.#beginning;
  }

  /** Who leaves meanwhile is not begun for: nothing of it may come into the next conversation. */
  async #begin(life: AbortSignal): Promise<void> {
    const session = await this.api.session();
    if (life.aborted) return;
    this.session = session;
    this.streams.work = session.transport !== "poll";
    this.#store ??= new Store(session.visitor, this.page.local, this.page.tab, (word) => this.#told(word));
    const { id, known } = this.#store.sessionId();
    this.sessionId = id;
    this.#unsent ??= this.#store.unsent(id);
    const { conversation_id, disclosure = "", slack = false } = await this.api.begin(id);
    if (life.aborted) return;
    this.id = conversation_id;
    const view = known ? await this.read() : null;
    if (life.aborted) return;
    if (view) this.#seen(view);
    this.#restore();
    this.dispatch({ type: "began", disclosure, slack: slack && !!session.routes.slack });
  }

  #restore(): void {
    const unsent = this.#unsent;
    this.#unsent = null;
    if (!unsent || this.#messages.has(unsent.key) || wasSent(this.#state, unsent)) return;
    this.#message(unsent.key, unsent.text);
    this.dispatch({ type: "kept", key: unsent.key, text: unsent.text });
  }

  /** The conversation as it is now: what was read while something was sent is read again. */
  async read(): Promise<ConversationView> {
    for (;;) {
      const asks = this.#asks;
      const view = await this.api.read(this.id, this.life);
      if (asks === this.#asks) return view;
    }
  }

  /** Look what has changed; what cannot be read now is read another time, and told only to who `asked`. */
  async refresh(asked = false): Promise<void> {
    const { life } = this;
    if (!this.id || life.aborted) return;
    try {
      const view = await this.read();
      if (!life.aborted) this.#seen(view);
    } catch (error) {
      if (life.aborted || !(asked || (error instanceof Problem && error.status === 404))) return;
      this.dispatch({ type: "trouble", trouble: troubleOf(error, this.online()) });
    }
  }

  #seen(view: ConversationView): void {
    this.dispatch({ type: "view", view });
    const over = new Set(this.#state.items.map((item) => (item.kind === "answer" && item.outcome !== null ? item.turnId : "")));
    for (const turn of openTurns(view)) if (!over.has(turn)) void this.#follow(turn);
  }

  /** A conversation names the oldest of its turns only: after its end there may be another one. */
  async #follow(turnId: string): Promise<void> {
    if (await this.turns.follow(turnId)) await this.refresh();
  }

  #told(word: Word): void {
    if (word === "fresh") this.#restart();
    else void this.refresh();
  }

  /** Something was decided here: whoever waits for it looks at once. */
  wake(): void {
    this.#wake();
    this.#waking = this.#sleep();
  }

  /** What of the text can be sent; nothing is left of some, and that is no message. */
  async send(text: string): Promise<void> {
    const words = sendable(text);
    if (words) await this.#message(newId("msg_"), words)();
  }

  /** What sends the message, now or again. */
  #message(key: string, text: string): (address?: string) => Promise<void> {
    this.#messages.add(key);
    return this.#repeatable(key, (address) => this.turns.send(text, key, address));
  }

  /** Once at a time: a second press is the same wish. */
  async askForPerson(words: string): Promise<void> {
    const { life } = this;
    if (this.#wished === life) return;
    this.#wished = life;
    const key = newId("msg_");
    await this.#repeatable(key, () => this.turns.handOff(words, key))();
    if (this.#wished === life) this.#wished = null;
  }

  #repeatable(key: string, how: (address?: string) => Promise<void>): (address?: string) => Promise<void> {
    this.#again.set(key, how);
    return how;
  }

  /** Send it again, with an address for the answer if there is one. */
  async again(key: string, address = ""): Promise<void> {
    await this.#again.get(key)?.(address);
  }

  /** Give up what could not be sent. */
  discard(key: string): void {
    this.dispatch({ type: "discarded", key });
  }

  /** Leave this conversation and begin a new one, in all tabs. */
  fresh(): void {
    this.#store?.freshSessionId();
    this.#store?.tell("fresh");
    this.#restart();
  }

  #restart(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.turns = new Turns(this);
    this.#again.clear();
    this.#messages.clear();
    this.#unsent = null;
    this.#store?.keepUnsent(null);
    this.#state = BEGINNING;
    this.#beginning = null;
    this.id = "";
    this.heard(this.#state, { type: "trouble", trouble: null }, []);
    void this.begin();
  }

  leave(): void {
    this.#life.abort();
    this.#store?.close();
  }

  #sleep(): Promise<void> {
    return new Promise((done) => {
      this.#wake = done;
    });
  }
}
