import { useEffect, useMemo, useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { useValue } from "../../kit/bits.tsx";
import { createPhone, type Phone } from "../../state/phone.ts";
import type { Desk } from "../../state/desk.ts";
import { explain } from "../actions.ts";
import { useDesk } from "../context.ts";
import { CallBar } from "./bar.tsx";
import { Dialler } from "./dial.tsx";
import { Ringing } from "./ringing.tsx";
import { devices, Shift } from "./shift.tsx";
import { openVoice, seizeLock } from "./voice.ts";
import { dialWish } from "./words.ts";
import { WrapUp } from "./wrap-up.tsx";
import "../styles/phone.css";

const flag = "linka.phone";

const phoneOf = (desk: Desk): Phone =>
  createPhone({
    ask: desk.ask,
    on: desk.session.on,
    openVoice: () => openVoice(devices.get),
    seize: seizeLock,
    memory: {
      get: () => sessionStorage.getItem(flag) === "on",
      set: (on) => (on ? sessionStorage.setItem(flag, "on") : sessionStorage.removeItem(flag)),
    },
    wait: (ms, then) => {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
  });

/** The telephone of the desk: outside of the pages, so that walking through them never touches a call. */
export default function PhoneSlot(): ReactNode {
  const desk = useDesk();
  const [, go] = useLocation();
  const phone = useMemo(() => phoneOf(desk), [desk]);
  const calls = useValue(phone.calls);
  const wish = useValue(dialWish);
  const [shift, setShift] = useState(false);

  // A refreshed tab takes its phone back; another one of the same agent must not.
  useEffect(() => {
    const back = (): void => {
      if (desk.session.link.get().state !== "online") return;
      if (phone.state.get().at === "on") phone.again();
      else if (sessionStorage.getItem(flag) === "on") phone.start(false).catch(explain);
    };
    back();
    return desk.session.link.subscribe(back);
  }, [desk, phone]);

  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent): void => {
      if (phone.calls.get().some(({ state }) => state !== "wrapup" && state !== "ringing")) event.preventDefault();
    };
    addEventListener("beforeunload", leaving);
    return () => removeEventListener("beforeunload", leaving);
  }, [phone]);

  const ringing = calls.find(({ state }) => state === "ringing");
  const wrapping = calls.find(({ state }) => state === "wrapup");
  const answer = (callId: string): void => {
    phone.command({ name: "answer", callId }).catch(explain);
    const conversationId = calls.find((call) => call.callId === callId)?.conversationId;
    if (conversationId) go(`/inbox/mine/${conversationId}`);
  };

  return (
    <div className="calls">
      <CallBar phone={phone} onShift={() => setShift(true)} />
      {ringing === undefined ? null : (
        <Ringing
          key={ringing.callId}
          call={ringing}
          onAnswer={() => answer(ringing.callId)}
          onReject={() => void phone.command({ name: "reject", callId: ringing.callId }).catch(explain)}
        />
      )}
      {wrapping === undefined ? null : <WrapUp key={wrapping.callId} call={wrapping} phone={phone} />}
      {shift ? <Shift phone={phone} onClose={() => setShift(false)} /> : null}
      {wish === null ? null : <Dialler phone={phone} wish={wish} onClose={() => dialWish.set(null)} />}
    </div>
  );
}
