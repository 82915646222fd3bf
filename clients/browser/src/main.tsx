import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./components/App";
import { exposeForTests } from "./debugging";
import { rememberedKey } from "./key";
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
});
window.addEventListener("pagehide", () => client.stop());
window.addEventListener("online", () => client.retryNow());
exposeForTests(client);

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element with the id root.");
createRoot(root).render(
  <StrictMode>
    <App client={client} />
  </StrictMode>,
);
