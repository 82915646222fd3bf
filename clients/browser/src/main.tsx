import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./components/App";
import { exposeForTests } from "./debugging";
import { rememberedKey } from "./key";
import { tabMemory } from "./memory";
import { openMicrophone } from "./microphone";
import { Player } from "./player";
import { checkServer } from "./server";
import "./style.css";
import { openWebSocket } from "./transport";
import { VoiceClient } from "./voiceClient";

const client = new VoiceClient({
  openTransport: openWebSocket,
  checkServer,
  openMicrophone,
  speaker: new Player(),
  key: rememberedKey(),
  memory: tabMemory,
});
window.addEventListener("pagehide", () => client.leave());
window.addEventListener("offline", () => window.addEventListener("online", () => client.checkConnection(), { once: true }));
window.addEventListener("online", () => client.retryNow());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") client.retryNow();
});
void client.comeBack();
exposeForTests(client);

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element with the id root.");
createRoot(root).render(
  <StrictMode>
    <App client={client} />
  </StrictMode>,
);
