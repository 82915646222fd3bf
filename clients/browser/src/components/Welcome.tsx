import type { Assistant } from "../server";

interface WelcomeProps {
  readonly assistant: Assistant | null;
  readonly notices: readonly string[];
}

export function Welcome({ assistant, notices }: WelcomeProps) {
  return (
    <section className="welcome">
      <h2>Say something.</h2>
      <p>Press the button and talk as you would to a person. You may interrupt at any time.</p>
      {assistant !== null && assistant.description !== "" && <p className="welcome-assistant">{assistant.description}</p>}
      {notices.length > 0 && (
        <div className="welcome-notices">
          {notices.map((notice) => (
            <p key={notice}>{notice}</p>
          ))}
        </div>
      )}
    </section>
  );
}
