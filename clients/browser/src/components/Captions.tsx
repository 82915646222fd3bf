import { memo, useEffect, useRef, type RefObject } from "react";
import { bubblesOf } from "../bubbles";
import type { Line } from "../conversation";
import { splitHeard } from "../heardText";
import type { Waterfall as Times } from "../waterfall";
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
      {bubblesOf(lines).map(({ id, ...bubble }) => (
        <CaptionBubble key={id} {...bubble} assistantTitle={assistantTitle} />
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

interface CaptionBubbleProps {
  readonly said: string;
  readonly line: Line;
  readonly waterfall: Times | null;
  readonly assistantTitle: string;
}

const CaptionBubble = memo(function CaptionBubble({ said, line, waterfall, assistantTitle }: CaptionBubbleProps) {
  return (
    <li className="line" data-speaker={line.speaker} data-live={line.live}>
      <span className="line-speaker">{line.speaker === "user" ? "You" : assistantTitle}</span>
      <Words said={said} line={line} />
      {line.failure !== null && <p className="line-failure">{failureText(line)}</p>}
      {waterfall !== null && <Waterfall waterfall={waterfall} />}
    </li>
  );
});

function Words({ said, line }: { readonly said: string; readonly line: Line }) {
  const text = said === "" ? line.text : line.text.trimStart();
  if (said + text === "") {
    return line.live ? <Waiting label={line.speaker === "user" ? "Listening" : "Thinking"} /> : null;
  }
  if (line.heardText === null) return <p className="line-words">{said + text}</p>;
  const { heard, unheard } = splitHeard(text, line.heardText);
  return (
    <p className="line-words">
      {said + heard}
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
