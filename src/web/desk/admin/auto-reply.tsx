import { useState, type ReactNode } from "react";
import type { AutoReply, ChannelAccountView } from "#wire";
import { toast } from "../../kit/bits.tsx";
import { Button, IconButton } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Check, TextArea, TextField } from "../../kit/field.tsx";
import { Refused, refusalOf } from "../../state/refused.ts";
import { useDesk, useWords } from "../context.ts";
import { Load, useReload } from "../query.tsx";
import { channelsPath } from "./paths.ts";

const days = [1, 2, 3, 4, 5, 6, 7] as const;
/** 2024-01-01 was a Monday. */
const dayName = (locale: string, day: number): string =>
  new Intl.DateTimeFormat(locale, { weekday: "short" }).format(new Date(2024, 0, day));

const Form = ({ path, stored, onClose }: { path: string; stored: AutoReply; onClose: () => void }): ReactNode => {
  const { t, locale } = useWords();
  const { api } = useDesk();
  const reload = useReload();
  const [set, setAll] = useState(stored);
  const [fault, setFault] = useState<string | null>(null);
  const change = (patch: Partial<AutoReply>) => setAll({ ...set, ...patch });
  const changeHours = (nth: number, patch: Partial<AutoReply["hours"][number]>) =>
    change({ hours: set.hours.map((one, index) => (index === nth ? { ...one, ...patch } : one)) });
  const toggle = (nth: number, day: number) => {
    const now = set.hours[nth]?.days ?? [];
    const next = now.includes(day) ? now.filter((one) => one !== day) : [...now, day].toSorted((a, b) => a - b);
    if (next.length > 0) changeHours(nth, { days: next });
  };
  const submit = async () => {
    try {
      await api.send("PUT", path, set);
      await reload(path);
      toast({ text: t("common.saved") });
      onClose();
    } catch (thrown) {
      const code = refusalOf(thrown);
      setFault(
        t(`refusal.${code}`) + (thrown instanceof Refused && code === "bad-request" ? ` ${thrown.message}` : ""),
      );
    }
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Check label={t("autoReply.on")} help={t("autoReply.help")} checked={set.on} onChecked={(on) => change({ on })} />
      <TextArea
        label={t("autoReply.text")}
        rows={6}
        required={set.on}
        value={set.text}
        onValue={(text) => change({ text })}
      />
      <fieldset className="hours">
        <legend>{t("autoReply.hours")}</legend>
        <p className="field-help">{t("autoReply.hoursHelp")}</p>
        {set.hours.map((one, nth) => (
          // oxlint-disable-next-line react/no-array-index-key -- hours have no name but their place
          <div key={nth} className="hours-row">
            <span className="hours-days">
              {days.map((day) => (
                <button
                  key={day}
                  type="button"
                  className="hours-day"
                  aria-pressed={one.days.includes(day)}
                  onClick={() => toggle(nth, day)}
                >
                  {dayName(locale, day)}
                </button>
              ))}
            </span>
            <TextField
              label={t("autoReply.from")}
              type="time"
              required
              value={one.from}
              onChange={(event) => changeHours(nth, { from: event.target.value })}
            />
            <TextField
              label={t("autoReply.until")}
              type="time"
              required
              value={one.to}
              onChange={(event) => changeHours(nth, { to: event.target.value })}
            />
            <IconButton
              icon="close"
              label={t("autoReply.removeHours")}
              onClick={() => change({ hours: set.hours.filter((_, index) => index !== nth) })}
            />
          </div>
        ))}
        <Button
          icon="plus"
          disabled={set.hours.length >= 14}
          onClick={() => change({ hours: [...set.hours, { days: [1, 2, 3, 4, 5], from: "08:00", to: "16:00" }] })}
        >
          {t("autoReply.addHours")}
        </Button>
      </fieldset>
      {set.hours.length === 0 ? null : (
        <TextArea
          label={t("autoReply.closedText")}
          help={t("autoReply.closedHelp")}
          rows={4}
          value={set.closedText}
          onValue={(closedText) => change({ closedText })}
        />
      )}
      {fault === null ? null : (
        <p className="form-fault" role="alert">
          {fault}
        </p>
      )}
      <p className="dialog-actions">
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button look="primary" type="submit">
          {t("common.save")}
        </Button>
      </p>
    </form>
  );
};

/** What a mailbox answers by itself. */
export const AutoReplyButton = ({ account }: { account: ChannelAccountView }): ReactNode => {
  const { t } = useWords();
  const { boot } = useDesk();
  const [open, setOpen] = useState(false);
  const path = `${channelsPath}/${account.id}/auto-reply`;
  if (boot.channels.find(({ kind }) => kind === account.kind)?.subject !== true) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t("autoReply.title")}</Button>
      {open ? (
        <Dialog
          open
          wide
          onClose={() => setOpen(false)}
          title={`${t("autoReply.title")}: ${account.name}`}
          closeLabel={t("common.close")}
        >
          <Load<AutoReply> path={path}>
            {(stored) => <Form path={path} stored={stored} onClose={() => setOpen(false)} />}
          </Load>
        </Dialog>
      ) : null}
    </>
  );
};
