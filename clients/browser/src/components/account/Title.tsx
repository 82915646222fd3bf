import { useEffect, useRef, type ReactNode } from "react";

interface TitleProps {
  readonly children: ReactNode;
  /** Something else takes the focus, such as the first field of a form. */
  readonly leavesFocus?: boolean;
}

/** The heading of the sheet: whoever gets to another place in it is there. */
export function Title({ children, leavesFocus = false }: TitleProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!leavesFocus) heading.current?.focus();
  }, [leavesFocus]);
  return (
    <h2 id="sheet-title" className="sheet-title" tabIndex={-1} ref={heading}>
      {children}
    </h2>
  );
}

/** Where the focus goes when what had it is gone. */
export function focusTitle(): void {
  document.getElementById("sheet-title")?.focus();
}
