import type { About as AboutServer } from "../server";

/** What runs here, in one line; the rest on request. */
export function About({ about }: { readonly about: AboutServer | null }) {
  if (about === null) return <footer className="about" />;
  const { providers, notices, version, embedded } = about;
  return (
    <footer className="about">
      <details>
        <summary>
          voice-server {version}
          {embedded && " · embedded providers"}
        </summary>
        <dl>
          <dt>Hears with</dt>
          <dd>{providers.stt.join(", then ") || "nothing"}</dd>
          <dt>Thinks with</dt>
          <dd>{providers.llm.join(", then ") || "nothing"}</dd>
          <dt>Speaks with</dt>
          <dd>{providers.tts.join(", then ") || "nothing"}</dd>
        </dl>
        {notices.map((notice) => (
          <p key={notice}>{notice}</p>
        ))}
      </details>
    </footer>
  );
}
