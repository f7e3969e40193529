// Sends messages and follows the turns that answer them, each by one line at a time.

import type { Api } from "./api.ts";
import { child } from "./clock.ts";
import { follow, poll, type Line } from "./follow.ts";
import { awaitLate } from "./late.ts";
import { Problem, troubleOf, troubleOfAddress } from "./problems.ts";
import type { Clock } from "./sessions.ts";
import { isLate, type Action, type State } from "./model.ts";
import { FIRST_BYTE_MS, inTime, Silent } from "./stream.ts";
import type { ChatAnswer, ConversationView } from "./wire.ts";

/** The conversation that the turns belong to. `begun` resolves once it is known to the server. */
export interface Conversation {
  api: Api;
  clock: Clock;
  life: AbortSignal;
  streams: { work: boolean };
  sessionId: string;
  id: string;
  state(): State;
  begun(): Promise<void>;
  dispatch(action: Action): void;
  read(): Promise<ConversationView>;
  refresh(): Promise<void>;
  online(): boolean;
  visible(): boolean;
  changed(): void;
  woken(): Promise<void>;
}

export class Turns {
  #of: Conversation;
  /** Of this conversation: who leaves it gets nothing of its turns in the next one. */
  #life: AbortSignal;
  #running = new Map<string, AbortController>();
  /** Who wants to stop a message whose turn is not known yet. */
  #stops = new Map<string, (turnId: string) => void>();
  /** Turns whose answers come by e-mail, and are waited for here. */
  #late = new Set<string>();

  constructor(conversation: Conversation) {
    this.#of = conversation;
    this.#life = conversation.life;
  }

  /** Send a message and follow its turn to the end. Sent again with the same key it is the same message; with an
   * `address` its answer may come there.
   */
  async send(text: string, key: string, address = ""): Promise<void> {
    const { api } = this.#of;
    await this.#asked(key, text, async () => {
      const stop = child(this.#life);
      if (!this.#of.streams.work) return this.#ask(key, text, address, stop);
      try {
        const posting = api.chat(this.#of.sessionId, text, key, "stream", stop.signal, address);
        return await this.#answered(key, await inTime(posting, FIRST_BYTE_MS, true), stop);
      } catch (error) {
        if (!(error instanceof Silent)) throw error;
        stop.abort();
        this.#of.streams.work = false;
        return this.#ask(key, text, address, child(this.#life));
      }
    }, address ? troubleOfAddress : troubleOf);
  }

  /** Ask for a person; `text` is how that reads in the conversation. */
  async handOff(text: string, key: string): Promise<void> {
    await this.#asked(key, text, async () => {
      const { turn_id } = await this.#of.api.handOff(this.#of.id, key);
      if (this.#life.aborted) return;
      this.#accepted(key, turn_id);
      await this.follow(turn_id);
    });
  }

