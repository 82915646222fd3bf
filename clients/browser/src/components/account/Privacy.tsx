import { useCallback } from "react";
import type { Account } from "../../account/account";
import { listJobs } from "../../account/jobs";
import { ConsentList } from "./ConsentList";
import { Erasure } from "./Erasure";
import { Export } from "./Export";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { Title } from "./Title";
import { useAnswer } from "./useAnswer";

const CONSENTS = ["conversations", "recordings", "memory"];
const OPT_OUTS = ["sale", "analytics", "marketing"];

/** What may be done with what is one's own, and the ways to take it along and to have it erased. */
export default function Privacy({ account }: { readonly account: Account }) {
  const load = useCallback(() => listJobs(account), [account]);
  const { value: jobs, problem, retry } = useAnswer(account, load);
  return (
    <section>
      <Title>Privacy</Title>
      <h3>What may be kept</h3>
      <ConsentList account={account} purposes={CONSENTS} label="What may be kept" />
      <h3>What it may be used for</h3>
      <ConsentList account={account} purposes={OPT_OUTS} label="What it may be used for" />
      {problem !== null && <Failure message={problem} onRetry={retry} />}
      {jobs === null && problem === null && <Loading />}
      {jobs !== null && (
        <>
          <h3 id="export-title">Take everything with you</h3>
          <Export account={account} last={jobs.find(({ kind }) => kind === "export") ?? null} />
          <h3 id="erasure-title">Have everything erased</h3>
          <Erasure account={account} last={jobs.find(({ kind }) => kind === "erasure") ?? null} />
        </>
      )}
    </section>
  );
}
