import { useState } from "react";
import type { Account } from "../../account/account";
import { register } from "../../account/letters";
import { Field } from "./Field";
import { Form } from "./Form";
import { Host } from "./Host";
import { Title } from "./Title";
import { useSubmission } from "./useSubmission";

export function Register({ account }: { readonly account: Account }) {
  const [sentTo, setSentTo] = useState<string | null>(null);
  const submission = useSubmission(
    { email: "Write your e-mail address.", password: "Choose a password." },
    async ({ name = "", email = "", password = "" }) => {
      await register(account.tenant, name, email, password);
      setSentTo(email);
    },
  );
  const { problem } = submission;
  if (sentTo !== null) {
    return (
      <section className="entrance">
        <Title>Look into your mail</Title>
        <p>
          A letter is on its way to <b>{sentTo}</b>. Follow the link in it within 24 hours, and you can log in.
        </p>
        <p className="entrance-other">
          Nothing came? Look among the unwanted mail, or <a href="#log-in">log in</a> if you had an account already.
        </p>
      </section>
    );
  }
  return (
    <section className="entrance">
      <Title leavesFocus>Register</Title>
      <Host tenant={account.tenant} />
      <Form submission={submission} action="Register" after={<a href="#log-in">I have an account</a>}>
        <Field name="name" label="Name (if you like)" autoComplete="name" takesFocus problem={problem} />
        <Field name="email" label="E-mail" type="email" autoComplete="username" problem={problem} />
        <Field
          name="password"
          label="Password"
          type="password"
          autoComplete="new-password"
          hint="At least 10 characters. A sentence is easier to remember than signs."
          problem={problem}
        />
      </Form>
    </section>
  );
}
