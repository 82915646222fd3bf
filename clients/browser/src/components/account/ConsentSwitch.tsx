import { useId, useState } from "react";
import type { Account } from "../../account/account";
import { answerConsent, type Consent } from "../../account/consents";
import { dayAndMinute } from "../../account/dates";
import { messageOf } from "../../account/http";

const NAMES: Readonly<Record<string, string>> = {
  conversations: "Keep what is said",
  recordings: "Keep the sound",
  memory: "Remember me",
  analytics: "Evaluate how I use it",
  marketing: "Tell me of offers and news",
  sale: "Do not sell or share",
};
/** Of which the switch is the opt-out: it is on when the answer to the wording is no. */
const OPT_OUTS: ReadonlySet<string> = new Set(["sale"]);

declare global {
  interface Navigator {
    /** Not in all browsers. */
    readonly globalPrivacyControl?: boolean;
  }
}

const asksNotToSell = navigator.globalPrivacyControl === true;

interface ConsentSwitchProps {
  readonly account: Account;
  readonly consent: Consent;
  readonly onAnswered: (answer: Consent) => void;
}

/** One question in the words that are written down with the answer, and the answer. */
export function ConsentSwitch({ account, consent, onAnswered }: ConsentSwitchProps) {
  const id = useId();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const isOptOut = OPT_OUTS.has(consent.purpose);
  const isOn = consent.granted !== isOptOut;
  const answer = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      onAnswered(await answerConsent(account, consent, !consent.granted));
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="consent">
      <div className="consent-words">
        <p className="consent-name" id={`${id}-name`}>
          {NAMES[consent.purpose] ?? consent.purpose}
        </p>
        <p id={`${id}-wording`} lang={consent.language}>
          “{consent.wording}”
        </p>
        <p className="consent-answer" id={`${id}-answer`}>
          {answerText(consent)}
          {isOptOut && !consent.granted && asksNotToSell && " Your browser asks for it (Global Privacy Control), and it is honoured."}
        </p>
      </div>
      <button
        type="button"
        className="switch"
        role="switch"
        aria-checked={isOn}
        aria-labelledby={`${id}-name`}
        aria-describedby={`${id}-wording ${id}-answer`}
        aria-disabled={isBusy}
        onClick={() => !isBusy && void answer()}
      >
        <span aria-hidden="true" />
      </button>
      {problem !== null && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function answerText({ granted, answeredAt, isOutdated }: Consent): string {
  const answer = granted ? "Yes" : "No";
  if (answeredAt === null) return `${answer}, until you say otherwise.`;
  const given = `You said ${answer.toLowerCase()} on ${dayAndMinute(answeredAt)}.`;
  return isOutdated ? `${given} The words are others now.` : given;
}
