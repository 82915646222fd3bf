import type { Line } from "../conversation";

interface AnnouncerProps {
  readonly lines: readonly Line[];
  readonly assistantTitle: string;
}

/** Tells screen readers each line once, when it is complete; the growing captions would be read again and again. */
export function Announcer({ lines, assistantTitle }: AnnouncerProps) {
  const complete = lines.filter((line) => !line.live && line.text !== "").slice(-2);
  return (
    <div className="visually-hidden" role="log" aria-live="polite" aria-relevant="additions">
      {complete.map((line) => (
        <p key={line.id}>
          {line.speaker === "user" ? "You" : assistantTitle}: {line.heardText ?? line.text}
        </p>
      ))}
    </div>
  );
}
