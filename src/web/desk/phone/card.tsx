import type { ReactNode } from "react";
import type { MessageView } from "#wire";
import { Icon } from "../../kit/icons.tsx";
import { agentName, useDesk, useWords } from "../context.ts";
import { Player } from "./player.tsx";
import { lasted } from "./words.ts";
import "../styles/phone.css";

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
const list = (value: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "object" && one !== null) : [];

/** A call in the conversation: which way, how long, with whom, how it ended, and its sound. */
export default function CallCard({ message }: { message: MessageView }): ReactNode {
  const { t } = useWords();
  const { boot } = useDesk();
  const { detail } = message;
  const recordings = list(detail["recordings"]);
  const direction = message.direction === "out" ? "out" : "in";
  const voicemail = recordings.some((one) => one["kind"] === "voicemail");
  const kind = detail["missed"] === true ? (voicemail ? "voicemail" : "missed") : direction;
  const talked = number(detail["talkMs"]);
  const agent = agentName(boot, text(detail["agentId"]));
  const disposition = text(detail["dispositionTitle"]) || text(detail["disposition"]);
  const note = text(detail["note"]);
  return (
    <div className={`call-card call-card-${kind}`}>
      <p className="call-card-head">
        <Icon name={kind === "missed" ? "hangup" : "phone"} />
        <strong>{t(`phone.card.${kind}`)}</strong>
        {talked === null ? (
          detail["state"] === "ended" ? null : (
            <span className="muted">{t("phone.card.running")}</span>
          )
        ) : (
          <span className="muted">{lasted(talked)}</span>
        )}
        {agent === null ? null : (
          <span className="muted">
            {t("phone.card.agent")}: {agent}
          </span>
        )}
        {disposition === "" ? null : <span className="call-card-disposition">{disposition}</span>}
      </p>
      {note === "" ? null : <p className="call-card-note">{note}</p>}
      {recordings.map((one) => {
        const id = text(one["id"]);
        return id === "" ? null : <Player key={id} id={id} />;
      })}
    </div>
  );
}
