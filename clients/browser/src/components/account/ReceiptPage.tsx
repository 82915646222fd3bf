import { useCallback, useEffect, useState } from "react";
import { dayAndMinute } from "../../account/dates";
import { messageOf } from "../../account/http";
import { isPutOff, isUnderWay, readReceipt, type Job, type Receipt } from "../../account/jobs";
import { saveFile } from "../../account/saveFile";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { Progress } from "./Progress";
import { Title } from "./Title";
import { useWatchedJob } from "./useWatchedJob";

/** An erasure, for whoever was erased: they have no account, but its secret. */
export default function ReceiptPage({ token }: { readonly token: string }) {
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = useCallback(() => readReceipt(token), [token]);
  useEffect(() => {
    look().then(setJob, (error: unknown) => setProblem(messageOf(error)));
  }, [look]);
  const lately = useWatchedJob(job, look, setJob);
  return (
    <section>
      <Title>Erasure</Title>
      {problem !== null && <Failure message={problem} />}
      {lately !== null && <Failure message={lately} />}
      {job === null && problem === null && <Loading />}
      {job !== null && <State job={job} />}
    </section>
  );
}

function State({ job }: { readonly job: Job }) {
  if (job.state === "cancelled") return <p role="status">This erasure was called off.</p>;
  if (job.state === "failed") return <Failure message={job.problem ?? "The erasure failed; tell the server's owner."} />;
  if (job.receipt !== null) return <Done job={job} receipt={job.receipt} />;
  return (
    <>
      {job.canBeCancelled && isPutOff(job) ? (
        <p role="status">Everything is erased on {dayAndMinute(job.dueAt)}.</p>
      ) : (
        isUnderWay(job) && <Progress label="Erasing everything" progress={job.progress} />
      )}
      {job.problem !== null && <p className="deed-note">{job.problem}</p>}
      <p className="deed-note">What is just being written is looked for once more after half a minute. This address stays the way to the receipt: keep it.</p>
    </>
  );
}

function Done({ job, receipt }: { readonly job: Job; readonly receipt: Receipt }) {
  return (
    <>
      <p role="status">Everything was erased on {dayAndMinute(job.finishedAt ?? job.createdAt)}.</p>
      <table className="receipt">
        <caption>What was erased</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">What</th>
            <th scope="col">How many</th>
          </tr>
        </thead>
        <tbody>
          {receipt.erased.map(({ store, kind, count }) => (
            <tr key={`${store} ${kind}`}>
              <td>{store}</td>
              <td>{kind.replaceAll("_", " ")}</td>
              <td>{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <button type="button" className="button" onClick={() => saveFile("erasure-receipt.json", receipt.json)}>
          Download the receipt
        </button>
      </p>
      <p className="deed-note deed-block">It is signed (EdDSA) and comes with the key, so that anybody can verify it, also without this server.</p>
    </>
  );
}
