/** What the address says is to be shown beside the conversation: the part behind the `#`, which no server sees. */

export type Route =
  | { readonly page: "log-in" }
  | { readonly page: "register" }
  | { readonly page: "forgot" }
  /** By the link of a letter. */
  | { readonly page: "reset"; readonly token: string }
  | { readonly page: "verify"; readonly token: string }
  | { readonly page: "history"; readonly query: string }
  /** `query`: by which it was found. */
  | { readonly page: "conversation"; readonly id: string; readonly query: string }
  | { readonly page: "memory" }
  | { readonly page: "privacy" }
  | { readonly page: "account" }
  /** Of an erasure. */
  | { readonly page: "receipt"; readonly token: string };

const PLAIN = ["log-in", "register", "forgot", "memory", "privacy", "account"] as const;
const WITH_TOKEN = ["reset", "verify", "receipt"] as const;

/** Null: nothing, or nothing that is known. */
export function readRoute(hash: string): Route | null {
  const text = hash.replace(/^#/, "");
  const plain = PLAIN.find((page) => page === text);
  if (plain !== undefined) return { page: plain };
  const [name, value = ""] = split(text, "=");
  const tokened = WITH_TOKEN.find((page) => page === name);
  if (tokened !== undefined && value !== "") return { page: tokened, token: decoded(value) };
  const [path, search = ""] = split(text, "?");
  const query = new URLSearchParams(search).get("q")?.trim() ?? "";
  if (path === "history") return { page: "history", query };
  const id = path.startsWith("history/") ? decoded(path.slice("history/".length)) : "";
  return id === "" ? null : { page: "conversation", id, query };
}

export function hashOf(route: Route): string {
  switch (route.page) {
    case "reset":
    case "verify":
    case "receipt":
      return `#${route.page}=${encodeURIComponent(route.token)}`;
    case "history":
      return `#history${searchOf(route.query)}`;
    case "conversation":
      return `#history/${encodeURIComponent(route.id)}${searchOf(route.query)}`;
    default:
      return `#${route.page}`;
  }
}

function searchOf(query: string): string {
  return query === "" ? "" : `?${new URLSearchParams({ q: query }).toString()}`;
}

function split(text: string, at: string): [string, string?] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
