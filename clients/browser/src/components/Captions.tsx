import { memo, useEffect, useRef, type RefObject } from "react";
import type { Line } from "../conversation";
import { splitHeard } from "../heardText";
import { Waterfall } from "./Waterfall";

interface CaptionsProps {
  readonly lines: readonly Line[];
  readonly assistantTitle: string;
}

/** Who has scrolled further up than this reads, and is left in peace. */
const NEAR_END_PX = 80;

export const Captions = memo(function Captions({ lines, assistantTitle }: CaptionsProps) {
  const list = useRef<HTMLOListElement>(null);
  useStickingToEnd(list, lines);
  return (
    <ol className="captions" ref={list} aria-label="Conversation">
      {lines.map((line) => (
        <CaptionLine key={line.id} line={line} assistantTitle={assistantTitle} />
      ))}
    </ol>
  );
});

/** Keeps the end in view when lines grow and when the room for them shrinks. */
function useStickingToEnd(list: RefObject<HTMLElement | null>, lines: readonly Line[]): void {
  const sticks = useRef(true);
  useEffect(() => {
    const stage = list.current?.parentElement;
    if (!stage) return undefined;
    const look = (): void => {
      sticks.current = stage.scrollHeight - stage.scrollTop - stage.clientHeight < NEAR_END_PX;
    };
    const observer = new ResizeObserver(() => {
      if (sticks.current) stage.scrollTo({ top: stage.scrollHeight });
    });
    stage.addEventListener("scroll", look, { passive: true });
    observer.observe(stage);
    return () => {
      stage.removeEventListener("scroll", look);
      observer.disconnect();
    };
  }, [list]);
  useEffect(() => {
    const stage = list.current?.parentElement;
    if (stage && sticks.current) stage.scrollTo({ top: stage.scrollHeight });
  }, [list, lines]);
}

interface CaptionLineProps {
  readonly line: Line;
  readonly assistantTitle: string;
}

const CaptionLine = memo(function CaptionLine({ line, assistantTitle }: CaptionLineProps) {
  return (
    <li className="line" data-speaker={line.speaker} data-live={line.live}>
      <span className="line-speaker">{line.speaker === "user" ? "You" : assistantTitle}</span>
      <Words line={line} />
      {line.failure !== null && <p className="line-failure">{failureText(line)}</p>}
      {line.waterfall !== null && <Waterfall waterfall={line.waterfall} />}
    </li>
  );
});

function Words({ line }: { readonly line: Line }) {
  if (line.text === "") {
    return line.live ? <Waiting label={line.speaker === "user" ? "Listening" : "Thinking"} /> : null;
  }
  if (line.heardText === null) return <p className="line-words">{line.text}</p>;
  const { heard, unheard } = splitHeard(line.text, line.heardText);
  return (
    <p className="line-words">
      {heard}
      {unheard.trim() !== "" && (
        <>
          <span className="visually-hidden"> (interrupted; not heard:) </span>
          <s className="unheard">{unheard}</s>
        </>
      )}
    </p>
  );
}

function Waiting({ label }: { readonly label: string }) {
  return (
    <p className="line-words waiting">
      <span className="visually-hidden">{label}</span>
      <i aria-hidden="true" />
      <i aria-hidden="true" />
      <i aria-hidden="true" />
    </p>
  );
}

function failureText({ speaker, failure }: Line): string {
  return speaker === "user" ? `This was not understood: ${failure ?? ""}` : `The reply failed: ${failure ?? ""}`;
}
