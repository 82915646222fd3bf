import type { Span, Waste, Waterfall as Times } from "../waterfall";

const LABELS: Readonly<Record<string, string>> = {
  pause: "Pause noticed",
  transcript: "Words recognised",
  first_token: "Answer begun",
  first_clause: "First words found",
  first_audio: "Voice ready",
  sent: "Sent",
  heard: "Heard by you",
};

/** Where the time between your last word and the first sound of the reply went. */
export function Waterfall({ waterfall }: { readonly waterfall: Times }) {
  const { totalMs, committedMs, spans, waste } = waterfall;
  if (spans.length === 0) return null;
  const sureAt = committedMs === null ? null : share(Math.min(committedMs, totalMs), totalMs);
  return (
    <details className="waterfall">
      <summary>
        <span className="waterfall-total">
          Answered in <b>{seconds(totalMs)}</b>
        </span>
        <span className="waterfall-bar" aria-hidden="true">
          {spans.map((span) => (
            <span key={span.name} data-span={span.name} style={{ flexGrow: Math.max(0, span.endMs - span.startMs) }} />
          ))}
          {sureAt !== null && <i className="waterfall-sure" style={{ insetInlineStart: sureAt }} />}
        </span>
      </summary>
      <table>
        <caption>Where the time went, from the end of your last word to the first sound of the answer</caption>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Took</th>
            <th scope="col">Done at</th>
          </tr>
        </thead>
        <tbody>
          {spans.map((span) => (
            <SpanRow key={span.name} span={span} totalMs={totalMs} sureAt={sureAt} />
          ))}
        </tbody>
      </table>
      {committedMs !== null && (
        <p className="waterfall-note">
          <i className="waterfall-sure" aria-hidden="true" /> Sure after {milliseconds(committedMs)} that you were done;
          what was ready before was done while waiting.
        </p>
      )}
      {waste !== null && waste.guesses > 0 && <p className="waterfall-note">{wasteText(waste)}</p>}
    </details>
  );
}

interface SpanRowProps {
  readonly span: Span;
  readonly totalMs: number;
  /** Where in the lane the turn was surely over. */
  readonly sureAt: string | null;
}

function SpanRow({ span, totalMs, sureAt }: SpanRowProps) {
  return (
    <tr>
      <th scope="row">{LABELS[span.name] ?? span.name}</th>
      <td className="waterfall-took">{milliseconds(span.endMs - span.startMs)}</td>
      <td className="waterfall-lane">
        <span className="visually-hidden">{milliseconds(span.endMs)}</span>
        <span
          aria-hidden="true"
          data-span={span.name}
          style={{
            marginInlineStart: share(span.startMs, totalMs),
            inlineSize: share(span.endMs - span.startMs, totalMs),
          }}
        />
        {sureAt !== null && <i className="waterfall-sure" aria-hidden="true" style={{ insetInlineStart: sureAt }} />}
      </td>
    </tr>
  );
}

function wasteText({ guesses, tokens, characters, audioMs }: Waste): string {
  const answers = guesses === 1 ? "One answer was" : `${guesses} answers were`;
  return `${answers} begun too early and dropped: ${tokens} tokens, ${characters} characters, ${seconds(audioMs)} of voice.`;
}

function share(ms: number, totalMs: number): string {
  return `${totalMs > 0 ? (100 * ms) / totalMs : 0}%`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`;
}
