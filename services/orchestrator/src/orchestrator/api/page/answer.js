// One answer of the assistant as it comes: its steps, its words, its sources, its cards, its end.

import { complain, element, link, settle, showText } from "./text.js";
import { announce } from "./view.js";

export class Answer {
  #item;
  #text;
  #said = "";
  #steps = element("ol", "steps");
  #tools = new Map();
  #sources = element("ul", "sources");
  #folded = element("details", "sources-of");
  #cards = new Map();
  #grown;
  #started = performance.now();

  constructor(item, grown) {
    this.#item = item;
    this.#text = item.querySelector(".text");
    showText(this.#text, this.#text.textContent);
    this.#grown = grown;
    this.#text.before(this.#steps);
  }

  working(on) {
    this.#item.classList.toggle("working", on);
  }

  step(text) {
    if (this.#steps.lastElementChild?.textContent === text) return;
    this.#steps.append(element("li", "", text));
    this.#grown();
  }

  tool({ name, label, phase }) {
    let line = this.#tools.get(name);
    if (!line || phase === "started") {
      line = element("li");
      this.#tools.set(name, line);
      this.#steps.append(line);
    }
    line.textContent = phase === "started" ? label : `${label}: ${phase === "failed" ? "failed" : "done"}`;
    line.classList.toggle("failed", phase === "failed");
    this.#grown();
  }

  chunk({ text, offset }) {
    // Offsets count characters, JavaScript counts UTF-16 units: they differ after an emoji.
    this.#said = [...this.#said].slice(0, offset).join("") + text;
    showText(this.#text, this.#said);
    this.#grown();
  }

  // A source with the words of it that carry the answer. A page without an address (`kb:`) is named and not linked.
  source({ title, url, quote }) {
    const item = element("li");
    const said = element("q");
    showText(said, quote);
    item.append(link(url, title), said);
    this.#sources.append(item);
    const count = this.#sources.childElementCount;
    this.#folded.replaceChildren(element("summary", "", count === 1 ? "1 source" : `${count} sources`), this.#sources);
    if (!this.#folded.isConnected) this.#item.append(this.#folded);
    this.#grown();
  }

  confirmation(card, decide) {
    if (this.#cards.has(card.digest)) return;
    const box = element("section", "card");
    box.setAttribute("aria-label", "Please confirm");
    const choices = element("div", "choices");
    const yes = element("button", "", "Yes, go ahead");
    const no = element("button", "quiet", "No");
    for (const [button, confirmed] of [[yes, true], [no, false]]) {
      button.type = "button";
      button.addEventListener("click", async () => {
        yes.disabled = no.disabled = true;
        choices.classList.add("pressed");
        const problem = await decide(card.digest, confirmed);
        if (problem) {
          yes.disabled = no.disabled = false;
          choices.classList.remove("pressed");
          button.focus();
          this.problem(problem);
        } else {
          settle(choices, confirmed ? "You agreed." : "You declined.", true);
        }
      });
    }
    choices.append(yes, no);
    const until = new Date(card.expires_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    box.append(element("p", "", card.summary), ...this.#texts(card), element("p", "facts", `Open until ${until}.`), choices);
    this.#cards.set(card.digest, box);
    this.#item.append(box);
    this.#grown();
    announce(`Please confirm: ${card.summary}`);
  }

  // What would be stored or sent, whole, and whose words it holds.
  #texts(card) {
    const whose = { assistant: "Written by the assistant.", others: "Holds words that others wrote." };
    return (card.texts || []).flatMap(({ text, by }) => [
      element("blockquote", "", text), ...(whose[by] ? [element("p", "facts", whose[by])] : []),
    ]);
  }

  approval(card) {
    const box = element("section", "card");
    box.append(element("p", "", card.summary), element("p", "facts waits", "Waiting for our staff to approve this."));
    this.#item.append(box);
    this.#grown();
    announce("Waiting for our staff to approve this.");
  }

  // `again`, when given, is offered as a button.
  problem(text, again) {
    complain(this.#item, text, again);
    this.#grown();
    announce(text);
  }

  end({ outcome, text, citations, links }) {
    this.working(false);
    if (outcome === "with_staff" && !text) return this.#withStaff();
    showText(this.#text, text);
    this.#sources.replaceChildren();
    for (const citation of citations) this.source(citation);
    if (!citations.length) this.#folded.remove();
    const names = Object.entries(links);
    if (names.length) {
      const list = element("ul", "links");
      for (const [name, url] of names) {
        const item = element("li");
        item.append(link(url, name));
        list.append(item);
      }
      this.#item.append(list);
    }
    // The turn can end before the answer to a pressed button is here: what was pressed says itself how it went.
    for (const choices of this.#item.querySelectorAll(".choices:not(.pressed)")) {
      settle(choices, "This is no longer open.", false);
    }
    for (const waits of this.#item.querySelectorAll(".waits")) waits.textContent = "Our staff have decided, or their time is over.";
    const ms = Math.round(performance.now() - this.#started);
    this.#item.append(element("p", "facts", `${outcome.replaceAll("_", " ")} · ${ms} ms`));
    this.#grown();
    announce(this.#text.textContent);
    return undefined;
  }

  // Nobody answers at once: a line says that the words have arrived.
  #withStaff() {
    this.#item.className = "note";
    this.#item.replaceChildren(element("p", "facts", "Our team has your message and will answer here."));
    this.#grown();
    announce(this.#item.textContent);
  }
}
