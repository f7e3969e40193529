// Time, as the page has it.

import type { Clock } from "./sessions.ts";

export const pageClock: Clock = {
  now: () => Date.now(),
  pause: (ms, signal) =>
    new Promise((done) => {
      if (signal?.aborted) return done();
      const over = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", over);
        done();
      };
      const timer = setTimeout(over, ms);
      signal?.addEventListener("abort", over);
    }),
};

/** A controller that is aborted with `parent`, and may be before. */
export function child(parent: AbortSignal): AbortController {
  const made = new AbortController();
  if (parent.aborted) made.abort();
  else parent.addEventListener("abort", () => made.abort(), { signal: made.signal });
  return made;
}
