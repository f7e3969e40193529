// While a person answers nothing streams: their words are read from the conversation, less often when nothing comes.

import type { Chat } from "./chat.ts";

const POLL_MS = [2_000, 5_000] as const;

/** Reads the conversation until the assistant answers again, or the conversation is left. */
export async function watchStaff(chat: Chat): Promise<void> {
  const life = chat.life;
  let ms: number = POLL_MS[0];
  while (!life.aborted && chat.state().answering === "staff") {
    await chat.clock.pause(ms, life);
    if (life.aborted || !chat.page.visible()) continue;
    const before = chat.state().items.length;
    await chat.refresh();
    ms = chat.state().items.length > before ? POLL_MS[0] : Math.min(POLL_MS[1], ms * 1.3);
  }
}
