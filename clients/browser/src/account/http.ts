/** One request to the server's API, and what it means when it is refused. */

/** The server's own sentence for people, its code for machines, and the field at fault. */
export class Refusal extends Error {
  /** Of HTTP; 0: there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly field: string | null;

  constructor(status: number, code: string, message: string, field: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** The answer's JSON; null where there is none. `token`: null: nobody's. Raises Refusal. */
export type Ask = (method: Method, path: string, body: object | null, token: string | null) => Promise<unknown>;

const PATIENCE_MS = 20_000;

export const ask: Ask = async (method, path, body, token) => {
  const headers: Record<string, string> = {};
  if (token !== null) headers["Authorization"] = `Bearer ${token}`;
  if (body !== null) headers["Content-Type"] = "application/json";
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === null ? null : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text = await response.text();
  } catch {
    throw new Refusal(0, "unreachable", "The server cannot be reached. Is your network up? Try again.");
  }
  const answer = parsed(text);
  if (!response.ok) throw refusalOf(response.status, answer);
  return answer;
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What an answer with an error says; other servers on the way, such as proxies, may say nothing. */
export function refusalOf(status: number, answer: unknown): Refusal {
  const error = (answer as { error?: { message?: unknown; code?: unknown; param?: unknown } } | null)?.error;
  const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
  const message = text(error?.message) ?? `The server answered with an error (${status}). Try again.`;
  return new Refusal(status, text(error?.code) ?? "unknown", message, text(error?.param));
}

/** What to tell people of anything that went wrong. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return "Something went wrong. Try again.";
}
