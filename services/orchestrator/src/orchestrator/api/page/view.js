// What is on the screen. Text from anywhere is only ever set as text, links only ever to http and https.

const $ = (id) => document.getElementById(id);

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function link(url, text) {
  let target;
  try {
    target = new URL(url, location.href);
  } catch {
    return element("span", "", text);
  }
  if (target.protocol !== "https:" && target.protocol !== "http:") return element("span", "", text);
  const made = element("a", "", text);
  made.href = target.href;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

// Answers are plain text with Markdown links. Everything else stays as it was written.
function showText(place, text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/\[([^\]\n]+)\]\(([^)\s]+)\)/g)) {
    parts.push(text.slice(end, found.index), link(found[2], found[1]));
    end = found.index + found[0].length;
  }
  place.replaceChildren(...parts, text.slice(end));
}

export class Thread {
  #list = $("messages");
  #scroller = $("thread");

  clear() {
    this.#list.replaceChildren();
    $("hints").hidden = false;
  }

  customer(text) {
    return this.#add("customer", "You", text);
  }

  staff(text) {
    return this.#add("staff", "A person", text);
  }

  answer(text = "") {
    return new Answer(this.#add("assistant", "Assistant", text), () => this.#toEnd());
  }

  #add(role, label, text) {
    $("hints").hidden = true;
    const item = element("li", `message ${role}`);
    item.append(element("span", "hidden", `${label}: `), element("p", "text", text));
    this.#list.append(item);
    this.#toEnd();
    return item;
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

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
    item.append(link(url, title), element("q", "", quote));
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
        const problem = await decide(card.digest, confirmed);
        if (problem) {
          yes.disabled = no.disabled = false;
          this.problem(problem);
        } else {
          choices.replaceWith(element("p", "decided", confirmed ? "You agreed." : "You declined."));
        }
      });
    }
    choices.append(yes, no);
    const until = new Date(card.expires_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    box.append(element("p", "", card.summary), ...this.#texts(card), element("p", "facts", `Open until ${until}.`), choices);
    this.#cards.set(card.digest, box);
    this.#item.append(box);
    this.#grown();
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
  }

  problem(text) {
    this.#item.append(element("p", "text problem", text));
    this.#grown();
    announce(text);
  }

  end({ outcome, text, citations, links }) {
    this.working(false);
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
    for (const choices of this.#item.querySelectorAll(".choices")) {
      choices.replaceWith(element("p", "decided", "This is no longer open."));
    }
    for (const waits of this.#item.querySelectorAll(".waits")) waits.textContent = "Our staff have decided, or their time is over.";
    const ms = Math.round(performance.now() - this.#started);
    this.#item.append(element("p", "facts", `${outcome.replaceAll("_", " ")} · ${ms} ms`));
    this.#grown();
    announce(text);
  }
}

export function announce(text) {
  $("announcer").textContent = text;
}

export function showAnswering(who) {
  $("answering").textContent = who === "staff" ? "A person answers" : "The assistant answers";
}

export function showDisclosure(text) {
  $("disclosure").textContent = text;
  $("disclosure").hidden = !text;
}

export function showWho(who) {
  for (const choice of document.querySelectorAll("input[name=who]")) choice.checked = choice.value === who;
}

export function showPlace(staff) {
  $("desk").hidden = !staff;
  for (const id of ["messages", "composer", "person", "fresh"]) $(id).hidden = staff;
  if (staff) $("hints").hidden = true;
  $("answering").textContent = staff ? "You approve or deny" : "";
}

export function showExamples(texts, choose) {
  for (const text of texts) {
    const button = element("button", "", text);
    button.type = "button";
    button.addEventListener("click", () => choose(text));
    $("examples").append(button);
  }
}
