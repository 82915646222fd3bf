import { useCallback, useEffect, useRef, useState } from "react";
import type { Account } from "../../account/account";
import { dayAndMinute } from "../../account/dates";
import { Refusal } from "../../account/http";
import { askFor, cancelJob, isPutOff, isUnderWay, lookAt, type Job } from "../../account/jobs";
import { place } from "../../account/place";
import { dropReceiptToken, keepReceiptToken, keptReceiptToken } from "../../account/receiptToken";
import { hashOf } from "../../account/route";
import { Failure } from "./Failure";
import { Field } from "./Field";
import { Form } from "./Form";
import { useSubmission } from "./useSubmission";
import { useWatchedJob } from "./useWatchedJob";

/** To be typed: nobody types it by mistake. */
const WORD = "erase";

interface ErasureProps {
  readonly account: Account;
  /** The newest; null: none was ever asked for. */
  readonly last: Job | null;
}

export function Erasure({ account, last }: ErasureProps) {
  const [job, setJob] = useState(last !== null && isUnderWay(last) ? last : null);
  const look = useCallback(({ id }: Job) => lookAt(account, id), [account]);
  const problem = useWatchedJob(job, look, setJob);
  const [isCalledOff, setCalledOff] = useState(false);
  const asked = async (made: Job): Promise<void> => {
    if (made.receiptToken !== null) keepReceiptToken(made.id, made.receiptToken);
    if (isPutOff(made)) setJob(made);
    else await leave(account, made);
  };
  const calledOff = (): void => {
    dropReceiptToken();
    setCalledOff(true);
    setJob(null);
  };
  if (job !== null && isUnderWay(job)) return <Waiting account={account} job={job} problem={problem} onCalledOff={calledOff} />;
  return (
    <>
      {isCalledOff && <CalledOff />}
      <Wish account={account} onAsked={asked} />
    </>
  );
}

/** The account is going: what follows is read with the secret of the receipt. */
async function leave(account: Account, job: Job): Promise<void> {
  const token = keptReceiptToken(job.id);
  if (token !== null) place.replace({ page: "receipt", token });
  try {
    await account.logOut();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    account.forget();
  }
}

interface WishProps {
  readonly account: Account;
  readonly onAsked: (job: Job) => Promise<void>;
}

function Wish({ account, onAsked }: WishProps) {
  const submission = useSubmission({ word: `Type “${WORD}”.` }, async ({ word = "" }) => {
    if (word.trim().toLowerCase() !== WORD) throw new Refusal(400, "wrong_word", `Type “${WORD}”, to be sure.`, "word");
    await onAsked(await askFor(account, "erasure"));
  });
  return (
    <div className="deed">
      <p>
        Your account and everything that is kept of you, in all places: conversations, sound, memories, your answers. Nobody
        can bring it back. You get a signed receipt of what was erased; that it was, and when, is all that stays.
      </p>
      <Form submission={submission} action="Erase everything" isGrave>
        <Field name="word" label={`Type “${WORD}” to confirm`} autoComplete="off" autoCapitalize="none" spellCheck={false} problem={submission.problem} />
      </Form>
    </div>
  );
}

/** What had the focus is gone. */
function CalledOff() {
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => line.current?.focus(), []);
  return (
    <p className="sheet-notice" role="status" tabIndex={-1} ref={line}>
      Called off: your account stays, and everything in it.
    </p>
  );
}

interface WaitingProps {
  readonly account: Account;
  readonly job: Job;
  readonly problem: string | null;
  readonly onCalledOff: () => void;
}

function Waiting({ account, job, problem, onCalledOff }: WaitingProps) {
  const token = keptReceiptToken(job.id);
  const submission = useSubmission({}, async () => {
    await cancelJob(account, job.id);
    onCalledOff();
  });
  return (
    <div className="deed">
      <p role="status">
        {job.canBeCancelled ? (
          <>
            Everything is erased on <time dateTime={job.dueAt.toISOString()}>{dayAndMinute(job.dueAt)}</time>. Until then you can
            call it off.
          </>
        ) : (
          "Everything is being erased."
        )}
      </p>
      {job.problem !== null && <p className="deed-note">{job.problem}</p>}
      {token !== null && (
        <p className="deed-note">
          Your account will be gone, and with it the log-in: keep the address of <a href={hashOf({ page: "receipt", token })}>the receipt</a>.
        </p>
      )}
      {job.canBeCancelled && (
        <Form submission={submission} action="Call it off">
          {null}
        </Form>
      )}
      {problem !== null && <Failure message={problem} />}
    </div>
  );
}
