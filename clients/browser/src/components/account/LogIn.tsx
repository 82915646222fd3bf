import type { Account } from "../../account/account";
import { Field } from "./Field";
import { Form } from "./Form";
import { Host } from "./Host";
import { Title } from "./Title";
import { useSubmission } from "./useSubmission";

interface LogInProps {
  readonly account: Account;
  /** Why somebody is asked to. */
  readonly note: string;
  readonly onLoggedIn?: () => void;
}

export function LogIn({ account, note, onLoggedIn }: LogInProps) {
  const submission = useSubmission(
    { email: "Write your e-mail address.", password: "Write your password." },
    async ({ email = "", password = "" }) => {
      await account.logIn(email, password);
      onLoggedIn?.();
    },
  );
  const { problem } = submission;
  return (
    <section className="entrance">
      <Title leavesFocus>Log in</Title>
      <Host tenant={account.tenant} />
      {note !== "" && <p className="entrance-note">{note}</p>}
      <Form submission={submission} action="Log in" after={<a href="#forgot">Forgot the password?</a>}>
        <Field name="email" label="E-mail" type="email" autoComplete="username" takesFocus problem={problem} />
        <Field name="password" label="Password" type="password" autoComplete="current-password" problem={problem} />
      </Form>
      <p className="entrance-other">
        No account yet? <a href="#register">Register</a>. You need none to talk; with one, your conversations and what the
        assistant may remember are yours to read, correct and delete.
      </p>
    </section>
  );
}
