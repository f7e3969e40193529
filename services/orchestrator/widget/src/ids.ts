// Names that nobody else makes.

/** `prefix` and 32 hex digits. `crypto.randomUUID` is on pages with TLS only, and a shop's staging site may have none. */
export function newId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
