import type { Span, Waterfall as Times } from "../wire";

const LABELS: Readonly<Record<string, string>> = {
  pause: "Sure that you were done",
  transcript: "Words recognised",
  first_words: "First words found",
  first_audio: "Voice ready",
  heard: "Heard by you",
};

/** Where the time between your last word and the first sound of the reply went. */
export function Waterfall({ waterfall }: { readonly waterfall: Times }) {
  const { totalMs, spans } = waterfall;
  if (spans.length === 0) return null;
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
            <SpanRow key={span.name} span={span} totalMs={totalMs} />
          ))}
        </tbody>
      </table>
    </details>
  );
}

function SpanRow({ span, totalMs }: { readonly span: Span; readonly totalMs: number }) {
  const share = (ms: number): string => `${totalMs > 0 ? (100 * ms) / totalMs : 0}%`;
  return (
    <tr>
      <th scope="row">{LABELS[span.name] ?? span.name}</th>
      <td className="waterfall-took">{Math.round(span.endMs - span.startMs)} ms</td>
      <td className="waterfall-lane">
        <span className="visually-hidden">{Math.round(span.endMs)} ms</span>
        <span
          aria-hidden="true"
          data-span={span.name}
          style={{ marginInlineStart: share(span.startMs), inlineSize: share(span.endMs - span.startMs) }}
        />
      </td>
    </tr>
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
