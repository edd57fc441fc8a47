import { useState, type ReactNode } from "react";
import type { Asks, PhoneCall } from "#wire";
import { Button, Hint } from "../../kit/controls.tsx";
import { Icon, type IconName } from "../../kit/icons.tsx";
import type { Phone } from "../../state/phone.ts";
import { explain } from "../actions.ts";
import { useCommands } from "../commands.ts";
import { useWords } from "../context.ts";
import { Transfer } from "./transfer.tsx";

type Command = Asks<"phone.command">;

/** A button that shows whether what it switches is on. */
const Toggle = ({
  icon,
  label,
  keys,
  on,
  run,
}: {
  icon: IconName;
  label: string;
  keys?: string;
  on: boolean;
  run: () => void;
}): ReactNode => (
  <Hint text={label} keys={keys}>
    <button type="button" className="call-button" aria-pressed={on} aria-label={label} onClick={run}>
      <Icon name={icon} size={18} />
    </button>
  </Hint>
);

/** What an agent can do to the call that runs. */
export const CallControls = ({ phone, call }: { phone: Phone; call: PhoneCall }): ReactNode => {
  const { t } = useWords();
  const [open, setOpen] = useState<"keypad" | "transfer" | null>(null);
  const { callId } = call;
  const run = (command: Command): void => void phone.command(command).catch(explain);
  const mute = (): void => run({ name: "mute", callId, on: !call.muted });
  const held = call.state === "held";
  const hold = (): void => run({ name: held ? "resume" : "hold", callId });
  const hangUp = (): void => run({ name: "hangup", callId });
  const ours = call.part === "agent";
  useCommands({ m: mute, ...(ours ? { p: hold } : {}), "mod+shift+x": hangUp });

  return (
    <div className="call-controls">
      <Toggle icon="mute" label={t(call.muted ? "phone.unmute" : "phone.mute")} keys="m" on={call.muted} run={mute} />
      {ours && call.state !== "dialling" ? (
        <>
          {call.state === "consulting" ? null : (
            <Toggle icon="pause" label={t(held ? "phone.resume" : "phone.hold")} keys="p" on={held} run={hold} />
          )}
          <Toggle
            icon="keypad"
            label={t("phone.keypad")}
            on={open === "keypad"}
            run={() => setOpen(open === "keypad" ? null : "keypad")}
          />
          {call.recording === "on" || call.recording === "paused" ? (
            <Toggle
              icon="record"
              label={t(call.recording === "on" ? "phone.pauseRecording" : "phone.resumeRecording")}
              on={call.recording === "paused"}
              run={() =>
                run(
                  call.recording === "on"
                    ? { name: "pauseRecording", callId, reason: "card" }
                    : { name: "resumeRecording", callId },
                )
              }
            />
          ) : null}
          {call.state === "consulting" ? (
            <>
              <Button look="primary" onClick={() => run({ name: "consult", callId, next: "complete" })}>
                {t("phone.consult.complete")}
              </Button>
              <Button onClick={() => run({ name: "consult", callId, next: "conference" })}>
                {t("phone.consult.conference")}
              </Button>
              <Button onClick={() => run({ name: "consult", callId, next: "cancel" })}>
                {t("phone.consult.cancel")}
              </Button>
            </>
          ) : (
            <Button icon="transfer" onClick={() => setOpen("transfer")}>
              {t("phone.transfer")}
            </Button>
          )}
        </>
      ) : null}
      <Button look="danger" icon="hangup" className="call-hangup" onClick={hangUp}>
        {t(ours ? "phone.hangup" : "phone.leave")}
      </Button>
      {open === "keypad" ? <Keypad onDigit={(digits) => run({ name: "dtmf", callId, digits })} /> : null}
      {open === "transfer" ? <Transfer phone={phone} call={call} onClose={() => setOpen(null)} /> : null}
    </div>
  );
};

/** Keys for menus of the other side; the computer's own number keys work while it has the focus. */
const Keypad = ({ onDigit }: { onDigit: (digit: string) => void }): ReactNode => {
  const { t } = useWords();
  return (
    <div
      className="keypad"
      role="group"
      aria-label={t("phone.keypad")}
      onKeyDown={(event) => {
        if (!/^[0-9*#]$/.test(event.key)) return;
        event.preventDefault();
        onDigit(event.key);
      }}
    >
      {["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((digit, at) => (
        <button
          key={digit}
          type="button"
          ref={at === 0 ? (button) => button?.focus() : null}
          onClick={() => onDigit(digit)}
        >
          {digit}
        </button>
      ))}
    </div>
  );
};
