// What all parts of the view share: words, and what the person can do.

import type { Rating } from "../model.ts";
import type { Trouble } from "../problems.ts";
import type { Words } from "../i18n.ts";
import type { SlackCode } from "../wire.ts";

export interface Actions {
  send(text: string): void;
  again(key: string): void;
  /** Send a message again that nobody had time for, for an answer by e-mail. */
  leaveAddress(key: string, address: string): void;
  discard(key: string): void;
  followAgain(turnId: string): void;
  decide(turnId: string, digest: string, confirmed: boolean): void;
  /** False when it goes on. */
  stop(): Promise<boolean>;
  person(): void;
  fresh(): void;
  retry(): void;
  keepDraft(text: string): void;
  /** Null when it was kept, else why it was not. */
  rate(turnId: string, rating: Rating): Promise<Trouble | null>;
  /** Leave an address for what people say. */
  answerTo(address: string): Promise<Trouble | null>;
  email(turnId: string, address: string): Promise<Trouble | null>;
  /** Whether an answer can be mailed, and whether its address must be asked for. */
  mails(): "no" | "known" | "asks";
  slackCode(): Promise<SlackCode | Trouble>;
  announce(text: string): void;
}

export interface Context {
  words: Words;
  lang: string;
  actions: Actions;
}
