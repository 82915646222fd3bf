import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Account, type AccountState } from "../src/account/account";
import { consequenceOf } from "../src/account/following";
import { Refusal, type Ask } from "../src/account/http";
import type { Presence } from "../src/account/presence";

/** A server that gives out tokens, numbered, and takes the newest one only. */
class Authority {
  readonly requests: string[] = [];
  tokens = 0;
  accountId = "ada";
  /** With which the next refresh is answered instead. */
  refusal: Refusal | null = null;
  /** Access tokens up to this one are refused. */
  revoked = 0;

  readonly ask: Ask = async (method, path, _body, token) => {
    this.requests.push(`${method} ${path}`);
    await Promise.resolve();
    if (path.endsWith("/refresh") && this.refusal !== null) throw this.refusal;
    if (path.endsWith("/login") || path.endsWith("/refresh") || path.endsWith("/password")) {
      this.tokens += 1;
      return { access_token: `token-${this.tokens}`, expires_in: 900, account_id: this.accountId };
    }
    if (token !== null && Number(token.slice("token-".length)) <= this.revoked) throw unauthorized();
    return { token };
  };

  count(request: string): number {
    return this.requests.filter((each) => each === request).length;
  }
}

class FakePresence implements Presence {
  accountId: string | null = null;
  read = (): string | null => this.accountId;
  write = (accountId: string | null): void => {
    this.accountId = accountId;
  };
}

const unauthorized = () => new Refusal(401, "invalid_api_key", "The key is wrong.");
const REFRESH = "POST /api/v1/auth/refresh";

function stage(left: string | null = null) {
  const authority = new Authority();
  const presence = new FakePresence();
  presence.accountId = left;
  return { authority, presence, account: new Account("default", authority.ask, presence) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("whoever was never here", () => {
  test("is asked nothing", async () => {
    const { account, authority } = stage();
    await account.restore();
    expect(await account.freshToken()).toBeNull();
    expect(account.state()).toEqual({ kind: "nobody" });
    expect(authority.requests).toEqual([]);
    await expect(account.ask("GET", "/api/v1/users/me")).rejects.toMatchObject({ status: 401 });
  });
});

describe("whoever was logged in when the page was left", () => {
  test("is logged in again, once for all who ask meanwhile", async () => {
    const { account, authority } = stage("ada");
    expect(account.state()).toEqual({ kind: "returning", accountId: "ada" });
    const answers = await Promise.all([account.restore(), account.ask("GET", "/a"), account.ask("GET", "/b")]);
    expect(answers.slice(1)).toEqual([{ token: "token-1" }, { token: "token-1" }]);
    expect(authority.count(REFRESH)).toBe(1);
    expect(account.state()).toEqual({ kind: "logged-in", accountId: "ada", logIns: 0 });
  });

  test("is told if that is over, and goes on without if they like", async () => {
    const { account, authority, presence } = stage("ada");
    authority.refusal = unauthorized();
    await account.restore();
    expect(account.state()).toEqual({ kind: "ended", accountId: "ada" });
    expect(presence.accountId).toBeNull();
    await expect(account.freshToken()).rejects.toThrow("Your session has ended.");
    expect(authority.count(REFRESH)).toBe(1);
    account.forget();
    expect(await account.freshToken()).toBeNull();
  });

  test("still is when the server was away meanwhile", async () => {
    const { account, authority, presence } = stage("ada");
    authority.refusal = new Refusal(503, "storage_unavailable", "Try again in some seconds.");
    await account.restore();
    expect(account.state().kind).toBe("returning");
    expect(presence.accountId).toBe("ada");
    authority.refusal = null;
    expect(await account.freshToken()).toBe("token-1");
  });
});

describe("a token", () => {
  test("is renewed before it expires", async () => {
    const { account, authority } = stage();
    await account.logIn("ada@example.com", "a heron at the lake");
    vi.advanceTimersByTime(860_000);
    expect(await account.freshToken()).toBe("token-1");
    vi.advanceTimersByTime(15_000);
    expect(await Promise.all([account.freshToken(), account.freshToken()])).toEqual(["token-2", "token-2"]);
    expect(authority.count(REFRESH)).toBe(1);
  });

  test("that is refused is renewed once, and the requests are sent again", async () => {
    const { account, authority } = stage();
    await account.logIn("ada@example.com", "a heron at the lake");
    authority.revoked = 1;
    const answers = await Promise.all([account.ask("GET", "/a"), account.ask("GET", "/b"), account.ask("GET", "/c")]);
    expect(answers).toEqual(Array.from({ length: 3 }, () => ({ token: "token-2" })));
    expect(authority.count(REFRESH)).toBe(1);
  });

  test("that is refused after all log-ins were ended leads to the log-in", async () => {
    const { account, authority } = stage();
    await account.logIn("ada@example.com", "a heron at the lake");
    authority.revoked = 1;
    authority.refusal = unauthorized();
    await expect(account.ask("GET", "/a")).rejects.toThrow("Your session has ended.");
    expect(account.state().kind).toBe("ended");
    expect(account.token()).toBeNull();
    await account.logIn("ada@example.com", "a heron at the lake");
    expect(account.state()).toEqual({ kind: "logged-in", accountId: "ada", logIns: 2 });
  });

  test("that comes after the person has left is dropped", async () => {
    const { account } = stage("ada");
    const renewed = account.freshToken();
    account.forget();
    await expect(renewed).rejects.toMatchObject({ status: 401 });
    expect(account.state()).toEqual({ kind: "nobody" });
    expect(account.token()).toBeNull();
  });
});

describe("another tab", () => {
  test("that logs out logs this one out", async () => {
    const { account, presence } = stage("ada");
    await account.restore();
    presence.accountId = null;
    await account.lookAgain();
    expect(account.state()).toEqual({ kind: "nobody" });
  });

  test("that logs somebody else in makes this one theirs", async () => {
    const { account, authority, presence } = stage("ada");
    await account.restore();
    presence.accountId = authority.accountId = "bob";
    await account.lookAgain();
    expect(account.state()).toMatchObject({ kind: "logged-in", accountId: "bob" });
  });
});

describe("the conversation", () => {
  const NOBODY: AccountState = { kind: "nobody" };
  const ada: AccountState = { kind: "logged-in", accountId: "ada", logIns: 1 };
  const returning: AccountState = { kind: "returning", accountId: "ada" };
  const ended: AccountState = { kind: "ended", accountId: "ada" };
  const bob: AccountState = { kind: "logged-in", accountId: "bob", logIns: 2 };
  test.each([
    ["goes on as that of whoever logs in", NOBODY, ada, "change-person"],
    ["is theirs already after a reload", returning, ada, "nothing"],
    ["goes with whoever logs out", ada, NOBODY, "forget"],
    ["stays when a session ends", ada, ended, "nothing"],
    ["goes on after another log-in", ended, ada, "enter"],
    ["is not somebody else's", ended, bob, "forget"],
    ["is not told to whoever another tab logs in", returning, bob, "forget"],
    ["goes on without an account", ended, NOBODY, "change-person"],
  ] as const)("%s", (_, before, after, consequence) => {
    expect(consequenceOf(before, after)).toBe(consequence);
  });
});
