// What an event of a turn's stream does to its answer. Told twice is as told once: a stream may be resumed.

import { isLate, type Answer, type Card, type State, type Step } from "./model.ts";
import { change } from "./state.ts";
import type { Citation, StreamEvent } from "./wire.ts";

/** The state after an event of the turn. */
export function happened(state: State, turnId: string, event: StreamEvent): State {
  if (event.event === "status" && event.state === "disclosure") return { ...state, disclosure: event.text };
  const after = change(state, turnId, (answer) => told(answer, event));
  if (event.event !== "end") return after;
  return { ...after, answering: event.answering ?? after.answering, trouble: null };
}

/** An answer that is whole takes nothing but its end: a stream that is told again does not let it grow again. One that
 * was promised by e-mail begins after all.
 */
function told(before: Answer, event: StreamEvent): Answer {
  const answer = isLate(before) && event.event !== "end" ? { ...before, text: "", outcome: null, live: true } : before;
  if (answer.outcome !== null && event.event !== "end") return answer;
  switch (event.event) {
    case "status":
      return { ...answer, steps: stepped(answer.steps, { name: event.state, label: event.text, phase: "started" }) };
    case "tool":
      return { ...answer, steps: stepped(answer.steps, event) };
    case "chunk":
      return { ...answer, text: placed(answer.text, event.text, event.offset) };
    case "citation":
      return { ...answer, sources: withSource(answer.sources, event) };
    case "confirmation":
    case "approval":
      return { ...answer, cards: withCard(answer.cards, event) };
    case "error":
      return answer;
    case "end":
      return ended(answer, event);
    default:
      return answer; // an event of a newer server
  }
}

/** Offsets count characters, JavaScript counts UTF-16 units. A piece behind a gap is left out: the end has it all. */
export function placed(text: string, piece: string, offset: number): string {
  const characters = [...text];
  return offset > characters.length ? text : characters.slice(0, offset).join("") + piece;
}

function stepped(steps: Step[], { name, label, phase }: Step): Step[] {
  const step = { name, label, phase };
  const at = steps.findLastIndex((one) => one.name === name && (phase !== "started" || one.phase === "started"));
  const before = at < 0 ? steps : steps.filter((_, index) => index !== at);
  if (at < 0 || (phase === "started" && at !== steps.length - 1)) return [...before, step];
  return steps.map((one, index) => (index === at ? step : one));
}

function withSource(sources: Citation[], { title, url, quote }: Citation): Citation[] {
  const known = sources.some((one) => one.url === url && one.title === title && one.quote === quote);
  return known ? sources : [...sources, { title, url, quote }];
}

type CardEvent = Extract<StreamEvent, { event: "confirmation" | "approval" }>;

/** A card that is shown again stays as it was decided. One for staff says that the person has agreed. */
function withCard(cards: Card[], event: CardEvent): Card[] {
  if (cards.some((card) => card.kind === event.event && card.digest === event.digest)) return cards;
  const card: Card = {
    kind: event.event, digest: event.digest, summary: event.summary, texts: event.texts ?? [],
    expiresAt: event.expires_at, status: event.event === "approval" ? "waits" : "open", trouble: null,
  };
  const agreed = (one: Card): Card => (one.status === "open" || one.status === "sending" ? { ...one, status: "yes" } : one);
  return event.event === "approval" ? [...cards.map(agreed), card] : [...cards, card];
}

function ended(answer: Answer, event: Extract<StreamEvent, { event: "end" }>): Answer {
  const over = (card: Card): Card => (["open", "waits"].includes(card.status) ? { ...card, status: "over" } : card);
  return {
    ...answer,
    live: false,
    trouble: null,
    outcome: event.outcome,
    text: event.text,
    sources: event.citations ?? answer.sources,
    links: Object.entries(event.links ?? {}),
    cards: answer.cards.map(over),
    steps: answer.steps.map((step) => (step.phase === "started" ? { ...step, phase: "succeeded" } : step)),
  };
}
