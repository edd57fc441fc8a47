import { useCallback, useSyncExternalStore, type ReactNode } from "react";
import { useNow } from "../../kit/bits.tsx";
import { Icon } from "../../kit/icons.tsx";
import type { Mode } from "../../state/drafts.ts";
import { useDesk, useWords } from "../context.ts";

/** The unsent text of one conversation and mode; lives on the server. */
export const useDraft = (id: string, mode: Mode): [string, (body: string) => void] => {
  const { drafts } = useDesk();
  const text = useSyncExternalStore(
    useCallback((f) => drafts.subscribe({ id, mode }, f), [drafts, id, mode]),
    () => drafts.body({ id, mode }),
  );
  return [text, useCallback((body: string) => drafts.write({ id, mode, body }), [drafts, id, mode])];
};

/** How long an answer on this channel is still allowed; silent while there is more than a day. */
export const WindowNote = ({ until }: { until: number | null }): ReactNode => {
  const { t } = useWords();
  const now = useNow();
  if (until === null) return null;
  const minutes = Math.floor((until - now) / 60_000);
  if (minutes <= 0 || minutes > 1_440) return null;
  return (
    <span className={minutes < 60 ? "window-note window-late" : "window-note"}>
      <Icon name="clock" size={13} />
      {minutes < 60
        ? t("composer.windowMinutes", { n: minutes })
        : t("composer.windowHours", { n: Math.floor(minutes / 60) })}
    </span>
  );
};
