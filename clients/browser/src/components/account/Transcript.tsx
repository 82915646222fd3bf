import { useCallback, useRef, type RefObject } from "react";
import type { Account } from "../../account/account";
import { deleteConversation, readConversation, type Said, type Summary, type Transcript as Read } from "../../account/conversations";
import { dayAndMinute, minute } from "../../account/dates";
import { place } from "../../account/place";
import { hashOf, type Route } from "../../account/route";
import type { Assistant } from "../../server";
import { Waterfall } from "../Waterfall";
import { titleOf } from "./assistantTitle";
import { Confirmed } from "./Confirmed";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { More } from "./More";
import { Title } from "./Title";
import { useAnswer } from "./useAnswer";

interface TranscriptProps {
  readonly account: Account;
  readonly id: string;
  /** By which it was found. */
  readonly query: string;
  readonly assistants: readonly Assistant[];
  readonly tell: (text: string, at: Route) => void;
}

/** One conversation, read again. */
export default function Transcript({ account, id, query, assistants, tell }: TranscriptProps) {
  const load = useCallback(() => readConversation(account, id, null), [account, id]);
  const { value: read, problem, change, retry } = useAnswer(account, load);
  const lines = useRef<HTMLOListElement>(null);
  const rest = async (): Promise<void> => {
    if (read === null) return;
    const following = await readConversation(account, id, read.next);
    change({ ...following, said: [...read.said, ...following.said] });
  };
  const list: Route = { page: "history", query };
  const remove = async (): Promise<void> => {
    await deleteConversation(account, id);
    tell("The conversation was deleted.", list);
    place.replace(list);
  };
  return (
    <section>
      <Title>Conversation</Title>
      <p className="back">
        <a href={hashOf(list)}>{query === "" ? "All conversations" : `Conversations with “${query}”`}</a>
      </p>
      {problem !== null && <Failure message={problem} onRetry={retry} />}
      {read === null && problem === null && <Loading />}
      {read !== null && (
        <>
          <Head summary={read.summary} assistants={assistants} />
          <Lines read={read} title={titleOf(assistants, read.summary.assistant)} list={lines} />
          <More action="Show what was said then" list={lines} load={read.next === null ? null : rest} />
          <div className="transcript-end">
            <Confirmed
              action="Delete this conversation"
              question="Delete everything that was said here, for good? What is remembered of it stays; you find that under Memory."
              confirm="Delete it"
              onConfirm={remove}
            />
          </div>
        </>
      )}
    </section>
  );
}

function Head({ summary, assistants }: { readonly summary: Summary; readonly assistants: readonly Assistant[] }) {
  const { beganAt, endedAt, assistant, channel } = summary;
  return (
    <p className="transcript-head">
      With {titleOf(assistants, assistant)}
      {channel !== "realtime" && ` (${channel})`}, on <time dateTime={beganAt.toISOString()}>{dayAndMinute(beganAt)}</time>
      {endedAt === null ? ", not ended yet" : `, until ${minute(endedAt)}`}.
    </p>
  );
}

interface LinesProps {
  readonly read: Read;
  readonly title: string;
  readonly list: RefObject<HTMLOListElement | null>;
}

function Lines({ read, title, list }: LinesProps) {
  const lines = read.said.filter(({ role }) => role !== "system" && role !== "function_call_output");
  if (lines.length === 0) return <p className="nothing">Nothing was said.</p>;
  return (
    <ol className="captions transcript" ref={list} aria-label="What was said">
      {lines.map((said) => (said.role === "function_call" ? <Call key={said.id} said={said} /> : <Line key={said.id} said={said} title={title} />))}
    </ol>
  );
}

function Line({ said, title }: { readonly said: Said; readonly title: string }) {
  return (
    <li className="line" data-speaker={said.role}>
      <span className="line-speaker">
        {said.role === "user" ? "You" : title}
        <time dateTime={said.saidAt.toISOString()}>{minute(said.saidAt)}</time>
      </span>
      <Words said={said} />
      {said.role === "assistant" && (said.isCut || said.unheard !== "") && (
        <p className="line-cut">Interrupted: {said.unheard === "" ? "the rest was not said" : "what is struck through was not heard"}.</p>
      )}
      {said.waterfall !== null && <Waterfall waterfall={said.waterfall} />}
    </li>
  );
}

function Words({ said: { text, unheard } }: { readonly said: Said }) {
  if (text === "" && unheard === "") return <p className="line-words line-wordless">No words were found in it.</p>;
  return (
    <p className="line-words">
      {text}
      {unheard !== "" && (
        <>
          <span className="visually-hidden"> (not heard:) </span> <s className="unheard">{unheard}</s>
        </>
      )}
    </p>
  );
}

/** What the assistant looked up or did meanwhile. */
function Call({ said }: { readonly said: Said }) {
  const [name = ""] = said.text.split(" ", 1);
  return (
    <li className="line line-call">
      <details>
        <summary>Used “{name}”</summary>
        <code>{said.text.slice(name.length).trim()}</code>
      </details>
    </li>
  );
}
