// What the person does: decides, stops, rates, leaves an address, connects an account.

import type { Chat } from "./chat.ts";
import { newId } from "./ids.ts";
import type { Rating } from "./model.ts";
import { Problem, troubleOf, troubleOfAddress, type Trouble } from "./problems.ts";
import { working } from "./state.ts";
import type { SlackCode } from "./wire.ts";

/** Say yes or no to a card. Never throws: the card has the trouble. */
export async function decide(chat: Chat, turnId: string, digest: string, confirmed: boolean): Promise<void> {
  const { life } = chat;
  chat.dispatch({ type: "deciding", turnId, digest });
  try {
    await chat.api.decide(chat.id, turnId, digest, confirmed);
  } catch (error) {
    if (life.aborted) return;
    chat.dispatch({ type: "undecided", turnId, digest, trouble: troubleOf(error, chat.online()) });
    // Decided elsewhere, or over: the conversation says how.
    if (error instanceof Problem && error.status === 409) await chat.refresh();
    return;
  }
  if (life.aborted) return;
  chat.dispatch({ type: "decided", turnId, digest, confirmed });
  chat.wake();
  chat.changed();
  await chat.turns.follow(turnId);
}

/** Stop what is worked on; false when it goes on. Never throws: what carries something out cannot be stopped, and the
 * person is told. */
export async function stop(chat: Chat): Promise<boolean> {
  const { life } = chat;
  const answer = working(chat.state());
  try {
    if (answer) await chat.turns.stop(answer.turnId, answer.key);
    return true;
  } catch (error) {
    if (life.aborted) return false;
    const trouble = troubleOf(error, chat.online());
    const running = error instanceof Problem && error.status === 409;
    chat.dispatch({ type: "trouble", trouble: running ? { ...trouble, kind: "running" } : trouble });
    return false;
  }
}

/** Leave an address for what people say; null when it is kept. */
export async function leaveAddress(chat: Chat, address: string): Promise<Trouble | null> {
  try {
    await chat.api.handOff(chat.id, newId("msg_"), address);
  } catch (error) {
    return troubleOfAddress(error, chat.online());
  }
  await chat.refresh();
  return null;
}

/** A code that connects the person's account in Slack, or why there is none. */
export async function slackCode(chat: Chat): Promise<SlackCode | Trouble> {
  try {
    return await chat.api.slackCode();
  } catch (error) {
    const trouble = troubleOf(error, chat.online());
    return trouble.kind === "gone" ? { ...trouble, kind: "unknown" } : trouble; // no conversation is gone where Slack is
  }
}

/** Another try, after what keeps the conversation from going on was told. Never throws: the state has the trouble. */
export async function retry(chat: Chat): Promise<void> {
  chat.dispatch({ type: "trouble", trouble: null });
  await (chat.state().phase === "ready" ? chat.refresh(true) : chat.begin());
}

/** Keep a rating with what was said before about the same answer. Throws what the call throws. */
export async function rate(chat: Chat, turnId: string, rating: Rating): Promise<void> {
  const answer = chat.state().items.find((item) => item.kind === "answer" && item.turnId === turnId);
  const before = answer?.kind === "answer" ? answer.rating : {};
  // What helped had nothing wrong.
  const said = rating.thumbs === "up" ? { ...rating, tags: [], comment: "" } : rating;
  await chat.api.rate(chat.id, turnId, { ...before, ...said });
  chat.dispatch({ type: "rated", turnId, rating: said });
}
