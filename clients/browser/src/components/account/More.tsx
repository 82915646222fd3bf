import { useEffect, useRef, useState, type RefObject } from "react";
import { messageOf } from "../../account/http";
import { Failure } from "./Failure";

interface MoreProps {
  /** What the button says. */
  readonly action: string;
  /** What it grows at the end of. */
  readonly list: RefObject<HTMLElement | null>;
  /** Adds the next page, and raises whatever went wrong; null: there is none. */
  readonly load: (() => Promise<void>) | null;
}

/** The rest of a list that is longer than one answer. Whoever asked for it goes on at the first that came. */
export function More({ action, list, load }: MoreProps) {
  const button = useRef<HTMLButtonElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [newest, setNewest] = useState<number | null>(null);
  useEffect(() => {
    const item = newest === null ? undefined : list.current?.children[newest];
    if (item instanceof HTMLElement) focusIn(item);
  }, [list, newest]);
  if (load === null) return null;
  const more = async (): Promise<void> => {
    const count = list.current?.children.length ?? 0;
    setBusy(true);
    setProblem(null);
    try {
      await load();
      // Who has gone elsewhere meanwhile is left there.
      const isHere = document.activeElement === button.current || document.activeElement === document.body;
      if (isHere) setNewest(count);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="more">
      <button type="button" className="button button-quiet" ref={button} aria-disabled={isBusy} onClick={() => !isBusy && void more()}>
        {action}
      </button>
      {problem !== null && <Failure message={problem} />}
    </div>
  );
}

function focusIn(item: HTMLElement): void {
  const inside = item.querySelector<HTMLElement>("a, button");
  if (inside === null) item.tabIndex = -1;
  (inside ?? item).focus();
}
