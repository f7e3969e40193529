// What of a text can be sent: pasted text holds what the server refuses or leaves out, and nobody sees.

/** As `guard/input/cleaning.py` has it: a message is found in the conversation by the words that the server keeps. */
const UNSEEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;
const HALVES = /\p{Surrogate}/gu;

/** The text without control and other unseen characters, half a character as U+FFFD, without space around it; "" when nothing is left. */
export function sendable(text: string): string {
  return text.replace(UNSEEN, "").replace(HALVES, "\ufffd").trim();
}
