import { lazy, Suspense, useState, type ReactNode } from "react";
import { IconButton, Menu } from "../../kit/controls.tsx";
import { Icon } from "../../kit/icons.tsx";
import { snoozeTimes } from "../actions.ts";
import { useWords } from "../context.ts";

const OwnTime = lazy(() => import("./own-time.tsx"));

/** When the message shall go: at once, or at a moment the agent chooses. */
export const Later = ({ at, onAt }: { at: Date | null; onAt: (at: Date | null) => void }): ReactNode => {
  const { t, dateTime } = useWords();
  const [own, setOwn] = useState(false);
  if (at !== null)
    return (
      <span className="later">
        <Icon name="clock" size={13} /> {t("later.at", { at: dateTime(at.getTime()) })}
        <button type="button" className="link" onClick={() => onAt(null)}>
          {t("later.now")}
        </button>
      </span>
    );
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
          { label: t("later.own"), run: () => setOwn(true) },
        ]}
      />
      {own ? (
        <Suspense>
          <OwnTime
            onAt={(chosen) => {
              if (chosen !== null) onAt(chosen);
              setOwn(false);
            }}
          />
        </Suspense>
      ) : null}
    </>
  );
};
