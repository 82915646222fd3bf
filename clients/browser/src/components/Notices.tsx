import { useState, useSyncExternalStore, type ReactNode, type SubmitEvent } from "react";
import type { Account } from "../account/account";
import { rememberKey } from "../key";
import { CONNECTION_ADVICE, MICROPHONE_ADVICE, type Advice } from "../problems";
import type { VoiceClient } from "../voiceClient";
import type { VoiceState } from "../voiceState";
import { SessionEnded } from "./SessionEnded";

interface NoticesProps {
  readonly client: VoiceClient;
  readonly state: VoiceState;
  readonly account: Account;
}

/** What is wrong, and how to mend it. */
export function Notices({ client, state, account }: NoticesProps) {
  const { kind } = useSyncExternalStore(account.subscribe, account.state);
  const { connection, microphoneFault, audible, complaint } = state;
  return (
    <div className="notices" role="alert">
      {connection.kind === "waiting" && (
        <Notice advice={CONNECTION_ADVICE[connection.fault]}>
          <div className="notice-actions">
            <span>Trying again by itself.</span>
            <button type="button" className="text-button" onClick={() => client.retryNow()}>
              Try now
            </button>
          </div>
        </Notice>
      )}
      {kind === "ended" && <SessionEnded account={account} />}
      {connection.kind === "blocked" && connection.fault !== "log-in-ended" && (
        <Notice advice={CONNECTION_ADVICE[connection.fault]}>
          <KeyForm onKey={(key) => void client.useKey(key)} />
        </Notice>
      )}
      {microphoneFault !== null && (
        <Notice advice={MICROPHONE_ADVICE[microphoneFault]}>
          <Dismiss client={client} />
        </Notice>
      )}
      {!audible && microphoneFault !== "insecure-context" && (
        <Notice
          advice={{
            title: "Replies come as text only",
            remedy: "This browser cannot play them on this page. A current browser over https, or localhost, can.",
          }}
        />
      )}
      {complaint !== null && (
        <Notice advice={{ title: "The server reports a fault", remedy: complaint }}>
          <Dismiss client={client} />
        </Notice>
      )}
    </div>
  );
}

function Notice({ advice, children }: { readonly advice: Advice; readonly children?: ReactNode }) {
  return (
    <section className="notice">
      <h2>{advice.title}</h2>
      <p>{advice.remedy}</p>
      {children}
    </section>
  );
}

function Dismiss({ client }: { readonly client: VoiceClient }) {
  return (
    <button type="button" className="text-button" onClick={() => client.dismiss()}>
      Dismiss
    </button>
  );
}

function KeyForm({ onKey }: { readonly onKey: (key: string) => void }) {
  const [key, setKey] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (key.trim() === "") return;
    rememberKey(key.trim());
    onKey(key.trim());
  };
  return (
    <form className="key-form" onSubmit={submit}>
      <label htmlFor="key">Key</label>
      <input
        id="key"
        type="password"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      <button type="submit" className="text-button">
        Connect
      </button>
      <a className="text-button" href="#log-in">
        Log in instead
      </a>
    </form>
  );
}
