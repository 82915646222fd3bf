import type { AccountState } from "../account/account";
import { Person } from "./icons";

/** At the edge: the way to log in, or to what is one's own. */
export function AccountLink({ account }: { readonly account: AccountState }) {
  if (account.kind === "nobody" || account.kind === "ended") {
    return (
      <a className="edge-link" href="#log-in">
        Log in
      </a>
    );
  }
  return (
    <a className="edge-link edge-icon" href="#history" title="Your history, memory and privacy">
      <Person />
      <span className="visually-hidden">Your history, memory and privacy</span>
    </a>
  );
}
