// The conversation as the server has it, joined with what is known here: what is being sent, rated, decided.

import { isLate, type Answer, type Card, type Item, type Question, type State } from "./model.ts";
import { emptyAnswer } from "./state.ts";
import type { CardView, ConversationView, MessageView } from "./wire.ts";

/** The state after reading the thread. Words that are still on their way here stay, at the end. */
export function merged(state: State, view: ConversationView): State {
  const here = new Here(state.items);
  const items: Item[] = [];
  let disclosure = state.disclosure;
  view.messages.forEach((message, index) => {
    if (message.role === "assistant" && !message.turn_id) disclosure = message.text;
    else items.push(item(message, index, here));
  });
  for (const turnId of openTurns(view)) {
    const cards = view.cards.filter((card) => card.turn_id === turnId);
    items.push(goesOn(here.answer(turnId) ?? emptyAnswer(`answer-${turnId}`, turnId), cards, view));
  }
  items.push(...here.left(view.status === "idle"));
  return { ...state, phase: "ready", disclosure, answering: view.answering, waiting: view.hand_over ?? null, items, trouble: null };
}

/** The turns that are not over: those with a card, and the one that is worked on. */
export function openTurns(view: ConversationView): Set<string> {
  const said = new Set(view.messages.filter((one) => one.role === "assistant").map((one) => one.turn_id));
  const open = [...view.cards.map((card) => card.turn_id), ...(view.open_turn ? [view.open_turn] : [])];
  return new Set(open.filter((turn) => !said.has(turn)));
}

/** The items of this page, each given out once. */
class Here {
  #left: Set<Item>;

  constructor(items: Item[]) {
    this.#left = new Set(items);
  }

  #take<T extends Item>(fits: (item: Item) => item is T): T | undefined {
    const found = [...this.#left].find(fits);
    if (found) this.#left.delete(found);
    return found;
  }

  /** By turn and words; one that is on its way is known by its words, and the place kept for its answer with it. */
  question(text: string, turnId: string): Question | undefined {
    const known =
      this.#take((item): item is Question => item.kind === "question" && item.turnId === turnId && item.text === text) ??
      this.#take((item): item is Question => item.kind === "question" && !item.turnId && item.text.trim() === text.trim()) ??
      this.#take((item): item is Question => item.kind === "question" && !!turnId && item.turnId === turnId);
    const place = known && this.#take((item): item is Answer => item.kind === "answer" && !item.turnId && item.key === `answer-${known.key}`);
    if (place) this.#left.add({ ...place, turnId });
    return known;
  }

  answer(turnId: string): Answer | undefined {
    return this.#take((item): item is Answer => item.kind === "answer" && item.turnId === turnId);
  }

  staff(text: string): Item | undefined {
    return this.#take((item): item is Item => item.kind === "staff" && item.text === text);
  }

  /** What the server does not have yet: failed messages, and those being sent with their answers. */
  left(idle: boolean): Item[] {
    return [...this.#left].filter((item) => {
      if (item.kind === "question") return item.status !== "sent";
      return item.kind === "answer" && item.live && (!item.turnId || !idle);
    });
  }
}

function item(message: MessageView, index: number, here: Here): Item {
  const turnId = message.turn_id ?? "";
  if (message.role === "customer") {
    const known = here.question(message.text, turnId);
    return { kind: "question", key: known?.key ?? `question-${turnId}-${index}`, text: message.text, status: "sent", turnId, trouble: null };
  }
  if (message.role === "staff") return here.staff(message.text) ?? { kind: "staff", key: `staff-${message.at}-${index}`, text: message.text };
  return final(here.answer(turnId) ?? emptyAnswer(`answer-${turnId}`, turnId), message);
}

function final(answer: Answer, message: MessageView): Answer {
  return {
    ...answer,
    text: message.text,
    live: false,
    trouble: null,
    outcome: message.outcome ?? (isLate(answer) ? null : answer.outcome) ?? "answered",
    mailed: message.mailed ?? answer.mailed,
    sources: message.citations ?? answer.sources,
    links: message.links ? Object.entries(message.links) : answer.links,
    rating: message.thumbs ? { thumbs: message.thumbs, ...answer.rating } : answer.rating,
    cards: answer.cards.map((card) => (card.status === "open" || card.status === "waits" ? { ...card, status: "over" } : card)),
  };
}

function goesOn(before: Answer, cards: CardView[], view: ConversationView): Answer {
  // Something is asked in place of the answer that was to come by e-mail.
  const answer = isLate(before) && cards.length ? { ...before, text: "", outcome: null } : before;
  if (answer.outcome !== null) return answer; // its end was told after this was read
  const open = new Set(cards.map((card) => `${card.kind} ${card.digest}`));
  const kept = answer.cards.map((card): Card => {
    if (open.has(`${card.kind} ${card.digest}`)) return card;
    return card.status === "open" || card.status === "waits" ? { ...card, status: "over" } : card;
  });
  const known = new Set(kept.map((card) => `${card.kind} ${card.digest}`));
  const fresh = cards.filter((card) => !known.has(`${card.kind} ${card.digest}`)).map(shown);
  return { ...answer, live: cards.length > 0 || view.open_turn === answer.turnId, trouble: null, cards: [...kept, ...fresh] };
}

function shown(card: CardView): Card {
  return {
    kind: card.kind, digest: card.digest, summary: card.summary, texts: card.texts ?? [], expiresAt: card.expires_at,
    status: card.kind === "approval" ? "waits" : "open", trouble: null,
  };
}
