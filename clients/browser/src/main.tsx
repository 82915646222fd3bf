import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Account } from "./account/account";
import { follow } from "./account/following";
import { ask } from "./account/http";
import { browserPresence, onPresenceElsewhere } from "./account/presence";
import { App } from "./components/App";
import { exposeForTests } from "./debugging";
import { Door } from "./door";
import { rememberedKey } from "./key";
import { tabMemory } from "./memory";
import { openMicrophone } from "./microphone";
import { Player } from "./player";
import { checkServer } from "./server";
import "./style.css";
import { tenantIn } from "./tenant";
import { openWebSocket } from "./transport";
import { VoiceClient } from "./voiceClient";

const tenant = tenantIn(window.location.search);
const account = new Account(tenant, ask, browserPresence(tenant));
const client = new VoiceClient({
  door: new Door(openWebSocket, checkServer, account, rememberedKey()),
  openMicrophone,
  speaker: new Player(),
  memory: tabMemory(tenant),
});
follow(account, client);
onPresenceElsewhere(tenant, () => void account.lookAgain());
window.addEventListener("pagehide", () => client.leave());
window.addEventListener("offline", () => window.addEventListener("online", () => client.checkConnection(), { once: true }));
window.addEventListener("online", () => client.retryNow());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") client.retryNow();
});
// The conversation that was left is the person's: first it has to be known that they are still here.
void account.restore().then(() => client.comeBack());
exposeForTests(client);

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element with the id root.");
createRoot(root).render(
  <StrictMode>
    <App client={client} account={account} />
  </StrictMode>,
);
