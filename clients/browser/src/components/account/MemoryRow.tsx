import { useEffect, useRef, useState } from "react";
import type { Account } from "../../account/account";
import { day } from "../../account/dates";
import { correctMemory, deleteMemory, type Memory } from "../../account/memories";
import { hashOf } from "../../account/route";
import { Confirmed } from "./Confirmed";
import { Field } from "./Field";
import { Form } from "./Form";
import { useSubmission } from "./useSubmission";

const TOPICS: Readonly<Record<string, string>> = {
  name: "Name",
  allergy: "Allergy",
  diet: "Diet",
  favourite_table: "Favourite table",
  favourite_place: "Favourite place",
  party_size: "Usual number of people",
  birthday: "Birthday",
  booking: "Booking",
  preference: "Preference",
  studied: "Studied",
};
const SOURCES: Readonly<Record<string, string>> = {
  said: "You said so",
  inferred: "Taken from what you said",
  customer: "You set it right",
  staff: "Set right by the staff",
  booking: "From a booking",
};

interface MemoryRowProps {
  readonly account: Account;
  readonly memory: Memory;
  readonly onCorrected: (after: Memory) => void;
  readonly onForgotten: () => void;
}

export function MemoryRow({ account, memory, onCorrected, onForgotten }: MemoryRowProps) {
  const [isEdited, setEdited] = useState(false);
  const edit = useRef<HTMLButtonElement>(null);
  const wasEdited = useRef(false);
  useEffect(() => {
    if (wasEdited.current && !isEdited) edit.current?.focus();
    wasEdited.current = isEdited;
  }, [isEdited]);
  const topic = TOPICS[memory.topic] ?? memory.topic;
  const forget = async (): Promise<void> => {
    await deleteMemory(account, memory.id);
    onForgotten();
  };
  if (isEdited) {
    const done = (after: Memory | null): void => {
      setEdited(false);
      if (after !== null) onCorrected(after);
    };
    return <Correction account={account} memory={memory} topic={topic} onDone={done} />;
  }
  return (
    <div className="row row-memory">
      <span className="row-about">
        <span>{topic}</span>
        <Origin memory={memory} />
      </span>
      <p className="row-words">{memory.value}</p>
      <div className="row-actions">
        <button type="button" className="text-button" aria-label={`Correct: ${topic}, ${memory.value}`} ref={edit} onClick={() => setEdited(true)}>
          Correct
        </button>
        <Confirmed
          action="Forget"
          label={`Forget: ${topic}, ${memory.value}`}
          question={`Forget “${memory.value}”, and what it was before?`}
          confirm="Forget it"
          onConfirm={forget}
        />
      </div>
    </div>
  );
}

function Origin({ memory }: { readonly memory: Memory }) {
  const since = <time dateTime={memory.learnedAt.toISOString()}>{day(memory.learnedAt)}</time>;
  const source = SOURCES[memory.source] ?? memory.source;
  return (
    <span>
      {source}, {since}
      {memory.conversationId !== null && (
        <>
          {" · "}
          <a href={hashOf({ page: "conversation", id: memory.conversationId, query: "" })}>the conversation</a>
        </>
      )}
    </span>
  );
}

interface CorrectionProps {
  readonly account: Account;
  readonly memory: Memory;
  readonly topic: string;
  /** Null: nothing was changed. */
  readonly onDone: (after: Memory | null) => void;
}

function Correction({ account, memory, topic, onDone }: CorrectionProps) {
  const submission = useSubmission({ value: "Write what is right, or forget it instead." }, async ({ value = "" }) => {
    onDone(value.trim() === memory.value ? null : await correctMemory(account, memory.id, value));
  });
  const keep = (
    <button type="button" className="text-button" onClick={() => onDone(null)}>
      Keep
    </button>
  );
  return (
    <Form submission={submission} action="Set right" after={keep}>
      <Field name="value" label={topic} defaultValue={memory.value} maxLength={200} autoComplete="off" takesFocus problem={submission.problem} />
    </Form>
  );
}
