/** The secret that opens the receipt of an erasure, which the server tells once: kept until the person calls it off. */

const NAME = "voice-server.receipt";

export function keptReceiptToken(): string | null {
  return window.localStorage.getItem(NAME);
}

export function keepReceiptToken(token: string | null): void {
  if (token === null) window.localStorage.removeItem(NAME);
  else window.localStorage.setItem(NAME, token);
}
