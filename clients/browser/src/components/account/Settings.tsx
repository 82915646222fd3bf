import { useCallback, useState } from "react";
import type { Account } from "../../account/account";
import { messageOf } from "../../account/http";
import { place } from "../../account/place";
import { readProfile } from "../../account/profile";
import { Confirmed } from "./Confirmed";
import { Failure } from "./Failure";
import { Loading } from "./Loading";
import { PasswordForm } from "./PasswordForm";
import { ProfileForm } from "./ProfileForm";
import { Title } from "./Title";
import { useAnswer } from "./useAnswer";

/** The account itself. */
export default function Settings({ account }: { readonly account: Account }) {
  const load = useCallback(() => readProfile(account), [account]);
  const { value: profile, problem, change, retry } = useAnswer(account, load);
  return (
    <section>
      <Title>Account</Title>
      {problem !== null && <Failure message={problem} onRetry={retry} />}
      {profile === null && problem === null && <Loading />}
      {profile !== null && <ProfileForm account={account} profile={profile} onSaved={change} />}
      <h3>Password</h3>
      <PasswordForm account={account} />
      <h3>Log out</h3>
      <LogOut account={account} />
    </section>
  );
}

function LogOut({ account }: { readonly account: Account }) {
  const [problem, setProblem] = useState<string | null>(null);
  const logOut = async (): Promise<void> => {
    try {
      await account.logOut();
      place.leave();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  const everywhere = async (): Promise<void> => {
    await account.logOutEverywhere();
    place.leave();
  };
  return (
    <div className="deed">
      <p>What was said goes from this page, and stays in your history.</p>
      <div className="form-actions">
        <button type="button" className="button button-quiet" onClick={() => void logOut()}>
          Log out
        </button>
        <Confirmed
          action="Log out everywhere"
          question="End all your sessions, on all devices?"
          confirm="Log out everywhere"
          onConfirm={everywhere}
        />
      </div>
      {problem !== null && <Failure message={problem} />}
    </div>
  );
}
