import type { Account } from "../account/account";
import { CONNECTION_ADVICE } from "../problems";

/** Somebody has to log in again; nothing on the page is lost by it. */
export function SessionEnded({ account }: { readonly account: Account }) {
  const { title, remedy } = CONNECTION_ADVICE["log-in-ended"];
  return (
    <section className="notice">
      <h2>{title}</h2>
      <p>{remedy}</p>
      <div className="notice-actions">
        <a className="text-button" href="#log-in">
          Log in
        </a>
        <button type="button" className="text-button" onClick={() => account.forget()}>
          Go on without an account
        </button>
      </div>
    </section>
  );
}
