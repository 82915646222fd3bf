/** The conversation follows whoever is logged in. */

import type { VoiceClient } from "../voiceClient";
import type { Account, AccountState } from "./account";

/** What a change of the account asks of the conversation. */
export type Consequence =
  | "nothing"
  /** Goes on as somebody else's, from the words that are on the page. */
  | "change-person"
  /** What waited for a log-in goes on. */
  | "enter"
  /** It was theirs, and they are gone. */
  | "forget";

export function consequenceOf(before: AccountState, after: AccountState): Consequence {
  const wasSomebody = before.kind !== "nobody";
  switch (after.kind) {
    case "returning":
    case "ended":
      return "nothing";
    case "nobody":
      // After the end of their session, people may choose to go on without one.
      return before.kind === "logged-in" ? "forget" : before.kind === "ended" ? "change-person" : "nothing";
    case "logged-in":
      if (!wasSomebody) return "change-person";
      if (before.accountId !== after.accountId) return "forget";
      return before.kind === "ended" ? "enter" : "nothing";
  }
}

/** From now on. */
export function follow(account: Account, client: VoiceClient): void {
  let before = account.state();
  account.subscribe(() => {
    const after = account.state();
    const consequence = consequenceOf(before, after);
    before = after;
    if (consequence === "change-person") void client.changePerson();
    if (consequence === "enter") void client.enter();
    if (consequence === "forget") client.startOver();
  });
}
