import { useEffect, useId, useRef, type InputHTMLAttributes } from "react";
import type { Problem } from "../../account/problem";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  /** As soon as it is there. */
  readonly takesFocus?: boolean;
  /** Of the form; shown here if it is about this field. */
  readonly problem: Problem | null;
}

/** One line to fill in, with what it is and what is wrong with it. */
export function Field({ name, label, hint, takesFocus = false, problem, ...input }: FieldProps) {
  const id = useId();
  const element = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (takesFocus) element.current?.focus();
  }, [takesFocus]);
  const isWrong = problem?.field === name;
  const described = [hint !== undefined && `${id}-hint`, isWrong && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} ref={element} name={name} aria-invalid={isWrong} aria-describedby={described || undefined} {...input} />
      {hint !== undefined && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {isWrong && (
        <p className="field-problem" id={`${id}-problem`}>
          {problem.message}
        </p>
      )}
    </div>
  );
}
