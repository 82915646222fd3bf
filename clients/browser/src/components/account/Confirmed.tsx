import { useEffect, useRef, useState } from "react";
import { messageOf } from "../../account/http";

interface ConfirmedProps {
  /** What the button says that asks. */
  readonly action: string;
  /** For those who do not see what it stands beside. */
  readonly label?: string;
  readonly question: string;
  /** What the button says that does it. */
  readonly confirm: string;
  /** Raises whatever went wrong. */
  readonly onConfirm: () => Promise<void>;
}

/** A deed that cannot be taken back: asked for once more, in its place. */
export function Confirmed({ action, label, question, confirm, onConfirm }: ConfirmedProps) {
  const [isAsked, setAsked] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const first = useRef<HTMLButtonElement>(null);
  const hasAsked = useRef(false);
  useEffect(() => {
    if (!isAsked && hasAsked.current) first.current?.focus();
    hasAsked.current = isAsked;
  }, [isAsked]);
  const act = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  if (!isAsked) {
    return (
      <button type="button" className="text-button" aria-label={label} ref={first} onClick={() => setAsked(true)}>
        {action}
      </button>
    );
  }
  return (
    <div className="confirmed" role="group" aria-label={question}>
      <p>{question}</p>
      <div className="form-actions">
        <button type="button" className="button button-grave" autoFocus aria-disabled={isBusy} onClick={() => !isBusy && void act()}>
          {confirm}
        </button>
        <button type="button" className="text-button" onClick={() => setAsked(false)}>
          Keep
        </button>
      </div>
      {problem !== null && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
