import { useEffect } from "react";

/** Keeps a phone's screen on while `active`: with the screen, phones switch the microphone off. */
export function useWakeLock(active: boolean): void {
  useEffect(() => {
    if (!active || !("wakeLock" in navigator)) return undefined;
    let over = false;
    let lock: WakeLockSentinel | null = null;
    const hold = async (): Promise<void> => {
      if (document.visibilityState !== "visible") return;
      try {
        lock = await navigator.wakeLock.request("screen");
      } catch (error) {
        console.info("The screen may go dark: the system keeps no lock now.", error);
      }
      if (over) await lock?.release();
    };
    const holdAgain = (): void => void hold();
    holdAgain();
    // The system lets go whenever the page is hidden.
    document.addEventListener("visibilitychange", holdAgain);
    return () => {
      over = true;
      document.removeEventListener("visibilitychange", holdAgain);
      void lock?.release();
    };
  }, [active]);
}
