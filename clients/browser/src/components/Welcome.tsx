import type { Assistant } from "../server";

interface WelcomeProps {
  readonly assistant: Assistant | null;
  readonly notices: readonly string[];
  readonly onAsk: (question: string) => void;
}

export function Welcome({ assistant, notices, onAsk }: WelcomeProps) {
  return (
    <section className="welcome">
      <h2>Say something.</h2>
      <p>Press the button and talk as you would to a person. You may interrupt at any time.</p>
      {assistant !== null && assistant.description !== "" && <p className="welcome-assistant">{assistant.description}</p>}
      {assistant !== null && assistant.examples.length > 0 && (
        <div className="examples">
          <p id="examples-label">Ask one of these aloud, or press it:</p>
          <ul aria-labelledby="examples-label">
            {assistant.examples.map((question) => (
              <li key={question}>
                <button type="button" className="example" onClick={() => onAsk(question)}>
                  {question}
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
      {notices.length > 0 && <p className="welcome-notices">{notices.join(" ")}</p>}
    </section>
  );
}
