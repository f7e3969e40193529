// The calls of the widget: URLs from the session's routes, its headers on each, once more with a new session.

import { isStale, Problem, problemOf, Unreachable } from "./problems.ts";
import { reach, type Fetch, type Sessions } from "./sessions.ts";
import type { ConversationView, RouteName, SessionAnswer, SlackCode } from "./wire.ts";

interface Call {
  body?: unknown;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Fills in what the route leaves open, and adds the rest as a query. A route may have a query already. */
export function urlOf(route: string, query: Record<string, string>): string {
  const rest = { ...query };
  const filled = route.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = rest[name];
    if (value === undefined) return whole;
    delete rest[name];
    return encodeURIComponent(value);
  });
  const added = new URLSearchParams(rest).toString();
  return added ? `${filled}${filled.includes("?") ? "&" : "?"}${added}` : filled;
}

/** What must be an object: a page of a firewall, say, is no answer. */
export function there<T>(body: T | null): T {
  if (typeof body !== "object" || body === null) throw new Unreachable("no JSON");
  return body;
}

/** The public API as the host of the page offers it. All methods throw Problem or Unreachable. */
export class Api {
  #sessions: Sessions;
  #fetch: Fetch;
  #lang: string;

  constructor(sessions: Sessions, fetch: Fetch, lang: string) {
    this.#sessions = sessions;
    this.#fetch = fetch;
    this.#lang = lang;
  }

  session(): Promise<SessionAnswer> {
    return this.#sessions.current();
  }

  /** Begin the conversation of this name, or find it again; `disclosure` says who answers, `slack` whether this person
   * can connect their account there.
   */
  async begin(sessionId: string): Promise<{ conversation_id: string; disclosure?: string; slack?: boolean }> {
    const body = { session_id: sessionId, context: { language: this.#lang } };
    return there(await this.#json("POST", "conversations", { body }));
  }

  async read(conversation: string, signal?: AbortSignal): Promise<ConversationView> {
    return there(await this.#json("GET", "conversation", { query: { conversation_id: conversation }, signal }));
  }

  /** Send a message. The same key again is the same turn. The answer is a stream of events, or JSON; when too many wait
   * it is e-mailed to `mailTo`, if there is one.
   */
  chat(sessionId: string, message: string, key: string, how: "stream" | "json", signal: AbortSignal, mailTo = ""): Promise<Response> {
    const accept = how === "stream" ? "text/event-stream" : "application/json";
    const body = { session_id: sessionId, message, ...(mailTo ? { mail_to: mailTo } : {}) };
    return this.#call("POST", "chat", { body, signal, headers: { accept, "idempotency-key": key } });
  }

  /** The events of a turn behind the last one that was seen. */
  stream(conversation: string, turn: string, last: string, signal: AbortSignal): Promise<Response> {
    const headers = { accept: "text/event-stream", ...(last ? { "last-event-id": last } : {}) };
    return this.#call("GET", "stream", { query: { conversation_id: conversation, turn_id: turn }, headers, signal });
  }

  decide(conversation: string, turn: string, digest: string, confirmed: boolean): Promise<unknown> {
    return this.#json("POST", "confirmations", { body: { conversation_id: conversation, turn_id: turn, digest, confirmed } });
  }

  /** Ask for a person; what people say is e-mailed to `mailTo` too, if there is one. */
  async handOff(conversation: string, key: string, mailTo = ""): Promise<{ turn_id: string }> {
    const body = { conversation_id: conversation, client_turn_id: key, ...(mailTo ? { mail_to: mailTo } : {}) };
    return there(await this.#json("POST", "handoff", { body }));
  }

  stop(conversation: string, turn: string): Promise<unknown> {
    return this.#json("POST", "stop", { body: { conversation_id: conversation, turn_id: turn } });
  }

  /** Say what one thinks of an answer: what is sent replaces what was said before. */
  rate(conversation: string, turn: string, rating: object): Promise<unknown> {
    return this.#json("POST", "feedback", { body: { conversation_id: conversation, turn_id: turn, ...rating } });
  }

  email(conversation: string, turn: string, address: string): Promise<unknown> {
    const to = address ? { address } : {};
    return this.#json("POST", "email", { body: { conversation_id: conversation, turn_id: turn, ...to } });
  }

  async slackCode(): Promise<SlackCode> {
    return there(await this.#json("POST", "slack", { body: {} }));
  }

  async #json<T>(method: string, route: RouteName, call: Call): Promise<T | null> {
    const response = await this.#call(method, route, call);
    return (await response.json().catch(() => null)) as T | null;
  }

  async #call(method: string, route: RouteName, call: Call): Promise<Response> {
    const session = await this.#sessions.current();
    try {
      return await this.#once(session, method, route, call);
    } catch (error) {
      if (!(error instanceof Problem && isStale(error))) throw error;
      return this.#once(await this.#sessions.renewed(session), method, route, call);
    }
  }

  async #once(session: SessionAnswer, method: string, route: RouteName, call: Call): Promise<Response> {
    const template = session.routes[route];
    if (!template) throw new Problem(404, "not_found");
    const headers: Record<string, string> = { accept: "application/json", "accept-language": this.#lang, ...call.headers, ...session.headers };
    const options: RequestInit = { method, headers, credentials: session.credentials, cache: "no-store" };
    if (call.body !== undefined) {
      headers["content-type"] = "application/json";
      options.body = JSON.stringify(call.body);
    }
    if (call.signal) options.signal = call.signal;
    const response = await reach(this.#fetch, urlOf(template, call.query ?? {}), options);
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}
