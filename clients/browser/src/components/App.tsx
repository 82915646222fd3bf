import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from "react";
import type { Account } from "../account/account";
import { activityOf } from "../activity";
import { fetchAbout, type About as AboutServer } from "../server";
import type { VoiceClient } from "../voiceClient";
import { About } from "./About";
import { AccountLink } from "./AccountLink";
import { Announcer } from "./Announcer";
import { AssistantChoice } from "./AssistantChoice";
import { Captions } from "./Captions";
import { Composer } from "./Composer";
import { ConnectionLine } from "./ConnectionLine";
import { Controls } from "./Controls";
import { Mark, Plus } from "./icons";
import { Notices } from "./Notices";
import { Unloaded } from "./Unloaded";
import { useRoute } from "./useRoute";
import { useWakeLock } from "./useWakeLock";
import { Welcome } from "./Welcome";

/** Whoever only talks need not load it. */
const Sheet = lazy(() => import("./account/Sheet").catch(() => ({ default: Unloaded })));

interface AppProps {
  readonly client: VoiceClient;
  readonly account: Account;
}

export function App({ client, account }: AppProps) {
  const state = useSyncExternalStore(client.subscribe, client.state);
  const person = useSyncExternalStore(account.subscribe, account.state);
  const route = useRoute();
  const [about, setAbout] = useState<AboutServer | null>(null);
  const [assistantName, setAssistantName] = useState(() => client.assistant());

  const personId = person.kind === "logged-in" ? person.accountId : null;
  const isReturning = person.kind === "returning";
  useEffect(() => {
    // Whoever comes back is known in a moment, and may have another assistant.
    if (isReturning) return undefined;
    let isWanted = true;
    void fetchAbout(personId === null ? null : account.token()).then((told) => isWanted && setAbout(told));
    return () => {
      isWanted = false;
    };
  }, [account, personId, isReturning]);
  useEffect(() => {
    const stopOnEscape = (event: KeyboardEvent): void => {
      // An open dialog is closed by it.
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) client.stopSpeaking();
    };
    window.addEventListener("keydown", stopOnEscape);
    return () => window.removeEventListener("keydown", stopOnEscape);
  }, [client]);

  useWakeLock(state.microphone !== "off");

  const assistants = about?.assistants ?? [];
  const assistant = assistants.find(({ name }) => name === assistantName) ?? assistants[0] ?? null;
  const title = assistant?.title ?? "Assistant";
  const { lines } = state.conversation;
  const choose = (name: string): void => {
    setAssistantName(name);
    client.choose(name);
  };
  const send = (text: string): void => void client.sendText(text);

  return (
    <div className="page" data-activity={activityOf(state)}>
      <header className="header">
        <h1 className="brand">
          <Mark />
          voice-server
        </h1>
        <AssistantChoice assistants={assistants} chosen={assistant} onChoose={choose} />
        {lines.length > 0 && (
          <button type="button" className="edge-link edge-icon" title="New conversation" onClick={() => client.startOver()}>
            <Plus />
            <span className="visually-hidden">New conversation</span>
          </button>
        )}
        <AccountLink account={person} />
      </header>
      <main className="stage">
        {lines.length === 0 ? (
          <Welcome assistant={assistant} notices={about?.notices ?? []} onAsk={send} />
        ) : (
          <Captions lines={lines} assistantTitle={title} />
        )}
      </main>
      <div className="dock">
        <ConnectionLine news={state.news} />
        <Notices client={client} state={state} account={account} />
        <Controls client={client} state={state} />
        <Composer onSend={send} />
        <About about={about} />
      </div>
      <Announcer lines={lines} assistantTitle={title} />
      {route !== null && (
        <Suspense fallback={null}>
          <Sheet account={account} route={route} assistants={assistants} />
        </Suspense>
      )}
    </div>
  );
}
