// What a member of staff sees: the cards that wait for approval, looked up again every few seconds.

import { Api } from "./api.js";
import { announce, complain, element, settle } from "./text.js";

const EVERY_MS = 3000;

const $ = (id) => document.getElementById(id);
const clock = (at) => new Date(at).toLocaleString([], { dateStyle: "short", timeStyle: "short" });

export class Desk {
  #api;
  #cards = new Map();
  #timer;

  constructor(who) {
    this.who = who;
    this.#api = new Api(who);
    this.#look();
  }

  leave() {
    clearTimeout(this.#timer);
    this.#timer = null;
    $("approvals").replaceChildren();
    $("unreached").textContent = "";
  }

  // A card that is on the screen stays as it is: somebody may be writing a note into it.
  async #look() {
    this.#timer = setTimeout(() => this.#look(), EVERY_MS);
    let trouble = "";
    const waiting = await this.#api.approvals().catch((error) => void (trouble = error.message));
    if (!this.#timer) return;
    if ($("unreached").textContent !== trouble) $("unreached").textContent = trouble;
    if (!waiting) return;
    const open = new Map(waiting.map((card) => [card.digest, card]));
    for (const [digest, item] of this.#cards) {
      if (open.has(digest)) continue;
      item.remove();
      this.#cards.delete(digest);
    }
    for (const card of waiting) {
      if (this.#cards.has(card.digest)) continue;
      const item = this.#card(card);
      this.#cards.set(card.digest, item);
      $("approvals").append(item);
      announce(`Waiting for approval: ${card.summary}`);
    }
    $("empty").hidden = this.#cards.size > 0;
  }

  #card(card) {
    const item = element("li", "card");
    const needed = card.approvals === 1 ? "1 approval" : `${card.approvals} approvals`;
    const so_far = card.approved_by.length ? `, so far by ${card.approved_by.join(", ")}` : "";
    item.append(
      element("strong", "", card.summary),
      element("p", "facts", `For ${card.customer}, asked ${clock(card.asked_at)}, open until ${clock(card.expires_at)}.`),
      element("p", "facts", `Needs ${needed}${so_far} (clause ${card.policy}).`),
    );
    for (const reason of card.reasons) item.append(element("p", "facts risk", reason));
    if (card.decided_by_me) {
      item.append(element("p", "decided", "You approved. Another colleague has to approve too."));
      return item;
    }
    const notes = element("input");
    notes.placeholder = "Notes (not for the customer)";
    notes.maxLength = 1000;
    notes.setAttribute("aria-label", "Notes");
    const choices = element("div", "choices");
    for (const [label, approved, style] of [["Approve", true, ""], ["Deny", false, "quiet"]]) {
      const button = element("button", style, label);
      button.type = "button";
      button.addEventListener("click", () => this.#decide(item, card, approved, notes, button));
      choices.append(button);
    }
    item.append(notes, choices);
    return item;
  }

  async #decide(item, card, approved, notes, pressed) {
    const buttons = item.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      const { approvals_missing: missing } = await this.#api.approve(card, approved, notes.value);
      const said = missing ? "You approved. Another colleague has to approve too." : approved ? "Approved." : "Denied.";
      // What is decided stays on the screen, though it has left the queue.
      if (!missing) this.#cards.delete(card.digest);
      notes.remove();
      settle(item.querySelector(".choices"), said);
      announce(said);
    } catch (error) {
      for (const button of buttons) button.disabled = false;
      pressed.focus();
      complain(item, error.message);
    }
  }
}
