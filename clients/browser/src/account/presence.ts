/**
 * That somebody is logged in with this browser. Not the log-in itself: that is a cookie, which no script sees, and a token
 * in each tab's memory. It tells a page that was loaded again whether to ask, and tells tabs of each other.
 */

import { nameFor } from "../tenant";

export interface Presence {
  /** The id of whoever is here; null: nobody. */
  read(): string | null;
  write(accountId: string | null): void;
}

const NAME = "voice-server.account";

/** One for each tenant: people may be logged in to several. */
export function browserPresence(tenant: string): Presence {
  const name = nameFor(tenant, NAME);
  return {
    read: () => window.localStorage.getItem(name),
    write: (accountId) => {
      if (accountId === null) window.localStorage.removeItem(name);
      else window.localStorage.setItem(name, accountId);
    },
  };
}

/** Calls back when another tab has logged somebody in or out. */
export function onPresenceElsewhere(tenant: string, changed: () => void): void {
  window.addEventListener("storage", (event) => {
    if (event.key === nameFor(tenant, NAME) || event.key === null) changed();
  });
}
