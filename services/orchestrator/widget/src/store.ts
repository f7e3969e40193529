// What the browser remembers per visitor, and what tabs of the same visitor tell each other. Never a word of a message
// but the draft and what could not be sent, and those in the tab only.

import { newId } from "./ids.ts";
import { readUnsent, type Unsent } from "./unsent.ts";

/** Storage as far as it is used here; it may refuse (private windows, full, forbidden). */
export type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** What tabs tell each other. */
export type Word = "changed" | "fresh";

const NAME = /^web-[A-Za-z0-9._:-]{8,60}$/;

/** One visitor's memory. `tell` reaches the other tabs, `close` ends listening. */
export class Store {
  #key: string;
  #local: Keep;
  #tab: Keep;
  #channel: BroadcastChannel | null;

  constructor(visitor: string, local: Keep, tab: Keep, heard: (word: Word) => void, channel = open(visitor)) {
    this.#key = `aiguy:${visitor}`;
    this.#local = local;
    this.#tab = tab;
    this.#channel = channel;
    if (channel) channel.onmessage = ({ data }) => {
      const [word, name = ""] = String(data).split(" ");
      // What another tab has stored may be seen here later than its word.
      if (word === "fresh" && NAME.test(name)) local.setItem(this.#key, name);
      if (word === "changed" || word === "fresh") heard(word);
    };
  }

  /** The name of the visitor's conversation: a new one is made when there is none. `known`: it was there. */
  sessionId(): { id: string; known: boolean } {
    const kept = this.#local.getItem(this.#key) ?? "";
    if (NAME.test(kept)) return { id: kept, known: true };
    return { id: this.freshSessionId(), known: false };
  }

  freshSessionId(): string {
    const id = newId("web-");
    this.#local.setItem(this.#key, id);
    return id;
  }

  draft(): string {
    return this.#tab.getItem(`${this.#key}:draft`) ?? "";
  }

  keepDraft(text: string): void {
    this.#put("draft", text);
  }

  /** The message of this conversation that could not be sent. */
  unsent(session: string): Unsent | null {
    return readUnsent(this.#tab.getItem(`${this.#key}:unsent`) ?? "", session);
  }

  keepUnsent(unsent: Unsent | null): void {
    this.#put("unsent", unsent ? JSON.stringify(unsent) : "");
  }

  #put(name: string, text: string): void {
    if (text) this.#tab.setItem(`${this.#key}:${name}`, text);
    else this.#tab.removeItem(`${this.#key}:${name}`);
  }

  tell(word: Word): void {
    this.#channel?.postMessage(word === "fresh" ? `fresh ${this.sessionId().id}` : word);
  }

  close(): void {
    this.#channel?.close();
  }
}

function open(visitor: string): BroadcastChannel | null {
  return typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`aiguy:${visitor}`);
}

/** A storage that never throws: what the browser refuses to keep is kept for the life of the page. */
export class Forgiving implements Keep {
  #memory = new Map<string, string>();
  #storage: () => Storage;

  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  getItem(key: string): string | null {
    return this.#memory.get(key) ?? this.#try((storage) => storage.getItem(key)) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.#try((storage) => (storage.setItem(key, value), true))) this.#memory.delete(key);
    else this.#memory.set(key, value);
  }

  removeItem(key: string): void {
    this.#memory.delete(key);
    this.#try((storage) => storage.removeItem(key));
  }

  #try<T>(what: (storage: Storage) => T): T | null {
    try {
      return what(this.#storage());
    } catch {
      return null; // the browser forbids it: the memory of the page stands in
    }
  }
}
