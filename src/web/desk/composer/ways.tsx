import { lazy, Suspense, useState, type ReactNode } from "react";
import type { WayView } from "#wire";
import { Button, Menu, type MenuEntry } from "../../kit/controls.tsx";
import { ChannelIcon, Icon } from "../../kit/icons.tsx";
import { addressWord } from "../contact/address.ts";
import { channelTitle, useDesk, useWords } from "../context.ts";
import type { Target, Targets } from "./target.ts";

const TypeAddress = lazy(() => import("./type-address.tsx"));

/** Every way to the customer with what its channel would say, before a word is written. */
export const Ways = ({
  targets,
  mayType,
  onChange,
}: {
  targets: Targets;
  mayType: boolean;
  /** The case goes on where it has not been yet. */
  onChange: () => void;
}): ReactNode => {
  const { t, maybe } = useWords();
  const { boot } = useDesk();
  const [typing, setTyping] = useState(false);
  const { target, ways, own } = targets;
  const called = (one: Pick<WayView | Target, "channel" | "addressKind" | "address">): string => {
    const title = channelTitle({ boot, maybe, kind: one.channel });
    const address = addressWord({ maybe, kind: one.addressKind, value: one.address });
    return address === title || address === "" ? title : t("composer.viaOne", { channel: title, address });
  };
  const note = (way: WayView): string => {
    if (way.wanted) return ` — ${t("ways.wanted")}`;
    if (way.state !== "ready") return ` — ${t(`ways.${way.state}`)}`;
    return way.linked ? "" : ` — ${t(way.threadId === null ? "ways.begin" : "ways.other")}`;
  };
  const entries: (MenuEntry | "line")[] = ways.map((way) => ({
    label: `${called(way)}${note(way)}`,
    checked: way.key === target?.key,
    disabled: way.state === "busy" || (way.state === "closed" && !way.takes.content.includes("template")),
    run: () => {
      targets.choose(way.key);
      if (!way.linked && way.channel !== target?.channel) onChange();
    },
  }));
  if (mayType && own.length > 0)
    entries.push("line", { label: t("ways.type"), icon: "plus", run: () => setTyping(true) });
  return (
    <>
      <Menu
        heading={t("ways.title")}
        trigger={
          <Button look="quiet" className="way">
            <span className="hidden">{t("composer.via")} </span>
            {target === null ? null : (
              <ChannelIcon
                kind={target.channel}
                title={channelTitle({ boot, maybe, kind: target.channel })}
                size={14}
              />
            )}
            <span className="way-name">{target === null ? t("ways.title") : called(target)}</span>
            <Icon name="down" size={13} />
          </Button>
        }
        entries={entries}
      />
      {typing ? (
        <Suspense>
          <TypeAddress targets={targets} onClose={() => setTyping(false)} />
        </Suspense>
      ) : null}
    </>
  );
};

/** The customer likes another channel, and it works now: one click goes there. */
export const Prefers = ({ targets, preferred }: { targets: Targets; preferred: string | null }): ReactNode => {
  const { t, maybe } = useWords();
  const { boot } = useDesk();
  if (preferred === null || targets.target === null || targets.target.channel === preferred) return null;
  const way = targets.ways.find((one) => one.channel === preferred && one.state === "ready");
  if (way === undefined) return null;
  return (
    <button type="button" className="link" onClick={() => targets.choose(way.key)}>
      {t("composer.prefers", { channel: channelTitle({ boot, maybe, kind: preferred }) })}
    </button>
  );
};
