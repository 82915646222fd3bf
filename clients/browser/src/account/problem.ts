/** What is wrong with a form, and beside which of its fields to say so. */

import { messageOf, Refusal } from "./http";

export interface Problem {
  /** Null: it is about all of it. */
  readonly field: string | null;
  readonly message: string;
}

/** The first field that must not be empty and is; `required`: its name, and what to say. */
export function missing(
  values: Readonly<Record<string, string>>,
  required: Readonly<Record<string, string>>,
): Problem | null {
  for (const [field, message] of Object.entries(required)) {
    if ((values[field] ?? "").trim() === "") return { field, message };
  }
  return null;
}

/** What the server said, beside the field that it named if the form has it. */
export function problemOf(error: unknown, fields: readonly string[]): Problem {
  const named = error instanceof Refusal ? error.field : null;
  return { field: named !== null && fields.includes(named) ? named : null, message: messageOf(error) };
}
