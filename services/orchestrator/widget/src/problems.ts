// What can go wrong with a call, in a form that the widget can act on and find words for.

import type { ProblemBody } from "./wire.ts";

/** What the person is told: each kind has words in every language. */
export type TroubleKind =
  | "offline" | "unreachable" | "busy" | "rate" | "session" | "gone" | "decided" | "running" | "lost" | "long" | "address" | "unknown";

/** `retryAfterS`: after how many seconds it may be tried again, where that is known. `mails`: who leaves an address has
 * the answer by e-mail.
 */
export interface Trouble {
  kind: TroubleKind;
  retryAfterS: number | null;
  mails?: true;
}

/** An answer that is no success. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterS: number | null;
  readonly mails: boolean;

  constructor(status: number, code: string, retryAfterS: number | null = null, mails = false) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
    this.mails = mails;
  }
}

/** No answer at all. */
export class Unreachable extends Error {}

/** The stream of a turn broke too often. */
export class Lost extends Error {}

/** The problem in a response; WordPress has `code` in a body of its own, proxies have none. */
export async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as ProblemBody | null;
  const header = Number.parseFloat(response.headers.get("retry-after") ?? "");
  const after = body?.retry_after_s ?? (Number.isFinite(header) ? header : null);
  return new Problem(response.status, typeof body?.code === "string" ? body.code : "", after, body?.can_mail === true);
}

const RENEWING = new Set(["rest_cookie_invalid_nonce", "aiguy_stale_nonce"]);

/** Whether a new session may help: then the call is made once more. */
export function isStale(problem: Problem): boolean {
  return problem.status === 401 || (problem.status === 403 && RENEWING.has(problem.code));
}

/** What to tell of an error. */
export function troubleOf(error: unknown, online = true): Trouble {
  if (error instanceof Problem) return { kind: kindOf(error), retryAfterS: error.retryAfterS, ...(error.mails ? { mails: true } : {}) };
  if (error instanceof Lost) return { kind: online ? "lost" : "offline", retryAfterS: null };
  if (error instanceof Unreachable) return { kind: online ? "unreachable" : "offline", retryAfterS: null };
  return { kind: "unknown", retryAfterS: null };
}

/** As `troubleOf`, of a message with an address: that can be another one, and is asked for again. */
export function troubleOfAddress(error: unknown, online = true): Trouble {
  const trouble = troubleOf(error, online);
  if (!(error instanceof Problem) || (error.status !== 422 && error.status !== 429)) return trouble;
  return { ...trouble, kind: error.status === 422 ? "address" : trouble.kind, mails: true };
}

function kindOf({ status, code }: Problem): TroubleKind {
  if (status === 429 || code === "rate_limited") return "rate";
  if (code === "already_decided") return "decided";
  if (status === 401 || status === 403) return "session";
  if (status === 404) return "gone";
  if (status === 413 || code === "payload_too_large") return "long";
  return status >= 500 ? "busy" : "unknown";
}
