import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "../src/plain.ts";

const CASES: [string, string, string][] = [
  ["marks of emphasis and code", "**Orders** are _sent_ in `two` ~~three~~ days.", "Orders are sent in two three days."],
  ["links and pictures", "[Returns](https://shop.example/r) ![a box](https://shop.example/b.png)", "Returns a box"],
  ["headings and paragraphs", "# Returns\n\nWithin 30 days.\n***\nOf delivery.", "Returns\nWithin 30 days.\nOf delivery."],
  ["lists, one in another", "1. Open *it*\n2. Look\n   - under\n   - [ ] over", "1. Open it\n2. Look\n• under\n• over"],
  ["a table", "| To | Days |\n|:---|---:|\n| **EU** | 3 |", "To, Days\nEU, 3"],
  ["a table without outer bars", "To | Days\n---|---\nEU | 3", "To, Days\nEU, 3"],
  ["one row of a table, whole or cut off", "| EU | 3 days |\n| US | 5 d", "EU, 3 days\nUS, 5 d"],
  ["the rest of a row", "Within 3 days. | free |", "Within 3 days., free"],
  ["quotes and code", "> Keep the *box*.\n\n```\n**as it is**\n```", "Keep the box.\n**as it is**"],
  ["marks that were cut off", "the box** is yours, **keep", "the box is yours, keep"],
  ["half a link", "See [our returns](https://shop.exam", "See our returns"],
  ["marks that mark nothing", "5 * 3 \\* 2 = 30, snake_case & 1 | 2", "5 * 3 * 2 = 30, snake_case & 1 | 2"],
  ["signs that are written out", "Fish &amp; chips &lt;b&gt; &constructor;", "Fish & chips <b> &constructor;"],
  ["HTML stays what it says", "Press <b>Send</b><br>", "Press <b>Send</b><br>"],
  ["a name for an address", "Here.\n\n[x]: https://shop.example", "Here."],
  ["nothing", "", ""],
];

for (const [name, markdown, text] of CASES) {
  test(`plain words of ${name}`, () => assert.equal(plain(markdown), text));
}
