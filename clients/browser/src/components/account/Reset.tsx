import { useState } from "react";
import type { Account } from "../../account/account";
import { reset } from "../../account/letters";
import { place } from "../../account/place";
import { Field } from "./Field";
import { Form } from "./Form";
import { LogIn } from "./LogIn";
import { Title } from "./Title";
import { useSubmission } from "./useSubmission";

interface ResetProps {
  readonly account: Account;
  /** Of a letter. */
  readonly token: string;
}

export function Reset({ account, token }: ResetProps) {
  const [isDone, setDone] = useState(false);
  const submission = useSubmission({ password: "Choose a password." }, async ({ password = "" }) => {
    await reset(account.tenant, token, password);
    account.forget();
    setDone(true);
  });
  if (isDone) {
    const note = "The new password is set, and all other sessions have ended. Log in with it.";
    return <LogIn account={account} note={note} onLoggedIn={() => place.replace({ page: "account" })} />;
  }
  return (
    <section className="entrance">
      <Title leavesFocus>Set a new password</Title>
      <Form submission={submission} action="Set it" after={<a href="#forgot">Ask for another letter</a>}>
        <Field
          name="password"
          label="New password"
          type="password"
          autoComplete="new-password"
          takesFocus
          hint="At least 10 characters. You will be logged out everywhere."
          problem={submission.problem}
        />
      </Form>
    </section>
  );
}
