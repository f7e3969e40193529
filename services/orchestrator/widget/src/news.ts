// What somebody who does not look at the chat wants to hear of: whole answers, cards, words of people.

import { isLate, type Answer, type Card, type State } from "./model.ts";

/** `team`: no answer comes, because people have the message. */
export type News =
  | { kind: "answer"; answer: Answer }
  | { kind: "card"; card: Card }
  | { kind: "staff"; text: string }
  | { kind: "team" };

/** What is new since `before`, in the order of the conversation, each once, whether it streamed or was read. One that
 * was found again has no news.
 */
export function newsOf(before: State, now: State): News[] {
  if (before.phase === "beginning") return [];
  const known = new Map(before.items.map((item) => [item.key, item]));
  const news = now.items.flatMap((item): News[] => {
    const was = known.get(item.key);
    if (item.kind === "staff") return was ? [] : [{ kind: "staff", text: item.text }];
    return item.kind === "answer" ? ofAnswer(was?.kind === "answer" ? was : null, item) : [];
  });
  return now.answering === "staff" && silent(before, now) ? [...news, { kind: "team" }] : news;
}

function ofAnswer(was: Answer | null, answer: Answer): News[] {
  const shown = (card: Card): boolean => !!was?.cards.some((one) => one.kind === card.kind && one.digest === card.digest);
  const cards = answer.cards.filter((card) => ["open", "waits"].includes(card.status) && !shown(card));
  const news: News[] = cards.map((card) => ({ kind: "card", card }));
  const awaited = was && (was.outcome === null || (isLate(was) && !isLate(answer)));
  if (!awaited || answer.outcome === null) return news;
  return [...news, answer.outcome === "with_staff" ? { kind: "team" } : { kind: "answer", answer }];
}

/** Whether an answer that was awaited is gone, though its message was taken: its turn ended without words. */
function silent(before: State, now: State): boolean {
  const here = new Set(now.items.map(({ key }) => key));
  const taken = new Set(now.items.map((item) => (item.kind === "question" && item.status === "sent" ? `answer-${item.key}` : "")));
  return before.items.some((item) => item.kind === "answer" && item.live && !here.has(item.key) && (item.turnId || taken.has(item.key)));
}
