// What the view may ask for, done.

import type { Chat } from "./chat.ts";
import { decide, leaveAddress, rate, retry, slackCode, stop } from "./deeds.ts";
import { wordsOf } from "./i18n.ts";
import type { Answer } from "./model.ts";
import { troubleOf, type Trouble } from "./problems.ts";
import type { ChatView } from "./view/chat.ts";
import type { Actions } from "./view/context.ts";

/** The actions of a chat; `ended` is called when the person leaves the conversation for a new one. */
export function actionsOf(chat: Chat, view: () => ChatView, ended: () => void): Actions {
  return {
    send: (text) => void chat.send(text),
    // What is pressed here goes, and the keyboard with it.
    again: (key) => {
      void chat.again(key);
      view().composer.focus();
    },
    leaveAddress: (key, address) => {
      void chat.again(key, address);
      view().composer.focus();
    },
    discard: (key) => {
      chat.discard(key);
      view().composer.focus();
    },
    followAgain: (turnId) => {
      void chat.turns.follow(turnId);
      view().composer.focus();
    },
    decide: (turnId, digest, confirmed) => void decide(chat, turnId, digest, confirmed),
    stop: () => stop(chat),
    person: () => void chat.askForPerson(wordsOf(view().element.lang).personAsked),
    fresh: () => leave(chat, view(), ended),
    retry: () => void tryAgain(chat, view()),
    keepDraft: (text) => chat.keepDraft(text),
    rate: (turnId, rating) => tried(rate(chat, turnId, rating)),
    answerTo: (address) => leaveAddress(chat, address),
    email: (turnId, address) => tried(chat.api.email(chat.id, turnId, address)),
    mails: () => (!chat.session?.routes.email ? "no" : chat.session.kind === "guest" ? "asks" : "known"),
    slackCode: () => slackCode(chat),
    announce: (text) => view().announce(text),
  };
}

async function tried(what: Promise<unknown>): Promise<Trouble | null> {
  try {
    await what;
    return null;
  } catch (error) {
    return troubleOf(error, navigator.onLine);
  }
}

/** Begin, and give back what was written before the page was loaded again. */
export async function begin(chat: Chat, view: ChatView): Promise<void> {
  await chat.begin();
  view.composer.restore(chat.draft);
}

async function tryAgain(chat: Chat, view: ChatView): Promise<void> {
  await retry(chat);
  view.composer.restore(chat.draft);
  view.refocus();
}

/** The conversation is over: how was it, and a new one. */
function leave(chat: Chat, view: ChatView, ended: () => void): void {
  const { items, trouble } = chat.state();
  const answered = items.findLast((item): item is Answer => item.kind === "answer" && !!item.outcome && !!item.turnId);
  const over = (): void => {
    ended();
    chat.fresh();
    view.composer.focus();
  };
  if (!answered || answered.rating.csat || trouble) return over();
  view.ask((csat) => {
    // The new conversation does not wait for what is said of the old one.
    if (csat !== null) void rate(chat, answered.turnId, { csat }).catch(() => undefined);
    over();
  });
}
