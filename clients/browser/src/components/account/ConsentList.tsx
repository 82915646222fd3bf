import { useCallback } from "react";
import type { Account } from "../../account/account";
import { listConsents, type Consent } from "../../account/consents";
import { ConsentSwitch } from "./ConsentSwitch";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { useAnswer } from "./useAnswer";

interface ConsentListProps {
  readonly account: Account;
  /** Which of them, in this order. */
  readonly purposes: readonly string[];
  readonly label: string;
}

export function ConsentList({ account, purposes, label }: ConsentListProps) {
  const load = useCallback(() => listConsents(account, navigator.language.slice(0, 2)), [account]);
  const { value: consents, problem, change, retry } = useAnswer(account, load);
  if (consents === null) return problem === null ? <Loading /> : <Failure message={problem} onRetry={retry} />;
  const answered = (answer: Consent): void => change(consents.map((each) => (each.purpose === answer.purpose ? answer : each)));
  const shown = purposes.flatMap((purpose) => consents.filter((each) => each.purpose === purpose));
  return (
    <ul className="consents" aria-label={label}>
      {shown.map((consent) => (
        <li key={consent.purpose}>
          <ConsentSwitch account={account} consent={consent} onAnswered={answered} />
        </li>
      ))}
    </ul>
  );
}
