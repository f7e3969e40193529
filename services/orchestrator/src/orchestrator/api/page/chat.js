// The local chat page: who you are, one conversation, its turns. A page to try the stack with, not the shop's widget.

import { Api } from "./api.js";
import { Desk } from "./desk.js";
import { Thread } from "./thread.js";
import { announce, showAnswering, showDisclosure, showExamples, showPlace, showWho } from "./view.js";

const EXAMPLES = [
  "Where is my order ABC123?",
  "How do I return an item?",
  "Send me the invoice for ABC123",
  "Refund order 1234 for $50",
];

const STAFF = new Set(["kim", "lee"]);
const STAFF_POLL_MS = 4000;

const $ = (id) => document.getElementById(id);
const thread = new Thread();
let session;

// One person's conversation. It survives a reload of the page: the tab remembers its id, the server the rest.
class Session {
  #api;
  #conversation = null;
  #begun;
  #stopped = new AbortController();
  #waiting = false;
  #heard = 0;

  constructor(who) {
    this.who = who;
    this.#api = new Api(who);
  }

  leave() {
    this.#stopped.abort();
  }

  async resume() {
    const remembered = sessionStorage.getItem(`conversation-of-${this.who}`);
    // What cannot be read just yet is not over: the words written meanwhile belong into it.
    this.#conversation = remembered;
    let view = null;
    try {
      view = remembered && (await this.#api.read(remembered));
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      if (error.status !== 404) return void thread.answer().problem(error.message, () => this.#afresh());
      this.#conversation = null;
    }
    if (this.#stopped.signal.aborted) return;
    // Who answers is said before anybody writes. When that fails now, the first message begins the conversation.
    if (!view) return void (await this.#begin().catch(() => undefined));
    showAnswering(view.answering);
    for (const message of view.messages) {
      if (message.role === "assistant" && !message.turn_id) showDisclosure(message.text);
      else if (message.role === "customer") thread.customer(message.text);
      else if (message.role === "staff") thread.staff(message.text);
      else thread.answer(message.text);
    }
    this.#heard = view.messages.filter((message) => message.role === "staff").length;
    if (view.answering === "staff") this.#waitForStaff();
    const open = new Set(view.cards.map((card) => card.turn_id));
    if (view.open_turn) open.add(view.open_turn);
    for (const turn of open) this.#follow(turn, thread.answer());
  }

  #afresh() {
    thread.clear();
    return this.resume();
  }

  // Once: who writes while the page still begins the conversation waits for that.
  #begin() {
    this.#begun ??= this.#api.begin().then(({ conversation_id, disclosure }) => {
      if (this.#stopped.signal.aborted) return;
      this.#conversation = conversation_id;
      sessionStorage.setItem(`conversation-of-${this.who}`, conversation_id);
      showDisclosure(disclosure);
    }).finally(() => { this.#begun = undefined; });
    return this.#begun;
  }

  // While a person answers nothing streams: their words are read from the thread.
  async #waitForStaff() {
    if (this.#waiting) return;
    this.#waiting = true;
    while (!this.#stopped.signal.aborted) {
      const view = await this.#api.read(this.#conversation).catch(() => null);
      if (this.#stopped.signal.aborted) break;
      const said = view?.messages.filter((message) => message.role === "staff") ?? [];
      for (const message of said.slice(this.#heard)) {
        thread.staff(message.text);
        announce(`A person from our team: ${message.text}`);
      }
      this.#heard = Math.max(this.#heard, said.length);
      if (view && view.answering !== "staff") {
        showAnswering(view.answering);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, STAFF_POLL_MS));
    }
    this.#waiting = false;
  }

  forget() {
    sessionStorage.removeItem(`conversation-of-${this.who}`);
  }

  say(text) {
    thread.customer(text);
    return this.#turn((conversation, id) => this.#api.send(conversation, text, id));
  }

  askForPerson() {
    thread.customer("I would like to talk to a person.");
    return this.#turn((conversation, id) => this.#api.handOff(conversation, id));
  }

  // Another try has the same id: a message that did arrive is not said twice.
  async #turn(start, answer = thread.answer(), id = `msg_${crypto.randomUUID()}`) {
    answer.working(true);
    let turn;
    try {
      if (!this.#conversation) await this.#begin();
      turn = await start(this.#conversation, id);
    } catch (error) {
      return this.#failed(answer, error, () => this.#turn(start, answer, id));
    }
    return this.#follow(turn, answer);
  }

  async #follow(turn, answer) {
    answer.working(true);
    try {
      for await (const { event, data } of this.#api.follow(this.#conversation, turn, this.#stopped.signal)) {
        this.#show(turn, answer, event, data);
      }
    } catch (error) {
      this.#failed(answer, error);
    }
  }

  #show(turn, answer, event, data) {
    switch (event) {
      case "status": return answer.step(data.text);
      case "tool": return answer.tool(data);
      case "chunk": return answer.chunk(data);
      case "citation": return answer.source(data);
      case "confirmation": return answer.confirmation(data, (digest, confirmed) => this.#decide(turn, digest, confirmed));
      case "approval": return answer.approval(data);
      case "error": {
        answer.working(false);
        return answer.problem(data.problem.detail || data.problem.title);
      }
      case "end": {
        showAnswering(data.answering);
        if (data.answering === "staff") this.#waitForStaff();
        return answer.end(data);
      }
      default: return undefined;
    }
  }

  async #decide(turn, digest, confirmed) {
    try {
      await this.#api.decide(this.#conversation, turn, digest, confirmed);
      return null;
    } catch (error) {
      return error.message;
    }
  }

  #failed(answer, error, again) {
    answer.working(false);
    if (!this.#stopped.signal.aborted) answer.problem(error.message, again);
  }
}

function become(who) {
  session?.leave();
  showDisclosure("");
  sessionStorage.setItem("who", who);
  showWho(who);
  showPlace(STAFF.has(who));
  if (STAFF.has(who)) {
    session = new Desk(who);
    return;
  }
  showAnswering("bot");
  thread.clear();
  session = new Session(who);
  session.resume();
}

function write() {
  if (!STAFF.has(session.who)) $("text").focus();
}

function submit() {
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  fit();
  session.say(text);
}

function fit() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  }
});
$("text").addEventListener("input", fit);
$("person").addEventListener("click", () => session.askForPerson());
$("fresh").addEventListener("click", () => {
  session.forget();
  become(session.who);
  write();
});
$("who").addEventListener("change", (event) => become(event.target.value));
showExamples(EXAMPLES, (text) => {
  session.say(text);
  write();
});
become(sessionStorage.getItem("who") ?? "ada");
write();
