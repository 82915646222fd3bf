/**
 * Who is logged in. The access token lives here and nowhere else; the refresh token is a cookie that no script sees.
 * However many requests find their token too old, it is renewed once.
 */

import { Fields } from "../fields";
import { Refusal, type Ask, type Method } from "./http";
import type { Presence } from "./presence";

export type AccountState =
  | { readonly kind: "nobody" }
  /** Somebody was, when the page was left; the server is being asked. */
  | { readonly kind: "returning"; readonly accountId: string }
  /** `logIns`: on this page; 0: they were logged in already. */
  | { readonly kind: "logged-in"; readonly accountId: string; readonly logIns: number }
  /** Somebody was, and has to log in again. */
  | { readonly kind: "ended"; readonly accountId: string };

interface Token {
  readonly text: string;
  /** Date.now() */
  readonly renewAt: number;
}

/** A token is renewed so long before it expires: it has to arrive, and clocks differ. */
const MARGIN_MS = 30_000;
const ENDED = "Your session has ended. Log in again.";

export class Account {
  /** To which people log in here. */
  readonly tenant: string;
  readonly #ask: Ask;
  readonly #presence: Presence;
  readonly #listeners = new Set<() => void>();
  #state: AccountState;
  #token: Token | null = null;
  #renewing: Promise<string> | null = null;
  #logIns = 0;
  /** Grows whenever somebody comes or goes: an answer to an older question is about somebody else. */
  #era = 0;

  constructor(tenant: string, ask: Ask, presence: Presence) {
    this.tenant = tenant;
    this.#ask = ask;
    this.#presence = presence;
    const accountId = presence.read();
    this.#state = accountId === null ? { kind: "nobody" } : { kind: "returning", accountId };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): AccountState => this.#state;

  /** The page was loaded: whoever was logged in still is, if the server says so. */
  async restore(): Promise<void> {
    try {
      await this.freshToken();
    } catch (error) {
      // It ended, which the state says; or nobody answers, and the next who needs a token asks again.
      if (!(error instanceof Refusal)) throw error;
    }
  }

  /** Another tab has logged somebody in or out. */
  async lookAgain(): Promise<void> {
    const accountId = this.#presence.read();
    if (accountId === this.#accountId()) return;
    if (accountId === null) {
      this.#leave();
      return;
    }
    this.#become({ kind: "returning", accountId });
    await this.restore();
  }

  /** Raises Refusal. */
  async logIn(email: string, password: string): Promise<void> {
    const answer = await this.#ask("POST", "/api/v1/auth/login", { email, password, tenant: this.tenant }, null);
    this.#take(answer);
  }

  /** Raises Refusal: then the log-in may still hold on the server. */
  async logOut(): Promise<void> {
    await this.#ask("POST", "/api/v1/auth/logout", { tenant: this.tenant }, null);
    this.forget();
  }

  /** On all devices. Raises Refusal. */
  async logOutEverywhere(): Promise<void> {
    await this.ask("POST", "/api/v1/auth/logout-everywhere");
    this.forget();
  }

  /** All other log-ins end. Raises Refusal. */
  async changePassword(current: string, password: string): Promise<void> {
    this.#take(await this.ask("POST", "/api/v1/auth/password", { current_password: current, password, tenant: this.tenant }));
  }

  /** This page goes on as nobody's. */
  forget(): void {
    this.#presence.write(null);
    this.#leave();
  }

  /** A token, which may have expired; null: nobody is logged in. */
  token(): string | null {
    return this.#token?.text ?? null;
  }

  /**
   * A token that holds for a while, and is not `refused`; null: nobody is logged in. Raises Refusal: with the status 401 if
   * the session has ended.
   */
  async freshToken(refused: string | null = null): Promise<string | null> {
    if (this.#state.kind === "nobody") return null;
    if (this.#state.kind === "ended") throw ended();
    const token = this.#token;
    if (token !== null && token.text !== refused && Date.now() < token.renewAt) return token.text;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** The answer to a request of the person who is logged in. Raises Refusal. */
  async ask(method: Method, path: string, body: object | null = null): Promise<unknown> {
    const token = await this.freshToken();
    if (token === null) throw new Refusal(401, "not_logged_in", "Log in first.");
    try {
      return await this.#ask(method, path, body, token);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error;
      return this.#ask(method, path, body, await this.freshToken(token));
    }
  }

  async #renew(): Promise<string> {
    const era = this.#era;
    try {
      const answer = await this.#ask("POST", "/api/v1/auth/refresh", { tenant: this.tenant }, null);
      return era === this.#era ? this.#take(answer) : this.#current();
    } catch (error) {
      if (era !== this.#era) return this.#current();
      if (error instanceof Refusal && error.status === 401) this.#end();
      throw error instanceof Refusal && error.status === 401 ? ended() : error;
    }
  }

  #take(answer: unknown): string {
    const fields = new Fields(answer, "the answer");
    const text = fields.text("access_token");
    const accountId = fields.text("account_id");
    const { kind } = this.#state;
    this.#token = { text, renewAt: Date.now() + fields.number("expires_in") * 1000 - MARGIN_MS };
    if (kind === "logged-in" && accountId === this.#accountId()) return text;
    this.#presence.write(accountId);
    if (kind !== "returning") this.#logIns += 1;
    this.#become({ kind: "logged-in", accountId, logIns: this.#logIns });
    return text;
  }

  /** The token of whoever has come meanwhile. */
  #current(): string {
    if (this.#token === null) throw ended();
    return this.#token.text;
  }

  #accountId(): string | null {
    return this.#state.kind === "nobody" ? null : this.#state.accountId;
  }

  #end(): void {
    const accountId = this.#accountId();
    this.#presence.write(null);
    this.#become(accountId === null ? { kind: "nobody" } : { kind: "ended", accountId });
  }

  #leave(): void {
    if (this.#state.kind !== "nobody") this.#become({ kind: "nobody" });
  }

  #become(state: AccountState): void {
    if (state.kind !== "logged-in") this.#token = null;
    this.#era += 1;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function ended(): Refusal {
  return new Refusal(401, "log_in_ended", ENDED);
}
