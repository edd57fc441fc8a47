import { useState, type ReactNode } from "react";
import { Button, IconButton, Menu } from "../../kit/controls.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { TextField } from "../../kit/field.tsx";
import { Icon } from "../../kit/icons.tsx";
import { snoozeTimes } from "../actions.ts";
import { useWords } from "../context.ts";

const local = (at: Date): string => {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
};

/** When the message shall go: at once, or at a moment the agent chooses. */
export const Later = ({ at, onAt }: { at: Date | null; onAt: (at: Date | null) => void }): ReactNode => {
  const { t, dateTime } = useWords();
  const [own, setOwn] = useState<string | null>(null);
  if (at !== null)
    return (
      <span className="later">
        <Icon name="clock" size={13} /> {t("later.at", { at: dateTime(at.getTime()) })}
        <button type="button" className="link" onClick={() => onAt(null)}>
          {t("later.now")}
        </button>
      </span>
    );
  const chosen = own === null ? null : new Date(own);
  const valid = chosen !== null && chosen.getTime() > Date.now();
  return (
    <>
      <Menu
        heading={t("later.title")}
        trigger={<IconButton icon="clock" label={t("later.title")} />}
        entries={[
          ...snoozeTimes(new Date()).map((one) => ({
            label: `${t(`snooze.${one.key}`)} — ${dateTime(one.at.getTime())}`,
            run: () => onAt(one.at),
          })),
          "line",
          { label: t("later.own"), run: () => setOwn(local(new Date(Date.now() + 3_600_000))) },
        ]}
      />
      {own === null ? null : (
        <Dialog
          open
          onClose={() => setOwn(null)}
          title={t("later.title")}
          closeLabel={t("common.close")}
          actions={
            <Button
              look="primary"
              disabled={!valid}
              onClick={() => {
                onAt(chosen);
                setOwn(null);
              }}
            >
              {t("later.set")}
            </Button>
          }
        >
          <TextField
            label={t("later.when")}
            type="datetime-local"
            value={own}
            min={local(new Date())}
            onChange={(event) => setOwn(event.target.value)}
          />
        </Dialog>
      )}
    </>
  );
};
