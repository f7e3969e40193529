// What the host of the widget and the orchestrator's public API say, as far as the widget reads it.

export type Kind = "guest" | "customer" | "staff";
export type Answering = "bot" | "staff";
export type Thumbs = "up" | "down";

export type RouteName =
  | "chat" | "stream" | "conversations" | "conversation" | "confirmations" | "handoff" | "feedback" | "stop" | "email" | "slack";

/** What `POST {session}` answers. `expires_in` is in seconds. */
export interface SessionAnswer {
  visitor: string;
  kind: Kind;
  name: string;
  headers: Record<string, string>;
  credentials: "same-origin" | "omit";
  expires_in: number;
  transport: "stream" | "poll";
  routes: Partial<Record<RouteName, string>>;
}

export interface Citation {
  title: string;
  url: string;
  quote: string;
}

export interface CardText {
  name: string;
  text: string;
  by: "customer" | "assistant" | "others";
}

export interface CardView {
  turn_id: string;
  kind: "confirmation" | "approval";
  summary: string;
  digest: string;
  expires_at: string;
  texts?: CardText[];
}

export interface MessageView {
  role: "customer" | "assistant" | "staff";
  text: string;
  turn_id: string | null;
  at: string;
  citations?: Citation[];
  links?: Record<string, string>;
  outcome?: string | null;
  thumbs?: Thumbs | null;
  mailed?: boolean;
}

/** What is said to who waits for a person, and whether what people say is mailed: `wanted` where an address is left. */
export interface WaitingView {
  text: string;
  mailing: "no" | "wanted" | "left" | "known";
}

/** A one-time code: who writes it to `app` in Slack is this person there. */
export interface SlackCode {
  code: string;
  expires_in_s: number;
  app: string;
}

/** `later` says that the answer of `open_turn` comes by e-mail. */
export interface ConversationView {
  conversation_id: string;
  answering: Answering;
  status: "idle" | "working" | "waiting";
  open_turn: string | null;
  later?: string;
  hand_over?: WaitingView | null;
  cards: CardView[];
  messages: MessageView[];
}

export interface ChatAnswer {
  conversation_id: string;
  turn_id: string;
  text: string;
  outcome: string | null;
  citations?: Citation[];
  links?: Record<string, string>;
  answering?: Answering;
  cards?: CardView[];
}

export interface ProblemBody {
  title?: string;
  detail?: string;
  code?: string;
  message?: string;
  retryable?: boolean;
  retry_after_s?: number | null;
  can_mail?: boolean;
}

type Card = Omit<CardView, "turn_id" | "kind">;

/** An event of a turn's stream. */
export type StreamEvent =
  | { event: "status"; state: string; text: string }
  | { event: "tool"; name: string; label: string; phase: "started" | "succeeded" | "failed" }
  | { event: "chunk"; text: string; offset: number }
  | ({ event: "citation" } & Citation)
  | ({ event: "confirmation" } & Card)
  | ({ event: "approval" } & Card)
  | { event: "error"; problem: ProblemBody }
  | {
      event: "end";
      outcome: string;
      text: string;
      citations?: Citation[];
      links?: Record<string, string>;
      answering?: Answering;
    };
