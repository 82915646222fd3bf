/** What the page asks the server over HTTP. */

/** Forgotten: the conversation that was to be gone on with. */
export type ServerCheck = "ready" | "key-needed" | "full" | "gone" | "forgotten";

/** `token`: of a conversation to go on with. */
export type CheckServer = (key: string | null, token?: string) => Promise<ServerCheck>;

const PATIENCE_MS = 8_000;

/** A browser cannot see why a WebSocket was refused; an ordinary request with the same key tells. */
export const checkServer: CheckServer = async (key, token) => {
  const headers: Record<string, string> = key === null ? {} : { Authorization: `Bearer ${key}` };
  let response: Response;
  try {
    const path = token === undefined ? "/v1/models" : `/v1/realtime?extensions=1&resume=${encodeURIComponent(token)}`;
    response = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    return "gone";
  }
  if (response.status === 401 || response.status === 403) return "key-needed";
  if (response.status === 409) return "forgotten";
  if (response.status === 429 || response.status === 503) return "full";
  return response.status >= 500 ? "gone" : "ready";
};

export interface Assistant {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Questions to begin with. */
  readonly examples: readonly string[];
}

/** What runs here, as the server says of itself. */
export interface About {
  readonly version: string;
  readonly assistants: readonly Assistant[];
  readonly providers: { readonly stt: readonly string[]; readonly llm: readonly string[]; readonly tts: readonly string[] };
  readonly embedded: boolean;
  readonly notices: readonly string[];
}

/** `token`: of whoever is logged in, who learns of their tenant's. Null if the server does not tell; the page works without. */
export async function fetchAbout(token: string | null): Promise<About | null> {
  try {
    const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
    const response = await fetch("/api/v1/about", { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? readAbout(await response.json()) : null;
  } catch {
    return null;
  }
}

/** Whatever is missing or of another type is left empty. */
export function readAbout(value: unknown): About {
  const about = fieldsOf(value);
  const providers = fieldsOf(about["providers"]);
  return {
    version: textOf(about["version"]),
    assistants: listOf(about["assistants"])
      .map(fieldsOf)
      .map(({ name, title, description, examples }) => ({
        name: textOf(name),
        title: textOf(title) || textOf(name),
        description: textOf(description),
        examples: textsOf(examples),
      }))
      .filter((assistant) => assistant.name !== ""),
    providers: { stt: textsOf(providers["stt"]), llm: textsOf(providers["llm"]), tts: textsOf(providers["tts"]) },
    embedded: about["embedded"] === true,
    notices: textsOf(about["notices"]),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).map(textOf).filter((text) => text !== "");
}
