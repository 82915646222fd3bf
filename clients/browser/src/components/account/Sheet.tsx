import { lazy, Suspense, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type MouseEvent, type ReactNode } from "react";
import type { Account } from "../../account/account";
import { place } from "../../account/place";
import { hashOf, type Route } from "../../account/route";
import type { Assistant } from "../../server";
import { Cross } from "../icons";
import { Unloaded } from "../Unloaded";
import { Forgot } from "./Forgot";
import { Loading } from "./Loading";
import { LogIn } from "./LogIn";
import { Register } from "./Register";
import { Reset } from "./Reset";
import "./sheet.css";
import { Verify } from "./Verify";

const unloaded = () => ({ default: Unloaded });
const History = lazy(() => import("./History").catch(unloaded));
const Transcript = lazy(() => import("./Transcript").catch(unloaded));
const Memories = lazy(() => import("./Memories").catch(unloaded));
const Privacy = lazy(() => import("./Privacy").catch(unloaded));
const Settings = lazy(() => import("./Settings").catch(unloaded));
const ReceiptPage = lazy(() => import("./ReceiptPage").catch(unloaded));

const PLACES = [
  { page: "history", title: "History", href: "#history" },
  { page: "memory", title: "Memory", href: "#memory" },
  { page: "privacy", title: "Privacy", href: "#privacy" },
  { page: "account", title: "Account", href: "#account" },
] as const;

const TITLES: Readonly<Record<Route["page"], string>> = {
  "log-in": "Log in",
  register: "Register",
  forgot: "New password",
  reset: "New password",
  verify: "Your address",
  history: "History",
  conversation: "Conversation",
  memory: "Memory",
  privacy: "Privacy",
  account: "Account",
  receipt: "Receipt",
};
/** What is one's own. */
const OWN: ReadonlySet<Route["page"]> = new Set(["history", "conversation", "memory", "privacy", "account"]);

interface SheetProps {
  readonly account: Account;
  readonly route: Route;
  readonly assistants: readonly Assistant[];
}

/** Beside the conversation, which goes on: log-in, and everything that is one's own. */
export default function Sheet({ account, route, assistants }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const state = useSyncExternalStore(account.subscribe, account.state);
  const [notice, setNotice] = useState({ text: "", at: "" });
  useModal(dialog);
  useDocumentTitle(TITLES[route.page]);

  const isOwn = OWN.has(route.page);
  const isSomebody = state.kind !== "nobody";
  const mustLogIn = isOwn && (state.kind === "nobody" || state.kind === "ended");
  // Whoever is logged in already and follows a link to the log-in wants to see that they are.
  const shown: Route = state.kind === "logged-in" && (route.page === "log-in" || route.page === "register") ? { page: "account" } : route;
  const tell = (text: string, at: Route): void => setNotice({ text, at: hashOf(at) });
  const closeOnBackdrop = (event: MouseEvent): void => {
    if (event.target === dialog.current) place.leave();
  };
  // The event comes late: by then the sheet may be open again, or gone.
  const closed = (): void => {
    if (dialog.current?.open === false) place.leave();
  };
  return (
    <dialog className="sheet" ref={dialog} aria-labelledby="sheet-title" onClose={closed} onMouseDown={closeOnBackdrop}>
      <div className="sheet-header">
        {isSomebody && state.kind !== "ended" ? <Places current={shown.page} /> : <span />}
        <button type="button" className="edge-link edge-icon" onClick={() => place.leave()}>
          <Cross />
          <span className="visually-hidden">Close</span>
        </button>
      </div>
      <div className="sheet-body">
        <p className="sheet-notice" role="status">
          {notice.at === hashOf(route) && notice.text}
        </p>
        {mustLogIn && <LogIn account={account} note={state.kind === "ended" ? ENDED : ""} />}
        <Suspense fallback={<Loading />}>
          {OWN.has(shown.page) && isSomebody && (
            <div hidden={mustLogIn} key={state.accountId}>
              <Own account={account} route={shown} assistants={assistants} tell={tell} />
            </div>
          )}
          {!OWN.has(shown.page) && open(account, shown)}
        </Suspense>
      </div>
    </dialog>
  );
}

const ENDED = "Your session has ended. Log in again; what is on this page stays.";

function Places({ current }: { readonly current: Route["page"] }) {
  return (
    <nav aria-label="What is yours">
      <ul className="places">
        {PLACES.map(({ page, title, href }) => {
          const isCurrent = page === current || (page === "history" && current === "conversation");
          return (
            <li key={page}>
              <a href={href} aria-current={isCurrent ? "page" : undefined}>
                {title}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

interface OwnProps extends SheetProps {
  /** Says something at another place, when one gets there. */
  readonly tell: (text: string, at: Route) => void;
}

function Own({ account, route, assistants, tell }: OwnProps): ReactNode {
  switch (route.page) {
    case "history":
      return <History account={account} query={route.query} assistants={assistants} />;
    case "conversation":
      return <Transcript key={route.id} account={account} id={route.id} query={route.query} assistants={assistants} tell={tell} />;
    case "memory":
      return <Memories account={account} />;
    case "privacy":
      return <Privacy account={account} />;
    default:
      return <Settings account={account} />;
  }
}

function open(account: Account, route: Route): ReactNode {
  switch (route.page) {
    case "register":
      return <Register account={account} />;
    case "forgot":
      return <Forgot account={account} />;
    case "reset":
      return <Reset key={route.token} account={account} token={route.token} />;
    case "verify":
      return <Verify key={route.token} account={account} token={route.token} />;
    case "receipt":
      return <ReceiptPage key={route.token} token={route.token} />;
    default:
      return <LogIn account={account} note="" onLoggedIn={() => place.leave()} />;
  }
}

function useModal(dialog: React.RefObject<HTMLDialogElement | null>): void {
  // Before the effects in which a heading or a field takes the focus.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Closed before it goes, so that the browser gives the focus back to where it was.
    return () => element?.close();
  }, [dialog]);
}

function useDocumentTitle(title: string): void {
  useEffect(() => {
    const before = document.title;
    document.title = `${title} · voice-server`;
    return () => {
      document.title = before;
    };
  }, [title]);
}
