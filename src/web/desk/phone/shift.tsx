import { useEffect, useState, type ReactNode } from "react";
import { useValue } from "../../kit/bits.tsx";
import { Button } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Select } from "../../kit/field.tsx";
import { Icon } from "../../kit/icons.tsx";
import type { Phone } from "../../state/phone.ts";
import { createValue } from "../../state/value.ts";
import { explain } from "../actions.ts";
import { useDesk, useWords } from "../context.ts";
import { startRinging } from "./ring.ts";
import { type Devices, meter, openMicrophone } from "./voice.ts";

/** Chosen for this shift. Ids of devices change with the browser's data, so they are not kept longer. */
export const devices = createValue<Devices>({ microphone: "", speaker: "" });

type Microphone = "asking" | "heard" | "quiet" | "blocked";

/** Before the first call: does the microphone hear, does the sound come, may we notify, is the line up? */
export const Shift = ({ phone, onClose }: { phone: Phone; onClose: () => void }): ReactNode => {
  const { t } = useWords();
  const desk = useDesk();
  const link = useValue(desk.session.link);
  const chosen = useValue(devices);
  const { at } = useValue(phone.state);
  const [known, setKnown] = useState<readonly MediaDeviceInfo[]>([]);
  const [level, setLevel] = useState(0);
  const [microphone, setMicrophone] = useState<Microphone>("asking");
  const [notify, setNotify] = useState(Notification.permission);

  useEffect(() => {
    let gone = false;
    let end = (): void => undefined;
    const listen = async (): Promise<void> => {
      const stream = await openMicrophone(chosen.microphone);
      const { level: loud, stop } = meter(stream);
      const timer = setInterval(() => {
        const now = loud();
        setLevel(now);
        if (now > 0.05) setMicrophone("heard");
      }, 100);
      end = () => {
        clearInterval(timer);
        stop();
        for (const track of stream.getTracks()) track.stop();
      };
      if (gone) return end();
      setMicrophone((before) => (before === "heard" ? before : "quiet"));
      // Names of devices are told only after the microphone was allowed.
      setKnown(await navigator.mediaDevices.enumerateDevices());
    };
    listen().catch(() => setMicrophone("blocked"));
    return () => {
      gone = true;
      end();
    };
  }, [chosen.microphone]);

  const choices = (kind: MediaDeviceKind) => [
    { value: "", label: t("phone.systemDevice") },
    ...known
      .filter((device) => device.kind === kind && device.deviceId !== "" && device.deviceId !== "default")
      .map(({ deviceId, label }) => ({ value: deviceId, label })),
  ];
  const begin = async (): Promise<void> => {
    // Opened again during the shift, it is only about the devices.
    if (phone.state.get().at === "on") return onClose();
    await phone.start(false);
    if (phone.state.get().at === "on") await phone.setReady(true);
    onClose();
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("phone.shift.title")}
      closeLabel={t("common.close")}
      actions={
        <Button
          look="primary"
          disabled={microphone === "blocked" || microphone === "asking" || link.state !== "online" || at === "starting"}
          onClick={() => void begin().catch(explain)}
        >
          {t(at === "on" ? "common.close" : "phone.startShift")}
        </Button>
      }
    >
      <div className="shift">
        <Select
          label={t("phone.microphone")}
          value={chosen.microphone}
          onValue={(value) => devices.set({ ...chosen, microphone: value })}
          choices={choices("audioinput")}
        />
        <Line good={microphone === "heard"} bad={microphone === "blocked"} says={t(`phone.microphone.${microphone}`)}>
          <meter className="shift-level" min={0} max={1} value={level} aria-label={t("phone.level")} />
        </Line>
        <Select
          label={t("phone.speaker")}
          value={chosen.speaker}
          onValue={(value) => devices.set({ ...chosen, speaker: value })}
          choices={choices("audiooutput")}
        />
        <Line good={false} bad={false} says={t("phone.soundHelp")}>
          <Button onClick={() => setTimeout(startRinging(), 1_500)}>{t("phone.soundTest")}</Button>
        </Line>
        <Line good={notify === "granted"} bad={notify === "denied"} says={t(`phone.notify.${notify}`)}>
          {notify === "default" ? (
            <Button onClick={() => void Notification.requestPermission().then(setNotify)}>
              {t("phone.notifyAsk")}
            </Button>
          ) : null}
        </Line>
        <Line
          good={link.state === "online"}
          bad={link.state !== "online"}
          says={t(link.state === "online" ? "phone.line.up" : "phone.line.down")}
        />
      </div>
    </Dialog>
  );
};

const Line = ({
  good,
  bad,
  says,
  children,
}: {
  good: boolean;
  bad: boolean;
  says: string;
  children?: ReactNode;
}): ReactNode => (
  <p className={`shift-line ${good ? "shift-good" : bad ? "shift-bad" : ""}`}>
    <Icon name={good ? "check" : bad ? "warning" : "clock"} />
    <span>{says}</span>
    {children}
  </p>
);
