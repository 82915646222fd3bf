/** Where in the page one is: the route in the address, to be subscribed to. */

import { hashOf, type Route } from "./route";

const listeners = new Set<() => void>();
window.addEventListener("hashchange", tell);
window.addEventListener("popstate", tell);

export const place = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  hash: (): string => window.location.hash,

  /** Another place, from which the browser's way back leads here. */
  go: (route: Route): void => {
    window.history.pushState(null, "", hashOf(route));
    tell();
  },

  /** Another place instead of this one: for what is not to be found in the browser's history, such as a token. */
  replace: (route: Route): void => {
    window.history.replaceState(null, "", hashOf(route));
    tell();
  },

  /** Nothing but the conversation. */
  leave: (): void => {
    if (window.location.hash === "") return;
    window.history.pushState(null, "", window.location.pathname + window.location.search);
    tell();
  },
};

function tell(): void {
  for (const listener of listeners) listener();
}
