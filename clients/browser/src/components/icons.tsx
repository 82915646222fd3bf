import type { ReactNode } from "react";

function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg viewBox="0 0 24 24" className="icon" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function Mark() {
  return (
    <Icon>
      <path d="M4 10.5v3M8 7.5v9M12 4.5v15M16 8.5v7M20 11v2" />
    </Icon>
  );
}

export function Microphone() {
  return (
    <Icon>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    </Icon>
  );
}

export function MicrophoneOff() {
  return (
    <Icon>
      <path d="M9 9v2a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 9.7 5.700M18.5 11.5a6.4 6.4 0 0 1-.9 3.300M12 18v3M4 4l16 16" />
    </Icon>
  );
}

export function HangUp() {
  return (
    <Icon>
      <path d="M7 7l10 10M17 7L7 17" />
    </Icon>
  );
}

export function StopSpeaking() {
  return (
    <Icon>
      <path d="M4 9.5h3.500L12 5.5v13l-4.5-4H4zM16 9.5l5 5M21 9.5l-5 5" />
    </Icon>
  );
}

export function Send() {
  return (
    <Icon>
      <path d="M12 19V5M6 11l6-6 6 6" />
    </Icon>
  );
}

export function Person() {
  return (
    <Icon>
      <circle cx="12" cy="8.5" r="3.7" />
      <path d="M4.5 20c.6-3.9 3.6-6 7.5-6s6.9 2.1 7.5 6" />
    </Icon>
  );
}

export function Plus() {
  return (
    <Icon>
      <path d="M12 5v14M5 12h14" />
    </Icon>
  );
}

export function Cross() {
  return (
    <Icon>
      <path d="M6 6l12 12M18 6L6 18" />
    </Icon>
  );
}
