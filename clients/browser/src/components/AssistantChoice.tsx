import type { Assistant } from "../server";

interface AssistantChoiceProps {
  readonly assistants: readonly Assistant[];
  readonly chosen: Assistant | null;
  readonly onChoose: (name: string) => void;
}

export function AssistantChoice({ assistants, chosen, onChoose }: AssistantChoiceProps) {
  if (chosen === null) return null;
  if (assistants.length === 1) return <p className="assistant-name">{chosen.title}</p>;
  return (
    <label className="assistant-choice">
      <span className="visually-hidden">Who answers (choosing another one begins a new conversation)</span>
      <select value={chosen.name} onChange={(event) => onChoose(event.target.value)}>
        {assistants.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}
