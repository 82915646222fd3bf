import { useCallback, useState } from "react";
import type { Account } from "../../account/account";
import { dayAndMinute } from "../../account/dates";
import { askFor, isUnderWay, lookAt, type Job } from "../../account/jobs";
import { Failure } from "./Failure";
import { Form } from "./Form";
import { Progress } from "./Progress";
import { useSubmission } from "./useSubmission";
import { useWatchedJob } from "./useWatchedJob";

interface ExportProps {
  readonly account: Account;
  /** The newest; null: none was ever asked for. */
  readonly last: Job | null;
}

export function Export({ account, last }: ExportProps) {
  const [job, setJob] = useState(last);
  const look = useCallback(({ id }: Job) => lookAt(account, id), [account]);
  const problem = useWatchedJob(job, look, setJob);
  const submission = useSubmission({}, async () => setJob(await askFor(account, "export")));
  return (
    <div className="deed">
      <p>
        One ZIP with everything that is kept of you: conversations, sound, memories, answers, and a text that says what is
        where.
      </p>
      {job !== null && <State job={job} />}
      {problem !== null && <Failure message={problem} />}
      {(job === null || !isUnderWay(job)) && (
        <Form submission={submission} isQuiet={job?.url != null} action={job === null ? "Put it together" : "Put it together anew"}>
          {null}
        </Form>
      )}
    </div>
  );
}

function State({ job }: { readonly job: Job }) {
  if (isUnderWay(job)) {
    return (
      <>
        <Progress label="Putting it together" progress={job.progress} />
        {job.problem !== null && <p className="deed-note">{job.problem}</p>}
      </>
    );
  }
  if (job.url !== null) {
    return (
      <div role="status">
        <a className="button" href={job.url} download="export.zip">
          Download
        </a>
        <p className="deed-note deed-block">Put together on {dayAndMinute(job.finishedAt ?? job.createdAt)}.</p>
      </div>
    );
  }
  if (job.state === "failed") return <Failure message={job.problem ?? "It could not be put together."} />;
  return <p className="deed-note">The last one, of {dayAndMinute(job.createdAt)}, is not kept any more.</p>;
}
