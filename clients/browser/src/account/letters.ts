/**
 * What is asked for, and done, by letters: an account, its confirmation, a new password. The links lead back to the page of
 * `tenant`. All raise Refusal.
 */

import { ask } from "./http";

/** A letter comes; nobody is told whether there is such an account already. */
export async function register(tenant: string, name: string, email: string, password: string): Promise<void> {
  const language = /^[a-z]{2}/.exec(navigator.language)?.[0] ?? null;
  await ask("POST", "/api/v1/auth/register", { tenant, name, email, password, language }, null);
}

/** Follows the link of that letter. */
export async function verify(token: string): Promise<void> {
  await ask("POST", "/api/v1/auth/verify", { token }, null);
}

/** A letter comes, if there is such an account. */
export async function forgot(tenant: string, email: string): Promise<void> {
  await ask("POST", "/api/v1/auth/forgot", { tenant, email }, null);
}

/** Sets a new password by the link of that letter; all log-ins end. */
export async function reset(tenant: string, token: string, password: string): Promise<void> {
  await ask("POST", "/api/v1/auth/reset", { tenant, token, password }, null);
}
