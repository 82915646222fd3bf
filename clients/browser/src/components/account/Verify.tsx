import { useEffect, useState } from "react";
import type { Account } from "../../account/account";
import { messageOf } from "../../account/http";
import { verify } from "../../account/letters";
import { place } from "../../account/place";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { LogIn } from "./LogIn";
import { Title } from "./Title";

interface VerifyProps {
  readonly account: Account;
  /** Of a letter. */
  readonly token: string;
}

/** A link holds once: however often this is shown, it is followed once. */
const followed = new Map<string, Promise<void>>();

export function Verify({ account, token }: VerifyProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    const following = followed.get(token) ?? verify(token);
    followed.set(token, following);
    following.then(
      () => setDone(true),
      (error: unknown) => setProblem(messageOf(error)),
    );
  }, [token]);
  if (isDone) {
    const note = "Your address is confirmed. Log in, and you are there.";
    return <LogIn account={account} note={note} onLoggedIn={() => place.replace({ page: "account" })} />;
  }
  if (problem === null) return <Loading />;
  return (
    <section className="entrance">
      <Title>This link does not work</Title>
      <Failure message={problem} />
      <p className="entrance-other">
        If you followed it before, you can <a href="#log-in">log in</a>. Otherwise <a href="#register">register</a> again, and
        another letter comes.
      </p>
    </section>
  );
}