  /** Follow a turn that goes on, true to its end; one that is followed already stays so. */
  async follow(turnId: string): Promise<boolean> {
    if (this.#running.has(turnId)) return false;
    this.#dispatch({ type: "following", turnId });
    return this.#run(turnId, child(this.#life), (line) => follow(line, turnId));
  }

  /** Stop the turn of this answer, at once or as soon as it is known; a message that fails needs no stop. */
  async stop(turnId: string, answerKey: string): Promise<void> {
    turnId ||= await new Promise<string>((known) => this.#stops.set(answerKey, known));
    if (turnId) await this.#of.api.stop(this.#of.id, turnId);
  }

  #known(key: string, turnId: string): void {
    this.#stops.get(`answer-${key}`)?.(turnId);
    this.#stops.delete(`answer-${key}`);
  }

  async #asked(key: string, text: string, how: () => Promise<void>, tell = troubleOf): Promise<void> {
    this.#dispatch({ type: "asked", key, text });
    try {
      await this.#of.begun();
      if (!this.#life.aborted) await how();
    } catch (error) {
      this.#known(key, "");
      this.#dispatch({ type: "failed", key, trouble: tell(error, this.#of.online()) });
    }
  }

  async #answered(key: string, response: Response, stop: AbortController): Promise<void> {
    if (this.#life.aborted) return;
    this.#of.id = response.headers.get("x-aiguy-conversation-id") || this.#of.id;
    const turnId = response.headers.get("x-aiguy-turn-id");
    if (!turnId) {
      // A proxy hides the headers: the conversation says what came of it.
      void response.body?.cancel();
      return this.#seen(key, stop);
    }
    this.#accepted(key, turnId);
    this.#running.get(turnId)?.abort();
    await this.#run(turnId, stop, (line) => follow(line, turnId, response));
  }

  /** Without a stream: the whole answer in one response, while the conversation is read. What is there first counts. */
  async #ask(key: string, text: string, address: string, stop: AbortController): Promise<void> {
    const posting = this.#of.api.chat(this.#of.sessionId, text, key, "json", stop.signal, address).then((response) => response.json());
    const reading = this.#seen(key, stop);
    reading.catch(() => undefined); // what comes of it counts only when it is awaited below
    let answer: ChatAnswer | null = null;
    try {
      answer = (await Promise.race([posting, reading]).catch((error: unknown) => this.#lost(key, error, reading))) ?? null;
    } finally {
      stop.abort();
    }
    if (this.#life.aborted) return;
    if (answer) await this.#whole(key, answer);
    this.#of.changed();
  }

  /** The message has no answer, but the conversation may have both: then what is read counts. */
  async #lost(key: string, error: unknown, reading: Promise<undefined>): Promise<undefined> {
    if (error instanceof Problem && error.status < 500) throw error;
    this.#dispatch({ type: "view", view: await this.#of.read() });
    if (!this.#turnOf(key)) throw error;
    return reading;
  }

  async #whole(key: string, answer: ChatAnswer): Promise<void> {
    const { turn_id: turnId, outcome, text, citations = [], links = {}, cards = [], answering = "bot" } = answer;
    this.#accepted(key, turnId);
    for (const { kind, turn_id: _, ...card } of cards) this.#dispatch({ type: "event", turnId, event: { event: kind, ...card } });
    if (outcome === null) return void (await this.follow(turnId));
    this.#dispatch({ type: "event", turnId, event: { event: "end", outcome, text, citations, links, answering } });
  }

  async #seen(key: string, stop: AbortController): Promise<undefined> {
    await poll(this.#line(stop, ""), () => {
      const turnId = this.#turnOf(key);
      if (turnId) this.#known(key, turnId);
      return turnId;
    });
  }

  /** "" while it is not known, null when the message was given up. */
  #turnOf(key: string): string | null {
    const found = this.#of.state().items.find((item) => item.key === key);
    return found?.kind === "question" && found.status !== "failed" ? found.turnId : null;
  }

  #accepted(key: string, turnId: string): void {
    this.#dispatch({ type: "accepted", key, turnId });
    this.#of.changed();
    this.#known(key, turnId);
  }

  async #run(turnId: string, stop: AbortController, how: (line: Line) => Promise<void>): Promise<boolean> {
    this.#running.set(turnId, stop);
    try {
      await how(this.#line(stop, turnId));
    } catch (error) {
      if (stop.signal.aborted) return false;
      this.#dispatch({ type: "broken", turnId, trouble: troubleOf(error, this.#of.online()) });
      return false;
    } finally {
      if (this.#running.get(turnId) === stop) this.#running.delete(turnId);
    }
    this.#of.changed();
    return !stop.signal.aborted;
  }

  #dispatch(action: Action): void {
    if (this.#life.aborted) return;
    this.#of.dispatch(action);
    if (action.type === "event" && action.event.event === "end" && action.event.outcome === "later") void this.#awaits(action.turnId);
  }

  /** The answer comes by e-mail: it is shown here too once it is there, with what the conversation knows of the mail. */
  async #awaits(turnId: string): Promise<void> {
    if (this.#late.has(turnId)) return;
    this.#late.add(turnId);
    const stop = child(this.#life);
    const awaited = (): boolean => this.#of.state().items.some((item) => item.kind === "answer" && item.turnId === turnId && isLate(item));
    const line = { ...this.#line(stop, turnId), awaited, visible: () => this.#of.visible() };
    const there = await awaitLate(line, turnId);
    this.#late.delete(turnId);
    if (!there) return;
    this.#of.changed();
    await this.#of.refresh();
  }

  #line({ signal }: AbortController, turnId: string): Line {
    const of = this.#of;
    return {
      signal,
      clock: of.clock,
      streams: of.streams,
      resume: (last) => of.api.stream(of.id, turnId, last, signal),
      read: () => of.read(),
      tell: (event) => this.#dispatch({ type: "event", turnId, event }),
      show: (view) => this.#dispatch({ type: "view", view }),
      woken: () => of.woken(),
    };
  }
}
