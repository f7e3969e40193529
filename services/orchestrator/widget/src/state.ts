// What the conversation is, and how what happens changes it. Pure: no clock, no network, no page.

import { happened } from "./events.ts";
import type { Action, Answer, Card, Item, Question, State } from "./model.ts";
import type { Trouble } from "./problems.ts";
import { merged } from "./thread.ts";

export const BEGINNING: State = { phase: "beginning", disclosure: "", slack: false, answering: "bot", waiting: null, items: [], trouble: null };

/** The state after `action`; the same object when it changes nothing. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "began":
      return { ...state, phase: "ready", disclosure: action.disclosure || state.disclosure, slack: action.slack, trouble: null };
    case "trouble":
      return { ...state, trouble: action.trouble };
    case "asked":
      return asked(state, action.key, action.text);
    case "accepted":
      return accepted(state, action.key, action.turnId);
    case "failed":
      return failed(state, action.key, action.trouble);
    case "kept":
      return kept(state, action.key, action.text);
    case "discarded":
      return { ...state, items: state.items.filter(({ key }) => key !== action.key) };
    case "event":
      return happened(state, action.turnId, action.event);
    case "broken":
      return change(state, action.turnId, (answer) => ({ ...answer, live: false, trouble: action.trouble }));
    case "following":
      return following(state, action.turnId);
    case "view":
      return merged(state, action.view);
    case "deciding":
      return decide(state, action, { status: "sending", trouble: null });
    case "decided":
      return decide(state, action, { status: action.confirmed ? "yes" : "no", trouble: null });
    case "undecided":
      return decide(state, action, { status: "open", trouble: action.trouble });
    case "rated":
      return change(state, action.turnId, (answer) => ({ ...answer, rating: { ...answer.rating, ...action.rating } }));
  }
}

/** An answer of which nothing is known yet. */
export function emptyAnswer(key: string, turnId: string): Answer {
  return {
    kind: "answer", key, turnId, text: "", live: true, steps: [], sources: [], links: [], cards: [], outcome: null, mailed: false,
    rating: {}, trouble: null,
  };
}

/** The state with the answer of this turn changed; an unknown turn changes nothing. */
export function change(state: State, turnId: string, how: (answer: Answer) => Answer): State {
  const at = state.items.findLastIndex((item) => item.kind === "answer" && item.turnId === turnId);
  if (at < 0) return state;
  const items = [...state.items];
  items[at] = how(items[at] as Answer);
  return { ...state, items };
}

function asked(state: State, key: string, text: string): State {
  const question: Question = { kind: "question", key, text, status: "sending", turnId: "", trouble: null };
  const known = state.items.some((item) => item.key === key);
  // Sent again: it stays where it was written.
  const items = known ? state.items.map((item) => (item.key === key ? question : item)) : [...state.items, question];
  return { ...state, trouble: null, items: [...items, emptyAnswer(`answer-${key}`, "")] };
}

/** A message may belong to a turn that has an answer already (a "yes" to its card): that answer goes on below it. */
function accepted(state: State, key: string, turnId: string): State {
  const place = `answer-${key}`; // which has the turn already where the conversation was read meanwhile
  const earlier = state.items.findLast((item): item is Answer => item.kind === "answer" && item.turnId === turnId && item.key !== place);
  const items: Item[] = [];
  for (const item of state.items) {
    if (item === earlier) continue;
    if (item.key === key && item.kind === "question") items.push({ ...item, status: "sent", turnId, trouble: null });
    else if (item.key === place) items.push(earlier ? { ...earlier, live: true, trouble: null } : { ...item, turnId } as Answer);
    else items.push(item);
  }
  return { ...state, items };
}

function failed(state: State, key: string, trouble: Trouble): State {
  const items = state.items
    .filter((item) => !(item.key === `answer-${key}` && item.kind === "answer" && !item.turnId))
    .map((item) => (item.key === key && item.kind === "question" && item.status === "sending" ? { ...item, status: "failed" as const, trouble } : item));
  return { ...state, items };
}

/** A message that failed before the page was loaded again: behind what was sent, before what is being sent. */
function kept(state: State, key: string, text: string): State {
  const question: Question = { kind: "question", key, text, status: "failed", turnId: "", trouble: null };
  const at = state.items.findIndex((item) => item.kind === "question" && item.status !== "sent");
  const place = at < 0 ? state.items.length : at;
  return { ...state, items: [...state.items.slice(0, place), question, ...state.items.slice(place)] };
}

/** A turn that goes on without being asked here: its answer is there, and live. */
function following(state: State, turnId: string): State {
  if (state.items.some((item) => item.kind === "answer" && item.turnId === turnId)) {
    return change(state, turnId, (answer) => (answer.outcome ? answer : { ...answer, live: true, trouble: null }));
  }
  return { ...state, items: [...state.items, emptyAnswer(`answer-${turnId}`, turnId)] };
}

function decide(state: State, { turnId, digest }: { turnId: string; digest: string }, to: Partial<Card>): State {
  return change(state, turnId, (answer) => ({
    ...answer,
    cards: answer.cards.map((card) => (card.kind === "confirmation" && card.digest === digest ? { ...card, ...to } : card)),
  }));
}

/** The turn that the person may stop: the newest that is worked on. */
export function working(state: State): Answer | null {
  const waits = (card: Card): boolean => ["open", "sending", "waits"].includes(card.status);
  return state.items.findLast((item): item is Answer => item.kind === "answer" && item.live && !item.cards.some(waits)) ?? null;
}
