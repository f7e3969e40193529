import assert from "node:assert/strict";
import { test } from "node:test";
import { clockTime, directionOf, spoken, languageOf, LANGUAGES, tellStep, tellTrouble, wordsOf } from "../src/i18n.ts";
import { en } from "../src/words/en.ts";

/** All texts of a language by their path. */
function texts(words: unknown, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(words as object)) {
    if (typeof value === "object") for (const [key, text] of texts(value, `${path}${name}.`)) found.set(key, text);
    else found.set(path + name, String(typeof value === "function" ? value(2) : value));
  }
  return found;
}

for (const [name, words] of Object.entries(LANGUAGES)) {
  test(`${name} has every text, and none is empty`, () => {
    const own = texts(words);
    assert.deepEqual([...own.keys()].sort(), [...texts(en).keys()].sort());
    assert.ok([...own.values()].every((text) => text.trim().length > 0));
  });
}

test("only few texts of a translation are the English ones", () => {
  const english = texts(en);
  for (const [name, words] of Object.entries(LANGUAGES)) {
    if (name === "en") continue;
    const same = [...texts(words)].filter(([key, text]) => english.get(key) === text).map(([key]) => key);
    assert.ok(same.length <= 4, `${name}: ${same.join(", ")}`);
  }
});

test("the first tag that is one says the language", () => {
  assert.equal(languageOf("", null, "de_AT", "en"), "de-AT");
  assert.equal(languageOf("<b>", "fr"), "fr");
  assert.equal(languageOf(), "en");
  assert.equal(wordsOf("de-CH"), LANGUAGES["de"]);
  assert.equal(wordsOf("ja"), en);
});

test("words of ours are spoken in their own language", () => {
  assert.deepEqual(["de-AT", "ar", "en-GB"].map(spoken), ["de-AT", "en", "en-GB"]);
});

test("some languages are read from the right", () => {
  assert.deepEqual(["ar", "he-IL", "fa", "de", "en"].map(directionOf), ["rtl", "rtl", "rtl", "ltr", "ltr"]);
});

test("who was too fast is told when to try again", () => {
  assert.match(tellTrouble(en, { kind: "rate", retryAfterS: 12.2 }), /13 seconds/);
  assert.match(tellTrouble(en, { kind: "rate", retryAfterS: 600 }), /10 minutes/);
  assert.match(tellTrouble(en, { kind: "rate", retryAfterS: null }), /seconds/);
  assert.equal(tellTrouble(en, { kind: "rate", retryAfterS: 1 }), "That was a lot at once. Please try again in a moment.");
  assert.equal(tellTrouble(en, { kind: "busy", retryAfterS: null }), "Something went wrong on our side. Please try again in a moment.");
});

for (const [name, words] of Object.entries(LANGUAGES)) {
  test(`${name} says once when to try again, and counts nothing that is one`, () => {
    for (const kind of ["rate", "busy"] as const) for (const retryAfterS of [null, 0, 0.2, 1, 4, 5, 42, 89.5, 90, 600]) {
      const told = tellTrouble(words, { kind, retryAfterS });
      const again = told.match(/try again|noch einmal|de nuevo|réessayer|[Rr]iprovi|opnieuw/g);
      assert.deepEqual([again?.length, told.match(/[.]/g)?.length], [1, 2], told);
      assert.doesNotMatch(told, /\b[01] /, told);
    }
  });
}

test("steps are in the person's language, the server's words where there are none", () => {
  assert.equal(tellStep(LANGUAGES["de"]!, { name: "draft", label: "Writing the answer", phase: "started" }), "Die Antwort wird geschrieben");
  assert.equal(tellStep(LANGUAGES["de"]!, { name: "novelty", label: "Something new", phase: "started" }), "Something new");
});

test("a time that is none is left out", () => assert.equal(clockTime("soon", "en"), ""));
