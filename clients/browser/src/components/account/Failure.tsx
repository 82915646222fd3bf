interface FailureProps {
  readonly message: string;
  readonly onRetry?: () => void;
}

/** What went wrong, and the way to try it again. */
export function Failure({ message, onRetry }: FailureProps) {
  return (
    <div className="failure" role="alert">
      <p>{message}</p>
      {onRetry !== undefined && (
        <button type="button" className="text-button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
