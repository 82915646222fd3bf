/** What is kept of the person themselves. */

import { Fields } from "../fields";
import type { Account } from "./account";

export interface Profile {
  readonly email: string;
  readonly name: string;
  /** ISO 639-1. */
  readonly language: string | null;
  readonly timeZone: string | null;
  readonly createdAt: Date;
}

export interface ProfileChange {
  readonly name: string;
  readonly language: string | null;
  readonly timeZone: string | null;
}

const PATH = "/api/v1/users/me";

/** Raises Refusal. */
export async function readProfile(account: Account): Promise<Profile> {
  return profileOf(await account.ask("GET", PATH));
}

/** What is kept now. Raises Refusal. */
export async function editProfile(account: Account, { name, language, timeZone }: ProfileChange): Promise<Profile> {
  return profileOf(await account.ask("PATCH", PATH, { name, language, time_zone: timeZone }));
}

function profileOf(answer: unknown): Profile {
  const fields = new Fields(answer, "the answer");
  return {
    email: fields.text("email"),
    name: fields.text("name"),
    language: fields.optionalText("language"),
    timeZone: fields.optionalText("time_zone"),
    createdAt: new Date(fields.number("created_at") * 1000),
  };
}
