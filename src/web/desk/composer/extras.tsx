import type { ReactNode } from "react";
import type { ContentType, TakesView } from "#wire";
import { IconButton, Menu } from "../../kit/controls.tsx";
import { useWords } from "../context.ts";

/** What the channel takes beside text and files. */
export const Extras = ({
  takes,
  shut,
  onPick,
}: {
  takes: TakesView;
  /** The window is over: only an approved message may go. */
  shut: boolean;
  onPick: (kind: ContentType) => void;
}): ReactNode => {
  const { t } = useWords();
  if (takes.content.length === 0) return null;
  return (
    <Menu
      heading={t("content.title")}
      trigger={<IconButton icon="plus" label={t("content.title")} />}
      entries={takes.content.map((kind) => ({
        label: t(`content.${kind}`),
        disabled: shut && kind !== "template",
        run: () => onPick(kind),
      }))}
    />
  );
};
