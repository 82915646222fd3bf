import type { Assistant } from "../../server";

/** As people know the assistant of this name; one that is gone by now, by its name. */
export function titleOf(assistants: readonly Assistant[], name: string): string {
  return assistants.find((each) => each.name === name)?.title ?? name;
}
