// Server-sent events from a response, with a watch over silence.

import { createParser } from "eventsource-parser";
import { Unreachable } from "./problems.ts";
import type { StreamEvent } from "./wire.ts";

export interface Sent {
  id: string;
  event: StreamEvent;
}

/** The server says something every two seconds: longer silence is a broken line, or a proxy that holds bytes back. */
export const FIRST_BYTE_MS = 8_000;
export const SILENCE_MS = 20_000;

/** Nothing came in time. `held`: not a single byte came. */
export class Silent extends Unreachable {
  readonly held: boolean;

  constructor(held: boolean) {
    super("silent");
    this.held = held;
  }
}

/** Resolves as `promise`, or throws Silent after `ms`. */
export async function inTime<T>(promise: Promise<T>, ms: number, held: boolean): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(new Silent(held)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The events of a stream as they come, to its close. Throws Silent, or what the line breaks with. */
export async function* eventsOf(response: Response, firstMs = FIRST_BYTE_MS, silenceMs = SILENCE_MS): AsyncGenerator<Sent> {
  if (!response.body) return;
  const ready: Sent[] = [];
  const parser = createParser({
    onEvent({ id, event, data }) {
      const parsed = read(event ?? "", data);
      if (parsed) ready.push({ id: id ?? "", event: parsed });
    },
  });
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let first = true;
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), first ? firstMs : silenceMs, first);
      if (done) return;
      first = false;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* ready.splice(0);
    }
  } finally {
    reader.cancel().catch(() => undefined); // it is broken already, or over
  }
}

/** An event without readable data is none. */
function read(name: string, data: string): StreamEvent | null {
  try {
    const body: unknown = JSON.parse(data);
    return typeof body === "object" && body !== null ? ({ ...body, event: name } as StreamEvent) : null;
  } catch {
    return null;
  }
}
