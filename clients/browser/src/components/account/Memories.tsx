import { useCallback, useRef, useState } from "react";
import type { Account } from "../../account/account";
import { listMemories, type Memory } from "../../account/memories";
import { ConsentList } from "./ConsentList";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { MemoryRow } from "./MemoryRow";
import { More } from "./More";
import { focusTitle, Title } from "./Title";
import { useAnswer } from "./useAnswer";

const ASKED = ["memory"];

/** What the assistant remembers, and whether it may. */
export default function Memories({ account }: { readonly account: Account }) {
  const load = useCallback(() => listMemories(account, null), [account]);
  const { value: page, problem, change, retry } = useAnswer(account, load);
  const memories = page?.memories ?? null;
  const list = useRef<HTMLUListElement>(null);
  const [news, setNews] = useState("");
  const corrected = (before: Memory, after: Memory): void => {
    if (page !== null) change({ ...page, memories: page.memories.map((each) => (each.id === before.id ? after : each)) });
    setNews("It was corrected.");
  };
  const forgotten = (gone: Memory): void => {
    if (page !== null) change({ ...page, memories: page.memories.filter(({ id }) => id !== gone.id) });
    setNews("It was forgotten.");
    focusTitle();
  };
  const more = async (): Promise<void> => {
    if (page === null) return;
    const following = await listMemories(account, page.next);
    change({ ...following, memories: [...page.memories, ...following.memories] });
  };
  return (
    <section>
      <Title>Memory</Title>
      <ConsentList account={account} purposes={ASKED} label="Whether it may remember" />
      <h3>What is remembered</h3>
      <p className="sheet-notice" role="status">
        {news}
      </p>
      {problem !== null && <Failure message={problem} onRetry={retry} />}
      {memories === null && problem === null && <Loading />}
      {memories !== null && memories.length === 0 && page?.next === null && (
        <p className="nothing">Nothing. If it may, the assistant remembers what you say of yourself once a conversation is over.</p>
      )}
      {memories !== null && memories.length > 0 && (
        <ul className="rows" ref={list} aria-label="What is remembered">
          {memories.map((memory) => (
            <li key={memory.id}>
              <MemoryRow account={account} memory={memory} onCorrected={(after) => corrected(memory, after)} onForgotten={() => forgotten(memory)} />
            </li>
          ))}
        </ul>
      )}
      <More action="Show more" list={list} load={page === null || page.next === null ? null : more} />
    </section>
  );
}
