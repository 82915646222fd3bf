import { useId } from "react";

interface ProgressProps {
  readonly label: string;
  /** 0 to 1 */
  readonly progress: number;
}

export function Progress({ label, progress }: ProgressProps) {
  const id = useId();
  const percent = Math.round(100 * progress);
  return (
    <div className="progress">
      <label htmlFor={id}>
        {label}: {percent} %
      </label>
      <progress id={id} max={100} value={percent} />
    </div>
  );
}
