import { describe, expect, test } from "vitest";
import { Refusal, refusalOf } from "../src/account/http";
import { missing, problemOf } from "../src/account/problem";

const FIELDS = ["email", "password"];

describe("a form's problem", () => {
  test("is said beside the field that the server named, in the server's words", () => {
    const refusal = new Refusal(400, "weak_password", "This password is one of the first.", "password");
    expect(problemOf(refusal, FIELDS)).toEqual({ field: "password", message: "This password is one of the first." });
  });

  test.each([
    ["names no field", new Refusal(401, "invalid_credentials", "The address or the password is wrong.")],
    ["names a field that is not there", new Refusal(404, "tenant_not_found", "There is no tenant x.", "tenant")],
  ])("is about all of it if it %s", (_, refusal) => {
    expect(problemOf(refusal, FIELDS)).toEqual({ field: null, message: refusal.message });
  });

  test("is the first field that is empty", () => {
    const required = { email: "Write your e-mail address.", password: "Write your password." };
    expect(missing({ email: " ", password: "" }, required)).toEqual({ field: "email", message: "Write your e-mail address." });
    expect(missing({ email: "a@b.example" }, required)?.field).toBe("password");
    expect(missing({ email: "a@b.example", password: "x" }, required)).toBeNull();
  });
});

describe("a refusal", () => {
  test("is what the server says", () => {
    const error = { message: "There have been too many attempts; try again in 12 s.", code: "rate_limit_exceeded", param: null };
    expect(refusalOf(429, { error })).toMatchObject({ ...{ message: error.message, code: error.code }, field: null, status: 429 });
  });

  test.each([null, "<html>", {}, { error: "x" }, { error: { message: 3, param: 4 } }])("can be read whatever came: %j", (answer) => {
    const refusal = refusalOf(502, answer);
    expect(refusal.message).toContain("(502)");
    expect(refusal.field).toBeNull();
  });
});
