/** What people are asked, in which words, and what they said. */

import { Fields } from "../fields";
import type { Account } from "./account";

export interface Consent {
  readonly purpose: string;
  /** Word for word, as people are asked now. */
  readonly wording: string;
  readonly wordingVersion: string;
  readonly language: string;
  /** What holds. */
  readonly granted: boolean;
  /** Null: nobody has answered, and this is what holds until then. */
  readonly answeredAt: Date | null;
  /** The answer was given to other words than those that are asked now. */
  readonly isOutdated: boolean;
}

const PATH = "/api/v1/gdpr/consents";

/** Raises Refusal. */
export async function listConsents(account: Account, language: string): Promise<readonly Consent[]> {
  const [purposes, consents] = await Promise.all([
    account.ask("GET", `/api/v1/gdpr/purposes?language=${encodeURIComponent(language)}`),
    account.ask("GET", PATH),
  ]);
  return readConsents(new Fields(purposes, "the purposes"), new Fields(consents, "the consents"));
}

/** What holds from now on. Raises Refusal. */
export async function answerConsent(account: Account, consent: Consent, granted: boolean): Promise<Consent> {
  const { purpose, wordingVersion, language } = consent;
  const body = { purpose, granted, wording_version: wordingVersion, language };
  return withAnswer(consent, new Fields(await account.ask("POST", PATH, body), "the answer"));
}

export function readConsents(purposes: Fields, consents: Fields): readonly Consent[] {
  const answers = new Map(consents.objects("consents").map((each) => [each.text("purpose"), each]));
  return purposes.objects("purposes").map((fields) => {
    const asked: Consent = {
      purpose: fields.text("purpose"),
      wording: fields.text("wording"),
      wordingVersion: fields.text("wording_version"),
      language: fields.text("language"),
      granted: fields.flag("default"),
      answeredAt: null,
      isOutdated: false,
    };
    const answer = answers.get(asked.purpose);
    return answer === undefined ? asked : withAnswer(asked, answer);
  });
}

function withAnswer(asked: Consent, answer: Fields): Consent {
  const givenAt = answer.optionalText("given_at");
  return {
    ...asked,
    granted: answer.flag("granted"),
    answeredAt: givenAt === null ? null : new Date(givenAt),
    isOutdated: givenAt !== null && answer.optionalText("wording_version") !== asked.wordingVersion,
  };
}
