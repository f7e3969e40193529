// The session that the page's host gives: asked for when needed, renewed shortly before its end.

import { problemOf, Unreachable } from "./problems.ts";
import type { SessionAnswer } from "./wire.ts";

/** A session this close to its end is renewed first: a call must not arrive after it. */
const RENEW_BEFORE_MS = 20_000;

export type Fetch = (url: string, options: RequestInit) => Promise<Response>;

export interface Clock {
  now(): number;
  pause(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Holds one session; whoever asks while one is being opened waits for that one. */
export class Sessions {
  #session: SessionAnswer | null = null;
  #endsAt = 0;
  #opening: Promise<SessionAnswer> | null = null;
  #url: string;
  #lang: string;
  #fetch: Fetch;
  #clock: Clock;
  #another: () => void;

  /** `another` is called when a renewed session is another person's. */
  constructor(url: string, lang: string, fetch: Fetch, clock: Clock, another: () => void = () => undefined) {
    this.#another = another;
    this.#url = url;
    this.#lang = lang;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** A session that can be used now. Throws Problem or Unreachable. */
  async current(): Promise<SessionAnswer> {
    if (this.#session && this.#clock.now() < this.#endsAt) return this.#session;
    return this.renewed();
  }

  /** A fresh session, `instead` of one that was refused: who comes second gets the first one's. */
  async renewed(instead: SessionAnswer | null = this.#session): Promise<SessionAnswer> {
    if (this.#session && this.#session !== instead) return this.#session;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open(): Promise<SessionAnswer> {
    const response = await reach(this.#fetch, this.#url, {
      method: "POST",
      credentials: "same-origin",
      cache: "no-store",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ lang: this.#lang }),
    });
    if (!response.ok) throw await problemOf(response);
    const session = (await response.json().catch(() => null)) as SessionAnswer | null;
    if (!session?.visitor || !session.routes?.chat) throw new Unreachable("no session");
    const before = this.#session;
    this.#session = session;
    if (before && before.visitor !== session.visitor) this.#another();
    this.#endsAt = this.#clock.now() + Math.max(5_000, session.expires_in * 1000 - RENEW_BEFORE_MS);
    return session;
  }
}

/** A browser's own words for a failed request mean nothing to a customer: it becomes Unreachable. */
export async function reach(fetch: Fetch, url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable("no answer", { cause: error });
  }
}
