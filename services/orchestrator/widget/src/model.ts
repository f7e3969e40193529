// What a conversation is made of, and what can happen to it.

import type { Trouble } from "./problems.ts";
import type { Answering, CardText, Citation, ConversationView, StreamEvent, Thumbs, WaitingView } from "./wire.ts";

/** `key` names the item on the page for as long as it is there. */
export interface Question {
  kind: "question";
  key: string;
  text: string;
  status: "sending" | "sent" | "failed";
  turnId: string;
  trouble: Trouble | null;
}

export interface Step {
  name: string;
  label: string;
  phase: "started" | "succeeded" | "failed";
}

/** `open`: the person can decide; `waits`: a colleague has to. A `yes` or `no` was said here. */
export interface Card {
  kind: "confirmation" | "approval";
  digest: string;
  summary: string;
  texts: CardText[];
  expiresAt: string;
  status: "open" | "sending" | "yes" | "no" | "waits" | "over";
  trouble: Trouble | null;
}

/** What the person thinks of an answer. */
export interface Rating {
  thumbs?: Thumbs;
  csat?: number;
  tags?: string[];
  comment?: string;
}

/** `live`: more is to come. `turnId` is "" until the server has taken the question. `mailed`: it was e-mailed too. */
export interface Answer {
  kind: "answer";
  key: string;
  turnId: string;
  text: string;
  live: boolean;
  steps: Step[];
  sources: Citation[];
  links: [string, string][];
  cards: Card[];
  outcome: string | null;
  mailed: boolean;
  rating: Rating;
  trouble: Trouble | null;
}

/** Whether the answer was promised by e-mail, and is not there. */
export function isLate(answer: Answer): boolean {
  return answer.outcome === "later";
}

export interface FromStaff {
  kind: "staff";
  key: string;
  text: string;
}

export type Item = Question | Answer | FromStaff;

/** `beginning`: the conversation is not yet known; `trouble` is then why it cannot be. `waiting`: of who waits for a person.
 * `slack`: the person can connect their account there.
 */
export interface State {
  phase: "beginning" | "ready";
  disclosure: string;
  slack: boolean;
  answering: Answering;
  waiting: WaitingView | null;
  items: Item[];
  trouble: Trouble | null;
}

export type Action =
  | { type: "began"; disclosure: string; slack: boolean }
  | { type: "trouble"; trouble: Trouble | null }
  | { type: "asked"; key: string; text: string }
  | { type: "accepted"; key: string; turnId: string }
  | { type: "failed"; key: string; trouble: Trouble }
  | { type: "kept"; key: string; text: string }
  | { type: "discarded"; key: string }
  | { type: "event"; turnId: string; event: StreamEvent }
  | { type: "broken"; turnId: string; trouble: Trouble }
  | { type: "following"; turnId: string }
  | { type: "view"; view: ConversationView }
  | { type: "deciding"; turnId: string; digest: string }
  | { type: "decided"; turnId: string; digest: string; confirmed: boolean }
  | { type: "undecided"; turnId: string; digest: string; trouble: Trouble }
  | { type: "rated"; turnId: string; rating: Rating };
