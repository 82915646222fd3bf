/** The secret that opens the receipt of an erasure, which the server tells once: kept until the person calls it off. */

const NAME = "voice-server.receipt";

/** Null: of this job none is kept here; it may be another person's, or have been asked for with another browser. */
export function keptReceiptToken(jobId: string): string | null {
  const [id, token = null] = (window.localStorage.getItem(NAME) ?? "").split(" ");
  return id === jobId ? token : null;
}

export function keepReceiptToken(jobId: string, token: string): void {
  window.localStorage.setItem(NAME, `${jobId} ${token}`);
}

export function dropReceiptToken(): void {
  window.localStorage.removeItem(NAME);
}
