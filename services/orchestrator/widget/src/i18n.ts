// Which language, which direction, which words.

import type { Trouble } from "./problems.ts";
import { de } from "./words/de.ts";
import { en, type Words } from "./words/en.ts";
import { es } from "./words/es.ts";
import { fr } from "./words/fr.ts";
import { it } from "./words/it.ts";
import { nl } from "./words/nl.ts";

export type { Words };

export const LANGUAGES: Record<string, Words> = { de, en, es, fr, it, nl };

const RIGHT_TO_LEFT = new Set(["ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);

const base = (tag: string): string => tag.toLowerCase().split(/[-_]/)[0] ?? "";

/** The first of the tags that is one, such as `de-AT`; "en" when none is. */
export function languageOf(...tags: (string | null | undefined)[]): string {
  return tags.find((tag) => tag && /^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$/.test(tag))?.replaceAll("_", "-") ?? "en";
}

export function directionOf(tag: string): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(base(tag)) ? "rtl" : "ltr";
}

/** The words of a language, English where it is none of ours. */
export function wordsOf(tag: string): Words {
  return LANGUAGES[base(tag)] ?? en;
}

/** The language of our words on a page of this language: times are written in it, and a screen reader speaks it. */
export function spoken(tag: string): string {
  return base(tag) in LANGUAGES ? tag : "en";
}

/** Seconds: after fewer it may be tried again in a moment, in words that need no number. */
const MOMENT_S = 5;
/** Seconds that who was too fast waits where the server names none. */
const RATE_S = 30;

/** What a person is told of trouble; what passes by itself ends with when to try again. */
export function tellTrouble(words: Words, { kind, retryAfterS }: Trouble): string {
  const told = words.trouble[kind];
  if (kind !== "rate" && kind !== "busy") return told;
  const seconds = Math.ceil(retryAfterS ?? (kind === "rate" ? RATE_S : 0));
  return `${told} ${seconds < MOMENT_S ? words.retrySoon : words.retryIn(seconds)}`;
}

/** A step in the person's language; the server's own words where we have none. */
export function tellStep(words: Words, { name, label, phase }: { name: string; label: string; phase: string }): string {
  const said = words.steps[name] ?? label;
  return phase === "failed" ? words.stepFailed(said) : said;
}

/** A time of today as the language writes it; "" for what is none. */
export function clockTime(iso: string, tag: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "" : at.toLocaleTimeString(tag, { hour: "2-digit", minute: "2-digit" });
}
