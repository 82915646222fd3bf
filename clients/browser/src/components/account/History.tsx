import { useCallback, useRef, useState, type SubmitEvent } from "react";
import type { Account } from "../../account/account";
import { listConversations } from "../../account/conversations";
import { place } from "../../account/place";
import type { Assistant } from "../../server";
import { ConversationRow } from "./ConversationRow";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { More } from "./More";
import { Title } from "./Title";
import { useAnswer } from "./useAnswer";

interface HistoryProps {
  readonly account: Account;
  /** What was said in them; empty: all. */
  readonly query: string;
  readonly assistants: readonly Assistant[];
}

export default function History({ account, query, assistants }: HistoryProps) {
  const load = useCallback(() => listConversations(account, query, null), [account, query]);
  const { value: page, problem, change, retry } = useAnswer(account, load);
  const list = useRef<HTMLOListElement>(null);
  const older = async (): Promise<void> => {
    if (page === null) return;
    const following = await listConversations(account, query, page.next);
    change({ ...following, conversations: [...page.conversations, ...following.conversations] });
  };
  return (
    <section>
      <Title>History</Title>
      <Search key={query} query={query} />
      {problem !== null && <Failure message={problem} onRetry={retry} />}
      {page === null && problem === null && <Loading />}
      {page !== null && (
        <>
          {page.conversations.length === 0 && <Nothing query={query} />}
          <ol className="rows" ref={list} aria-label={query === "" ? "Your conversations" : `Conversations with “${query}”`}>
            {page.conversations.map((summary) => (
              <li key={summary.id}>
                <ConversationRow summary={summary} query={query} assistants={assistants} />
              </li>
            ))}
          </ol>
          <More action="Show older ones" list={list} load={page.next === null ? null : older} />
        </>
      )}
    </section>
  );
}

function Search({ query }: { readonly query: string }) {
  const [words, setWords] = useState(query);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    place.go({ page: "history", query: words.trim() });
  };
  const change = (changed: string): void => {
    setWords(changed);
    if (changed === "" && query !== "") place.go({ page: "history", query: "" });
  };
  return (
    <form className="search" role="search" onSubmit={submit}>
      <label className="visually-hidden" htmlFor="search-words">
        Search in what was said
      </label>
      <input
        id="search-words"
        type="search"
        placeholder="Search in what was said"
        maxLength={200}
        autoComplete="off"
        enterKeyHint="search"
        value={words}
        onChange={(event) => change(event.target.value)}
      />
      <button type="submit" className="button button-quiet">
        Search
      </button>
    </form>
  );
}

function Nothing({ query }: { readonly query: string }) {
  if (query === "") return <p className="nothing">Nothing yet. What you say from now on is found here, unless you do not want it kept.</p>;
  return (
    <p className="nothing">
      Nobody said “{query}”. <a href="#history">Show all conversations</a>
    </p>
  );
}
