import type { Match, Summary } from "../../account/conversations";
import { day, minute } from "../../account/dates";
import { hashOf } from "../../account/route";
import type { Assistant } from "../../server";
import { titleOf } from "./assistantTitle";

interface ConversationRowProps {
  readonly summary: Summary;
  readonly query: string;
  readonly assistants: readonly Assistant[];
}

/** One conversation in the list: when, with whom, and how it began or where the words were found. */
export function ConversationRow({ summary, query, assistants }: ConversationRowProps) {
  const { id, beganAt, assistant, opening, matches } = summary;
  return (
    <a className="row" href={hashOf({ page: "conversation", id, query })}>
      <span className="row-about">
        <time dateTime={beganAt.toISOString()}>
          {day(beganAt)}, {minute(beganAt)}
        </time>
        <span>{titleOf(assistants, assistant)}</span>
      </span>
      {matches.length === 0 ? (
        <span className={opening === null ? "row-words row-wordless" : "row-words"}>{opening ?? "Nothing was said."}</span>
      ) : (
        matches.map((match) => <Passage key={match.itemId} match={match} title={titleOf(assistants, assistant)} />)
      )}
    </a>
  );
}

function Passage({ match, title }: { readonly match: Match; readonly title: string }) {
  return (
    <span className="row-words">
      <span className="row-who">{match.speaker === "user" ? "You" : title} </span>
      {match.passage.map(({ text, found }, index) => (found ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>))}
    </span>
  );
}
