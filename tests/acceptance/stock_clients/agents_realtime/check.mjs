// Runs one scenario of the Agents SDK against a server: node check.mjs URL KEY SCENARIO
// Prints a line for every check; exits with 1 if one of them fails or the SDK throws where nobody listens.
import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import { z } from "zod";

const PATIENCE_MS = 20_000;
const [url, apiKey, scenario] = process.argv.slice(2);
let failures = 0;

function check(name, isTrue, seen) {
  console.log(`${isTrue ? "ok" : "FAILED"} ${scenario}: ${name}${isTrue ? "" : `, but ${JSON.stringify(seen)}`}`);
  if (!isTrue) failures += 1;
}

// What the scripted detector takes for speech, and nobody for an echo of the scripted voice.
function hiss(seconds) {
  const samples = new Int16Array(Math.round(24_000 * seconds));
  let state = 1;
  samples.forEach((_, index) => {
    state = (state * 48_271) % 2_147_483_647;
    samples[index] = (state % 16_001) - 8_000;
  });
  return samples.buffer;
}

function silence(seconds) {
  return new ArrayBuffer(Math.round(24_000 * seconds) * 2);
}

/** Connect; collect everything the SDK tells of. */
async function converse(tools = []) {
  const agent = new RealtimeAgent({ name: "Tester", instructions: "Answer in one sentence.", tools });
  const session = new RealtimeSession(agent, { transport: "websocket", model: "galion", tracingDisabled: true });
  const told = { events: [], errors: [], audioBytes: 0, interruptions: 0, toolResults: [] };
  session.on("error", (error) => told.errors.push(String(error.error?.message ?? JSON.stringify(error))));
  session.on("audio", (event) => (told.audioBytes += event.data.byteLength));
  session.on("audio_interrupted", () => (told.interruptions += 1));
  session.on("agent_tool_end", (_context, _agent, _tool, result) => told.toolResults.push(result));
  session.on("transport_event", (event) => told.events.push(event));
  await session.connect({ apiKey, url });
  return { session, told };
}

async function until(name, isTrue) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const count = (told, type) => told.events.filter((event) => event.type === type).length;
const last = (told, type) => told.events.findLast((event) => event.type === type);
const words = (item) => item.content.map((part) => part.transcript ?? part.text ?? "").join("");
const messages = (session, role) => session.history.filter((item) => item.type === "message" && item.role === role);

const scenarios = {
  async spoken() {
    const { session, told } = await converse();
    await until("session.updated", () => count(told, "session.updated") > 0);
    session.sendAudio(hiss(0.6));
    session.sendAudio(silence(1.2));
    await until("the answer", () => count(told, "response.done") > 0);
    await until("the user's words", () => messages(session, "user").some((item) => words(item) !== ""));
    check("audio was heard", told.audioBytes > 4800, told.audioBytes);
    const history = session.history.map((item) => [item.role, words(item)]);
    const expected = [
      ["user", "what time is it"],
      ["assistant", "It is late. Good night."],
    ];
    check("the history is in order", JSON.stringify(history) === JSON.stringify(expected), history);
    check("the usage was counted", session.usage.outputTokens > 0, session.usage);
    check("nothing was interrupted", told.interruptions === 0, told.interruptions);
    return { session, told };
  },

  async text() {
    const { session, told } = await converse();
    session.sendMessage("How late is it?");
    await until("the answer", () => count(told, "response.done") > 0);
    await until("its words", () => messages(session, "assistant").some((item) => item.status === "completed"));
    check("the words are in the history", words(messages(session, "assistant")[0]) === "It is late. Good night.", session.history);
    session.sendMessage("And now?");
    await until("another answer", () => count(told, "response.done") > 1);
    const roles = session.history.map((item) => item.role).join(" ");
    check("the history is in order", roles === "user assistant user assistant", roles);
    return { session, told };
  },

  async tool() {
    const asked = [];
    const getWeather = tool({
      name: "get_weather",
      description: "Weather in a city.",
      parameters: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        asked.push(city);
        return "18 degrees";
      },
    });
    const { session, told } = await converse([getWeather]);
    session.sendMessage("How warm is it in Ulm?");
    await until("the spoken answer", () => count(told, "response.done") > 1);
    check("the tool ran once", JSON.stringify(asked) === '["Ulm"]', asked);
    check("its result was sent", JSON.stringify(told.toolResults) === '["18 degrees"]', told.toolResults);
    await until("its words", () => messages(session, "assistant").some((item) => item.status === "completed"));
    check("the answer follows", words(messages(session, "assistant")[0]) === "Eighteen degrees.", session.history);
    const calls = session.history.filter((item) => item.type === "function_call");
    check("the call is in the history once, with its result", calls.length === 1 && calls[0].output === "18 degrees", calls);
    return { session, told };
  },

  async bargeIn() {
    const { session, told } = await converse();
    await until("session.updated", () => count(told, "session.updated") > 0);
    session.sendMessage("Tell me everything.");
    await until("audio", () => told.audioBytes > 0);
    session.sendAudio(silence(0.2));
    session.sendAudio(hiss(0.5));
    await until("the interruption", () => told.interruptions > 0 && count(told, "response.done") > 0);
    const details = last(told, "response.done").response.status_details;
    check("the response was cancelled by the turn", details?.reason === "turn_detected", details);
    await until("the truncation", () => count(told, "conversation.item.truncated") > 0);
    check("the server's truncation was enough", count(told, "error") === 0, last(told, "error"));
    session.sendAudio(silence(1.2));
    await until("the next answer", () => count(told, "response.created") > 1);
    return { session, told };
  },
};

process.on("uncaughtException", (error) => {
  console.log(`FAILED ${scenario}: uncaught ${error.stack}`);
  process.exit(1);
});

try {
  const { session, told } = await scenarios[scenario]();
  check("there were no errors", told.errors.length === 0, told.errors);
  session.close();
} catch (error) {
  check("the scenario came to its end", false, String(error));
}
process.exit(failures === 0 ? 0 : 1);
