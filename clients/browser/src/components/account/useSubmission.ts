import { useEffect, useRef, useState, type RefObject, type SubmitEvent } from "react";
import { missing, problemOf, type Problem } from "../../account/problem";

type Values = Readonly<Record<string, string>>;

export interface Submission {
  readonly form: RefObject<HTMLFormElement | null>;
  readonly problem: Problem | null;
  readonly isBusy: boolean;
  readonly submit: (event: SubmitEvent<HTMLFormElement>) => void;
}

/**
 * A form on its way to the server. `required`: fields that must not be empty, and what to say if they are. `act` raises
 * whatever went wrong; the field at fault gets the focus.
 */
export function useSubmission(required: Values, act: (values: Values, form: HTMLFormElement) => Promise<void>): Submission {
  const form = useRef<HTMLFormElement>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (problem?.field != null) form.current?.querySelector<HTMLElement>(`[name="${problem.field}"]`)?.focus();
  }, [problem]);

  const send = async (element: HTMLFormElement): Promise<void> => {
    const values = valuesOf(element);
    const lacks = missing(values, required);
    setProblem(lacks);
    if (lacks !== null) return;
    setBusy(true);
    try {
      await act(values, element);
    } catch (error) {
      setProblem(problemOf(error, Object.keys(values)));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (!isBusy) void send(event.currentTarget);
  };
  return { form, problem, isBusy, submit };
}

function valuesOf(form: HTMLFormElement): Values {
  const entries = [...new FormData(form)];
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "string" ? value : ""]));
}
