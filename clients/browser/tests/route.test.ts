import { describe, expect, test } from "vitest";
import { hashOf, readRoute, type Route } from "../src/account/route";

const ROUTES: readonly (readonly [string, Route])[] = [
  ["#log-in", { page: "log-in" }],
  ["#register", { page: "register" }],
  ["#forgot", { page: "forgot" }],
  ["#verify=ev_aB-3_", { page: "verify", token: "ev_aB-3_" }],
  ["#reset=pr_aB-3_", { page: "reset", token: "pr_aB-3_" }],
  ["#receipt=er_aB-3_", { page: "receipt", token: "er_aB-3_" }],
  ["#history", { page: "history", query: "" }],
  ["#history?q=%22a+table%22+%26+caf%C3%A9", { page: "history", query: '"a table" & café' }],
  ["#history/conv_1", { page: "conversation", id: "conv_1", query: "" }],
  ["#history/conv_1?q=table", { page: "conversation", id: "conv_1", query: "table" }],
  ["#memory", { page: "memory" }],
  ["#privacy", { page: "privacy" }],
  ["#account", { page: "account" }],
];

describe("an address", () => {
  test.each(ROUTES)("%s is read and written alike", (hash, route) => {
    expect(readRoute(hash)).toEqual(route);
    expect(hashOf(route)).toBe(hash);
  });

  test.each(["", "#", "#elsewhere", "#verify", "#verify=", "#history/", "#historyx", "#Memory"])("%s leads nowhere", (hash) => {
    expect(readRoute(hash)).toBeNull();
  });

  test("that is broken is taken as it is", () => {
    expect(readRoute("#reset=%E0%A4%A")).toEqual({ page: "reset", token: "%E0%A4%A" });
  });
});
