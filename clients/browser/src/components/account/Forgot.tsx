import { useState } from "react";
import type { Account } from "../../account/account";
import { forgot } from "../../account/letters";
import { Field } from "./Field";
import { Form } from "./Form";
import { Title } from "./Title";
import { useSubmission } from "./useSubmission";

export function Forgot({ account }: { readonly account: Account }) {
  const [sentTo, setSentTo] = useState<string | null>(null);
  const submission = useSubmission({ email: "Write your e-mail address." }, async ({ email = "" }) => {
    await forgot(account.tenant, email);
    setSentTo(email);
  });
  if (sentTo !== null) {
    return (
      <section className="entrance">
        <Title>Look into your mail</Title>
        <p>
          If there is an account for <b>{sentTo}</b>, a letter is on its way. Its link sets a new password, within an hour.
        </p>
      </section>
    );
  }
  return (
    <section className="entrance">
      <Title leavesFocus>Set a new password</Title>
      <p>A letter with a link comes to the address of your account.</p>
      <Form submission={submission} action="Send the letter" after={<a href="#log-in">Back to the log-in</a>}>
        <Field name="email" label="E-mail" type="email" autoComplete="username" takesFocus problem={submission.problem} />
      </Form>
    </section>
  );
}
