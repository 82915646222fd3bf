import { useState } from "react";
import type { Account } from "../../account/account";
import { day } from "../../account/dates";
import { editProfile, type Profile } from "../../account/profile";
import { Field } from "./Field";
import { Form } from "./Form";
import { useSubmission } from "./useSubmission";

interface ProfileFormProps {
  readonly account: Account;
  readonly profile: Profile;
  readonly onSaved: (profile: Profile) => void;
}

export function ProfileForm({ account, profile, onSaved }: ProfileFormProps) {
  const [isSaved, setSaved] = useState(false);
  const submission = useSubmission({}, async (values) => {
    setSaved(false);
    const { name = "", language = "", time_zone: timeZone = "" } = values;
    onSaved(await editProfile(account, { name, language: language || null, timeZone: timeZone.trim() || null }));
    setSaved(true);
  });
  const { problem } = submission;
  return (
    <>
      <p className="transcript-head">
        {profile.email}, since {day(profile.createdAt)}.
      </p>
      <Form
        submission={submission}
        action="Save"
        after={
          <span role="status" className="deed-note">
            {isSaved && "Saved."}
          </span>
        }
      >
        <Field name="name" label="Name" autoComplete="name" defaultValue={profile.name} problem={problem} />
        <Language chosen={profile.language} />
        <Field
          name="time_zone"
          label="Time zone"
          hint="Such as Europe/Rome."
          list="time-zones"
          autoComplete="off"
          defaultValue={profile.timeZone ?? ""}
          placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone}
          problem={problem}
        />
        <datalist id="time-zones">
          {Intl.supportedValuesOf("timeZone").map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </Form>
    </>
  );
}

/** In which letters are written. */
const LANGUAGES: readonly (readonly [string, string])[] = [
  ["en", "English"],
  ["it", "Italiano"],
];

function Language({ chosen }: { readonly chosen: string | null }) {
  const isOther = chosen !== null && !LANGUAGES.some(([code]) => code === chosen);
  return (
    <div className="field">
      <label htmlFor="language">Language of letters</label>
      <select id="language" name="language" defaultValue={chosen ?? ""}>
        <option value="">No choice</option>
        {LANGUAGES.map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
        {isOther && <option value={chosen}>{chosen}</option>}
      </select>
    </div>
  );
}
