import { useEffect, useRef, type RefObject } from "react";
import { activityOf, type Activity } from "../activity";
import type { VoiceClient } from "../voiceClient";
import type { MicrophoneState, VoiceState } from "../voiceState";
import { HangUp, Microphone, MicrophoneOff, StopSpeaking } from "./icons";

interface ControlsProps {
  readonly client: VoiceClient;
  readonly state: VoiceState;
}

export function Controls({ client, state }: ControlsProps) {
  const controls = useRef<HTMLDivElement>(null);
  const activity = activityOf(state);
  const talking = state.microphone !== "off";
  const muted = state.microphone === "muted";
  const canMute = state.microphone === "on" || muted;
  const canStop = state.speaking || state.conversation.activeResponse !== null;
  useLevel(controls, client, talking || state.speaking);
  return (
    <div className="controls" ref={controls}>
      <button
        type="button"
        className="icon-button"
        aria-label="Mute the microphone"
        title={muted ? "Unmute" : "Mute"}
        aria-pressed={muted}
        aria-disabled={!canMute}
        onClick={() => canMute && client.setMuted(!muted)}
      >
        {muted ? <MicrophoneOff /> : <Microphone />}
      </button>
      <button
        type="button"
        className="talk-button"
        aria-label={talking ? "End the conversation" : "Start talking"}
        title={talking ? "End the conversation" : "Start talking"}
        onClick={() => (talking ? client.stop() : void client.start())}
      >
        <span className="halo" aria-hidden="true" />
        {talking ? <HangUp /> : <Microphone />}
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Stop speaking"
        aria-keyshortcuts="Escape"
        title="Stop speaking (Escape)"
        aria-disabled={!canStop}
        onClick={() => canStop && client.stopSpeaking()}
      >
        <StopSpeaking />
      </button>
      <p className="status" role="status">
        {STATUS[activity](state.microphone)}
      </p>
      <span className="meter" aria-hidden="true" />
    </div>
  );
}

const STATUS: Readonly<Record<Activity, (microphone: MicrophoneState) => string>> = {
  idle: () => "Press to talk",
  connecting: () => "Connecting",
  listening: (microphone) => (microphone === "muted" ? "Muted" : "Listening"),
  hearing: () => "Hearing you",
  thinking: () => "Thinking",
  speaking: (microphone) => (microphone === "on" ? "Speaking; talk to interrupt" : "Speaking"),
};

/** Writes the louder of both sides to `--level` sixty times a second, without rendering. */
function useLevel(element: RefObject<HTMLElement | null>, client: VoiceClient, active: boolean): void {
  useEffect(() => {
    const show = (level: number): void => element.current?.style.setProperty("--level", level.toFixed(3));
    if (!active) {
      show(0);
      return undefined;
    }
    let level = 0;
    let request = requestAnimationFrame(function follow() {
      const loudness = loudnessOf(Math.max(client.inputLevel(), client.outputLevel()));
      level = Math.max(loudness, level * 0.9);
      show(level);
      request = requestAnimationFrame(follow);
    });
    return () => cancelAnimationFrame(request);
  }, [element, client, active]);
}

/** From -60 dB (0) to -10 dB (1), for levels are heard in decibels. */
function loudnessOf(level: number): number {
  return Math.max(0, Math.min(1, (20 * Math.log10(Math.max(level, 1e-6)) + 60) / 50));
}
