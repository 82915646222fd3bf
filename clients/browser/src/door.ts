/** The way in: with which key the server is asked, and with which one a conversation is opened. */

import { Refusal } from "./account/http";
import type { CheckServer, ServerCheck } from "./server";
import type { Opening, OpenTransport, Transport, TransportEvents } from "./transport";

export type Entry = ServerCheck | "key-wrong" | "log-in-ended";

/** Whoever is logged in. */
export interface Person {
  /** A token, which may have expired; null: nobody is logged in. */
  token(): string | null;
  /** One that holds, and is not `refused`. Raises Refusal: with the status 401 if the session has ended. */
  freshToken(refused?: string | null): Promise<string | null>;
}

export class Door {
  readonly #openTransport: OpenTransport;
  readonly #checkServer: CheckServer;
  readonly #person: Person;
  #key: string | null;

  /** `key`: of the server, for as long as nobody is logged in. */
  constructor(openTransport: OpenTransport, checkServer: CheckServer, person: Person, key: string | null) {
    this.#openTransport = openTransport;
    this.#checkServer = checkServer;
    this.#person = person;
    this.#key = key;
  }

  useKey(key: string): void {
    this.#key = key;
  }

  /** Whether the server would let this page in now; `resume`: to go on with this conversation. */
  async check(resume?: string): Promise<Entry> {
    try {
      const token = await this.#person.freshToken();
      const check = await this.#checkServer(token ?? this.#key, resume);
      if (check !== "key-needed") return check;
      if (token === null) return this.#key === null ? "key-needed" : "key-wrong";
      // A log-in that was ended before its token expired.
      return await this.#checkServer(await this.#person.freshToken(token), resume);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return error.status === 401 ? "log-in-ended" : "gone";
    }
  }

  /** Raises SyntaxError if the key cannot be sent. */
  open(opening: Opening, events: TransportEvents): Transport {
    return this.#openTransport(opening, this.#person.token() ?? this.#key, events);
  }
}
