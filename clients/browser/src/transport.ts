/** One WebSocket as the conversation sees it; tests put a scripted one in its place. */

import type { ResumeQuery } from "./resumption";

export interface TransportEvents {
  onMessage: (data: string | ArrayBuffer) => void;
  /** The last event, also if it never opened. `code` as in RFC 6455. */
  onClose: (code: number) => void;
}

export interface Transport {
  send(data: string | ArrayBuffer): void;
  /** Bytes that wait to be sent. */
  backlog(): number;
  /** No event follows. */
  close(code: number): void;
  /** No event follows; the server closes it. */
  leave(): void;
}

/** What a conversation begins with, or goes on with. */
export interface Opening {
  /** Null: the server's own choice. */
  readonly assistant: string | null;
  /** Whether the assistant may speak first, if it has a greeting. */
  readonly greeting: boolean;
  /** Null: it begins. */
  readonly resume: ResumeQuery | null;
}

/** Raises SyntaxError if the key cannot be sent as a subprotocol. */
export type OpenTransport = (opening: Opening, key: string | null, events: TransportEvents) => Transport;

export const openWebSocket: OpenTransport = (opening, key, events) => {
  const socket = new WebSocket(realtimeUrl(opening), key === null ? [] : ["realtime", `openai-insecure-api-key.${key}`]);
  const controller = new AbortController();
  const { signal } = controller;
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", (message: MessageEvent<string | ArrayBuffer>) => events.onMessage(message.data), {
    signal,
  });
  socket.addEventListener("close", (event) => events.onClose(event.code), { signal });
  return {
    // Between the other side's goodbye and its event, sending is an error to browsers.
    send: (data) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    backlog: () => socket.bufferedAmount,
    close: (code) => {
      controller.abort();
      socket.close(code);
    },
    leave: () => controller.abort(),
  };
};

function realtimeUrl({ assistant, greeting, resume }: Opening): URL {
  const url = new URL("/v1/realtime?extensions=1", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (assistant !== null) url.searchParams.set("model", assistant);
  if (!greeting) url.searchParams.set("greeting", "0");
  if (resume !== null) {
    url.searchParams.set("resume", resume.token);
    url.searchParams.set("after", String(resume.after));
    if (resume.connection !== null) url.searchParams.set("connection", String(resume.connection));
    if (resume.item !== null) {
      url.searchParams.set("item", resume.item.id);
      url.searchParams.set("received_ms", String(resume.item.receivedMs));
    }
  }
  return url;
}
