import type { ReactNode } from "react";
import type { Submission } from "./useSubmission";

interface FormProps {
  readonly submission: Submission;
  /** What the button says. */
  readonly action: string;
  readonly children: ReactNode;
  /** It cannot be taken back. */
  readonly isGrave?: boolean;
  /** Something else is to be done first. */
  readonly isQuiet?: boolean;
  readonly after?: ReactNode;
}

export function Form({ submission, action, children, isGrave = false, isQuiet = false, after }: FormProps) {
  const { form, problem, isBusy, submit } = submission;
  return (
    <form className="form" ref={form} onSubmit={submit} noValidate aria-busy={isBusy}>
      {children}
      <div role="alert">{problem !== null && problem.field === null && <p className="field-problem">{problem.message}</p>}</div>
      <div className="form-actions">
        <button type="submit" className={`button${isGrave ? " button-grave" : ""}${isQuiet ? " button-quiet" : ""}`} aria-disabled={isBusy}>
          {action}
        </button>
        {after}
      </div>
    </form>
  );
}
