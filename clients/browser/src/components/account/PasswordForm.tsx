import { useState } from "react";
import type { Account } from "../../account/account";
import { Field } from "./Field";
import { Form } from "./Form";
import { useSubmission } from "./useSubmission";

export function PasswordForm({ account }: { readonly account: Account }) {
  const [isSet, setSet] = useState(false);
  const submission = useSubmission(
    { current_password: "Write your present password.", password: "Choose a new password." },
    async ({ current_password: current = "", password = "" }, form) => {
      setSet(false);
      await account.changePassword(current, password);
      form.reset();
      setSet(true);
    },
  );
  const { problem } = submission;
  return (
    <Form
      submission={submission}
      action="Change it"
      after={
        <span role="status" className="deed-note">
          {isSet && "Changed; all other sessions have ended."}
        </span>
      }
    >
      <Field name="current_password" label="Present password" type="password" autoComplete="current-password" problem={problem} />
      <Field name="password" label="New password" type="password" autoComplete="new-password" hint="At least 10 characters." problem={problem} />
    </Form>
  );
}
