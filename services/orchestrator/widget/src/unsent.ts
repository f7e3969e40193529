// The last message that the server has not taken: kept over a reload of the page, to be sent again as the same message.

import type { Question, State } from "./model.ts";

/** `session` names its conversation; `twins`: so many messages of the same words the conversation had already. */
export interface Unsent {
  session: string;
  key: string;
  text: string;
  twins: number;
}

/** What to keep of a conversation; `isMessage` says of a key whether it is a message's. Null when all was sent. */
export function unsentOf(state: State, session: string, isMessage: (key: string) => boolean): Unsent | null {
  const last = questions(state).findLast(({ key, status }) => status !== "sent" && isMessage(key));
  return last ? { session, key: last.key, text: last.text, twins: twinsOf(state, last.text) } : null;
}

/** Whether the server has it after all: the answer that would have said so was lost. */
export function wasSent(state: State, { text, twins }: Unsent): boolean {
  return twinsOf(state, text) > twins;
}

/** What was kept, of this conversation; null for what is none. */
export function readUnsent(kept: string, session: string): Unsent | null {
  let found: Partial<Unsent> | null;
  try {
    found = JSON.parse(kept) as Partial<Unsent> | null;
  } catch {
    return null; // nothing is kept, or others have written there
  }
  if (found?.session !== session || !/^msg_[0-9a-f]{32}$/.test(String(found.key))) return null;
  return found.text && typeof found.text === "string" && Number.isInteger(found.twins) ? (found as Unsent) : null;
}

const questions = (state: State): Question[] => state.items.filter((item): item is Question => item.kind === "question");

function twinsOf(state: State, text: string): number {
  return questions(state).filter((one) => one.status === "sent" && one.text.trim() === text).length;
}
