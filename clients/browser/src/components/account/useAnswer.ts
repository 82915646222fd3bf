import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { Account } from "../../account/account";
import { messageOf } from "../../account/http";

export interface Answer<T> {
  /** Null: there is none yet. The one before stays until the next one comes. */
  readonly value: T | null;
  /** Why there is none. */
  readonly problem: string | null;
  /** Makes another one of it, after a change. */
  readonly change: (value: T) => void;
  readonly retry: () => void;
}

/** What the server says to the person: asked when `load` is another one, and again when they have logged in again. */
export function useAnswer<T>(account: Account, load: () => Promise<T>): Answer<T> {
  const state = useSyncExternalStore(account.subscribe, account.state);
  const logIns = state.kind === "logged-in" ? state.logIns : 0;
  const mayAsk = state.kind === "logged-in" || state.kind === "returning";
  const [attempt, setAttempt] = useState(0);
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (!mayAsk) return undefined;
    let isWanted = true;
    load().then(
      (loaded) => {
        if (!isWanted) return;
        setValue(loaded);
        setProblem(null);
      },
      (error: unknown) => {
        if (isWanted) setProblem(messageOf(error));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [load, mayAsk, logIns, attempt]);
  const retry = useCallback(() => setAttempt((before) => before + 1), []);
  return { value, problem, change: setValue, retry };
}
