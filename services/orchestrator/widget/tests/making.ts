// What the tests build with: events, a clock that jumps, responses.

import type { Action, Answer, State } from "../src/model.ts";
import { BEGINNING, reduce } from "../src/state.ts";
import type { Clock } from "../src/sessions.ts";
import type { Keep } from "../src/store.ts";
import type { ConversationView, StreamEvent } from "../src/wire.ts";

/** The state after all actions. */
export function after(...actions: Action[]): State {
  return actions.reduce(reduce, BEGINNING);
}

export const said = (turnId: string, event: StreamEvent): Action => ({ type: "event", turnId, event });
export const chunk = (text: string, offset: number): StreamEvent => ({ event: "chunk", text, offset });
export const end = (text: string, more: object = {}): StreamEvent => ({ event: "end", outcome: "answered", text, citations: [], links: {}, answering: "bot", ...more });
export const card = (event: "confirmation" | "approval", digest = "d1"): StreamEvent => ({ event, digest, summary: "Refund $5", expires_at: "2099-01-01T00:00:00Z", texts: [] });

/** One question that is answered by turn `t1`, so far. */
export const asking: Action[] = [
  { type: "asked", key: "k1", text: "Hello" },
  { type: "accepted", key: "k1", turnId: "t1" },
];

export function answerOf(state: State, turnId = "t1"): Answer {
  const found = state.items.find((item) => item.kind === "answer" && item.turnId === turnId);
  if (found?.kind !== "answer") throw new Error(`no answer of ${turnId}`);
  return found;
}

export function view(more: Partial<ConversationView> = {}): ConversationView {
  return { conversation_id: "c1", answering: "bot", status: "idle", open_turn: null, cards: [], messages: [], ...more };
}

export const message = (role: "customer" | "assistant" | "staff", text: string, turn_id: string | null = null): ConversationView["messages"][number] =>
  ({ role, text, turn_id, at: "2026-01-01T00:00:00Z" });

/** What a browser keeps. */
export class Memory implements Keep {
  values = new Map<string, string>();
  getItem = (key: string): string | null => this.values.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.values.set(key, value);
  removeItem = (key: string): void => void this.values.delete(key);
}

/** Pauses are over at once, and noted. */
export class JumpingClock implements Clock {
  at = 1_000_000;
  pauses: number[] = [];
  now = (): number => this.at;
  pause = async (ms: number): Promise<void> => {
    this.pauses.push(ms);
    this.at += ms;
    await Promise.resolve();
  };
}

/** A response whose body comes in these pieces, then ends or breaks. */
export function streaming(pieces: (string | Uint8Array)[], breaks = false): Response {
  const encoder = new TextEncoder();
  let next = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces[next++];
      if (piece !== undefined) controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      else if (breaks) controller.error(new TypeError("network error"));
      else controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

export function frame(id: string, { event, ...data }: StreamEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
