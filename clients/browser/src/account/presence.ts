/**
 * That somebody is logged in with this browser. Not the log-in itself: that is a cookie, which no script sees, and a token
 * in each tab's memory. It tells a page that was loaded again whether to ask, and tells tabs of each other.
 */

export interface Presence {
  /** The id of whoever is here; null: nobody. */
  read(): string | null;
  write(accountId: string | null): void;
}

const NAME = "voice-server.account";

export const browserPresence: Presence = {
  read: () => window.localStorage.getItem(NAME),
  write: (accountId) => {
    if (accountId === null) window.localStorage.removeItem(NAME);
    else window.localStorage.setItem(NAME, accountId);
  },
};

/** Calls back when another tab has logged somebody in or out. */
export function onPresenceElsewhere(changed: () => void): void {
  window.addEventListener("storage", (event) => {
    if (event.key === NAME || event.key === null) changed();
  });
}
