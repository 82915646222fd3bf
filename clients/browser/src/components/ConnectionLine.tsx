import type { ConnectionNews } from "../voiceState";

const NEWS: Readonly<Record<ConnectionNews, string>> = {
  lost: "The connection was lost; reconnecting…",
  back: "Back.",
  restarted: "The conversation could not be continued; a new one has begun.",
};

/** One line about a connection that was lost. Nothing is to be done about it; screen readers read it out. */
export function ConnectionLine({ news }: { readonly news: ConnectionNews | null }) {
  return (
    <p className="connection-line" aria-live="polite" aria-atomic="true">
      {news !== null && NEWS[news]}
    </p>
  );
}
