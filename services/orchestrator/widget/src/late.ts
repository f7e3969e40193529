// Answers that come by e-mail because too many people wait: the open page shows them too, at the price of a look now and then.

import { follow, type Line } from "./follow.ts";
import { Problem } from "./problems.ts";

/** Nobody works at a promised answer before the rush is over: who looks more often makes it longer. */
const LOOK_MS = [15_000, 60_000] as const;

/** What waiting for such an answer needs besides following its turn. `awaited`: it is not there yet. */
export interface Late extends Line {
  visible(): boolean;
  awaited(): boolean;
}

/** Looks, less and less often and only while somebody sees the page, until the answer is there: true then. */
export async function awaitLate(line: Late, turnId: string): Promise<boolean> {
  for (let ms: number = LOOK_MS[0]; ; ms = Math.min(LOOK_MS[1], ms * 1.5)) {
    await line.clock.pause(ms, line.signal);
    if (line.signal.aborted || !line.awaited()) return false;
    if (!line.visible()) continue;
    try {
      if (await isThere(line, turnId)) return true;
    } catch (error) {
      // What cannot be looked at now can be another time; what was erased, or is somebody else's now, cannot.
      if (error instanceof Problem && error.status < 500 && error.status !== 429) return false;
    }
  }
}

async function isThere(line: Late, turnId: string): Promise<boolean> {
  let there = true;
  await follow({
    ...line,
    tell: (event) => {
      there = !(event.event === "end" && event.outcome === "later");
      if (there) line.tell(event);
    },
  }, turnId);
  return there && !line.signal.aborted;
}
