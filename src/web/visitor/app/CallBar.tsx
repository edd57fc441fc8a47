/** @jsxImportSource preact */
import { useEffect, useState } from "preact/hooks";
import type { Call, CallPhase } from "./call.ts";
import { Icon } from "./Icon.tsx";
import { useStore } from "./state.ts";
import type { Texts } from "./texts/index.ts";

const over: readonly CallPhase[] = ["ended", "blocked", "busy", "lost"];
const words = {
  off: "callEnded",
  connecting: "callConnecting",
  ringing: "callRinging",
  talking: "callTalking",
  ended: "callEnded",
  blocked: "callBlocked",
  busy: "callBusy",
  lost: "callLost",
} as const;

/** The call that runs, above the messages: how it stands, and what can be done. */
export const CallBar = ({ call, texts }: { call: Call; texts: Texts }) => {
  const { phase, since, muted } = useStore(call);
  const [keys, setKeys] = useState(false);
  const [, tick] = useState(0);
  useEffect(() => {
    if (phase !== "talking") return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [phase]);
  if (phase === "off") return null;
  const seconds = Math.max(0, Math.floor((Date.now() - since) / 1000));
  return (
    <section class="call" aria-label={texts.t("call")}>
      <p role="status">{texts.t(words[phase])}</p>
      {phase === "talking" && (
        <time>
          {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
        </time>
      )}
      {over.includes(phase) ? (
        <button type="button" class="icon" aria-label={texts.t("close")} onClick={call.dismiss}>
          <Icon name="close" />
        </button>
      ) : (
        <>
          <button
            type="button"
            class="icon"
            aria-label={texts.t(muted ? "callUnmute" : "callMute")}
            aria-pressed={muted}
            onClick={() => call.mute(!muted)}
          >
            <Icon name={muted ? "mic-off" : "mic"} />
          </button>
          <button
            type="button"
            class="icon"
            aria-label={texts.t("callKeys")}
            aria-expanded={keys}
            onClick={() => setKeys(!keys)}
          >
            <Icon name="keys" />
          </button>
          <button type="button" class="hang-up" onClick={() => call.hangUp()}>
            {texts.t("hangUp")}
          </button>
        </>
      )}
      {keys && !over.includes(phase) && (
        <div class="keys" role="group" aria-label={texts.t("callKeys")}>
          {["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((digit) => (
            <button key={digit} type="button" onClick={() => call.press(digit)}>
              {digit}
            </button>
          ))}
        </div>
      )}
    </section>
  );
};
