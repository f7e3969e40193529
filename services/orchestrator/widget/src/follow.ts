// Follows one turn to its end: by its stream, resumed where it broke; by reading the conversation where that fails.

import { Lost, Problem, Unreachable } from "./problems.ts";
import { eventsOf, inTime, Silent, FIRST_BYTE_MS } from "./stream.ts";
import { openTurns } from "./thread.ts";
import type { Clock } from "./sessions.ts";
import type { ConversationView, StreamEvent } from "./wire.ts";

/** How often a stream is resumed without an event between. */
const RESUMES = 8;
const STAFF_POLL_MS = [3_000, 15_000] as const;
const POLL_MS = [1_000, 4_000] as const;

/** What following a turn needs, and whom it tells. `streams`: whether streams get through, as far as is known. */
export interface Line {
  clock: Clock;
  signal: AbortSignal;
  streams: { work: boolean };
  resume(last: string): Promise<Response>;
  read(): Promise<ConversationView>;
  tell(event: StreamEvent): void;
  show(view: ConversationView): void;
  /** Resolves when the person has decided something here: then it is worth to look at once. */
  woken(): Promise<void>;
}

/** To the end of the turn, beginning with the stream `first` where there is one. Throws Problem or Lost. */
export async function follow(line: Line, turnId: string, first: Response | null = null): Promise<void> {
  let response = first;
  let last = "";
  for (let attempt = 0; attempt <= RESUMES; attempt += 1) {
    if (!line.streams.work && !response) return poll(line, () => turnId);
    let waits = false;
    let failure: Problem | null = null;
    try {
      response ??= await inTime(line.resume(last), FIRST_BYTE_MS, true);
      for await (const { id, event } of eventsOf(response)) {
        attempt = 0;
        last = id || last;
        if (event.event === "error") {
          if (event.problem.code === "deadline_exceeded") break; // it still waits: follow it again
          failure = new Problem(500, event.problem.code ?? "", event.problem.retry_after_s ?? null);
          break;
        }
        line.tell(event);
        if (event.event === "end") return;
        waits = event.event === "approval" || event.event === "confirmation" || (waits && event.event === "status");
      }
    } catch (error) {
      if (line.signal.aborted || (error instanceof Problem && !mayPass(error))) throw error;
      if (error instanceof Silent && error.held) line.streams.work = false;
    }
    response = null;
    if (failure) throw failure;
    if (line.signal.aborted) return;
    if (waits && (await waited(line, turnId))) return;
    await line.clock.pause(Math.min(8_000, 250 * 2 ** attempt), line.signal);
  }
  throw new Lost("the stream broke too often");
}

function mayPass({ status }: Problem): boolean {
  return status === 429 || status >= 500;
}

/** The stream closed while a card was open: read until that has changed. True when the turn is over. */
async function waited(line: Line, turnId: string): Promise<boolean> {
  const card = (view: ConversationView): string =>
    view.cards.filter((one) => one.turn_id === turnId).map((one) => one.kind + one.digest).join();
  let before: string | null = null;
  return reading(line, STAFF_POLL_MS, (view) => {
    if (!openTurns(view).has(turnId)) return true;
    const changed = view.open_turn === turnId || (before !== null && before !== card(view));
    before = card(view);
    return changed ? false : null;
  });
}

/** Reads the conversation until the turn is over; its id is "" until it is known, null when nobody waits for it. */
export async function poll(line: Line, turnId: () => string | null): Promise<void> {
  await reading(line, POLL_MS, (view) => {
    const turn = turnId();
    if (turn === null) return true;
    if (turn && view.open_turn === turn && view.later) {
      line.tell({ event: "end", outcome: "later", text: view.later });
      return true;
    }
    return !turn || openTurns(view).has(turn) || view.status === "working" ? null : true;
  });
}

/** Reads and shows, less and less often, until `judge` says true or false. One that cannot be read is tried again. */
async function reading(
  line: Line, [from, to]: readonly [number, number], judge: (view: ConversationView) => boolean | null,
): Promise<boolean> {
  let misses = 0;
  for (let ms = from; ; ms = Math.min(to, ms * 1.5)) {
    await Promise.race([line.clock.pause(ms, line.signal), line.woken().then(() => { ms = from; })]);
    if (line.signal.aborted) return true;
    try {
      const view = await line.read();
      misses = 0;
      if (line.signal.aborted) return true;
      line.show(view);
      const judged = judge(view);
      if (judged !== null) return judged;
    } catch (error) {
      if (line.signal.aborted) return true;
      if (error instanceof Problem ? !mayPass(error) : !(error instanceof Unreachable)) throw error;
      misses += 1;
      if (misses > RESUMES) throw new Lost("the conversation cannot be read");
    }
  }
}
