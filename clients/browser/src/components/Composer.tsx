import { useState, type SubmitEvent, type KeyboardEvent } from "react";
import { Send } from "./icons";

/** What a person can reasonably type in one turn. */
const MOST_CHARACTERS = 4_000;

export function Composer({ onSend }: { readonly onSend: (text: string) => void }) {
  const [text, setText] = useState("");
  const send = (): void => {
    if (text.trim() === "") return;
    onSend(text.trim());
    setText("");
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    send();
  };
  const sendOnEnter = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label className="visually-hidden" htmlFor="composer-text">
        Write instead of talking
      </label>
      <textarea
        id="composer-text"
        rows={1}
        maxLength={MOST_CHARACTERS}
        placeholder="Write instead"
        autoComplete="off"
        enterKeyHint="send"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={sendOnEnter}
      />
      <button type="submit" className="icon-button" aria-label="Send" disabled={text.trim() === ""}>
        <Send />
      </button>
    </form>
  );
}
