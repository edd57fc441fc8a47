import { createContext, use, useCallback, useSyncExternalStore } from "react";
import type { Boot, ConversationRow, Profile, Role } from "#wire";
import { words } from "../i18n/index.ts";
import type { Words } from "../i18n/words.ts";
import { useValue } from "../kit/bits.tsx";
import type { Held } from "../state/conversations.ts";
import type { Desk } from "../state/desk.ts";
import type { Pending } from "../state/outbox.ts";
import type { Around } from "../state/presence.ts";

export const DeskContext = createContext<Desk | null>(null);

export const useDesk = (): Desk => {
  const desk = use(DeskContext);
  if (desk === null) throw new Error("used outside of a logged-in desk");
  return desk;
};

export const useWords = (): Words => useValue(words);

export const useHeld = (id: string): Held | undefined => {
  const { conversations } = useDesk();
  return useSyncExternalStore(
    useCallback((f) => conversations.subscribe(id, f), [conversations, id]),
    () => conversations.get(id),
  );
};

export const useRow = (id: string): ConversationRow | undefined => {
  const { inbox } = useDesk();
  return useSyncExternalStore(
    useCallback((f) => inbox.subscribeRow(id, f), [inbox, id]),
    () => inbox.row(id),
  );
};

export const usePresence = (id: string): Around => {
  const { presence } = useDesk();
  return useSyncExternalStore(
    useCallback((f) => presence.subscribe(id, f), [presence, id]),
    () => presence.of(id),
  );
};

export const usePending = (id: string): readonly Pending[] => {
  const { outbox } = useDesk();
  return useSyncExternalStore(
    useCallback((f) => outbox.subscribe(id, f), [outbox, id]),
    () => outbox.of(id),
  );
};

export type Tenant = Boot["tenants"][number];
export type Channel = Boot["channels"][number];

export const tenantOf = (boot: Boot, id: string): Tenant | undefined => boot.tenants.find((tenant) => tenant.id === id);
export const channelOf = (boot: Boot, kind: string | null): Channel | undefined =>
  boot.channels.find((channel) => channel.kind === kind);
/** What a channel is called in the reader's language; else as its connector calls itself. */
export const channelTitle = (input: { boot: Boot; maybe: Words["maybe"]; kind: string }): string =>
  input.maybe(`channel.${input.kind}`, channelOf(input.boot, input.kind)?.title ?? input.kind);
export const roleIn = (boot: Boot, tenantId: string): Role | null =>
  boot.memberships.find((membership) => membership.tenantId === tenantId)?.role ?? null;
export const profileIn = (boot: Boot, tenantId: string): Profile | null =>
  boot.memberships.find((membership) => membership.tenantId === tenantId)?.profile ?? null;
export const isAdmin = (boot: Boot): boolean =>
  boot.me.platformAdmin || boot.memberships.some((membership) => membership.role === "admin");
/** Where the desk begins: an installation without a company is set up first. */
export const homeOf = (boot: Boot): string =>
  boot.me.platformAdmin && boot.memberships.length === 0 ? "/admin/tenants" : "/inbox/mine";
export const agentName = (boot: Boot, id: string | null): string | null =>
  boot.agents.find((agent) => agent.id === id)?.name ?? null;

/** Black or white, whichever is easier to read on a tenant's colour (WCAG relative luminance). */
export const inkOn = (color: string): string => {
  const digits = /^#?([0-9a-f]{6})$/i.exec(color)?.[1];
  if (digits === undefined) return "#ffffff";
  const light = (at: number): number => {
    const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * light(0) + 0.7152 * light(2) + 0.0722 * light(4);
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
};
