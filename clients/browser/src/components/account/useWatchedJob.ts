import { useEffect, useState } from "react";
import { messageOf } from "../../account/http";
import { isUnderWay, type Job } from "../../account/jobs";

const LOOK_MS = 1_500;
/** The links of exports work for an hour; each look gives a new one. */
const LINK_MS = 1_800_000;

/** A job as it is now: looked at until it is over, and then for another link. */
export function useWatchedJob(job: Job | null, look: (job: Job) => Promise<Job>, onLook: (job: Job) => void): string | null {
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (job === null || (!isUnderWay(job) && job.url === null)) return undefined;
    let isWanted = true;
    const timer = setTimeout(
      () => {
        look(job).then(
          (seen) => {
            if (!isWanted) return;
            setProblem(null);
            onLook(seen);
          },
          (error: unknown) => {
            if (!isWanted) return;
            setProblem(messageOf(error));
            setAttempt((before) => before + 1);
          },
        );
      },
      isUnderWay(job) ? LOOK_MS : LINK_MS,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [job, look, onLook, attempt]);
  return problem;
}
