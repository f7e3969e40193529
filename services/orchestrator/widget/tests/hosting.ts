// A chat on a host that answers as a test says.

import { Api } from "../src/api.ts";
import { Chat } from "../src/chat.ts";
import { newId } from "../src/ids.ts";
import { Sessions } from "../src/sessions.ts";
import { Forgiving, type Keep } from "../src/store.ts";
import { JumpingClock } from "./making.ts";

const ROUTES = { chat: "/chat", stream: "/stream", conversations: "/c", conversation: "/v", confirmations: "/y", handoff: "/h", feedback: "/f", stop: "/s" };

export type Answers = Record<string, (options: RequestInit) => Response | Promise<Response>>;

/** What a page is loaded with: whose it is, and what the browser has kept. */
export interface Loaded {
  transport?: string;
  visitor?: string;
  keep?: Keep;
}

/** A chat on a host whose routes answer as given; `asked` are the calls, without those of sessions. */
export function chatting(answers: Answers, { transport = "stream", visitor = newId("v"), keep = forgetting() }: Loaded = {}): { chat: Chat; asked: string[] } {
  const asked: string[] = [];
  const fetch = async (url: string, options: RequestInit): Promise<Response> => {
    const path = url.split("?")[0]!;
    if (path === "/session") return Response.json({ visitor, kind: "guest", name: "", headers: {}, credentials: "omit", expires_in: 240, transport, routes: ROUTES });
    asked.push(path);
    if (path === "/c" && !answers["/c"]) return Response.json({ conversation_id: "c1", disclosure: "An AI answers." });
    return answers[path]!(options);
  };
  const clock = new JumpingClock();
  const page = { clock, local: keep, tab: keep, online: () => true, visible: () => true };
  return { chat: new Chat(new Api(new Sessions("/session", "en", fetch, clock), fetch, "en"), page, () => undefined), asked };
}

/** The response as one of turn `t1`. */
export const taken = (response: Response): Response => {
  response.headers.set("x-aiguy-conversation-id", "c1");
  response.headers.set("x-aiguy-turn-id", "t1");
  return response;
};

/** Lets everything happen that waits for nothing. */
export const turn = (): Promise<void> => new Promise((done) => setTimeout(done));

export const texts = (chat: Chat): string[] => chat.state().items.map((item) => item.text);

function forgetting(): Keep {
  return new Forgiving(() => { throw new Error("none"); });
}
