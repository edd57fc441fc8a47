import type { ConversationRow } from "#wire";
import { placeholders } from "#wire/fill";
import { profileIn, tenantOf, useDesk } from "../context.ts";
import type { Desk } from "../../state/desk.ts";

/** What the hub fills in by itself, as far as this agent may see it; the rest is filled when it is sent. */
const fillings = (desk: Desk, row: ConversationRow): Readonly<Record<string, string>> => {
  const seen = profileIn(desk.boot, row.tenantId) === "normal";
  const alias = desk.boot.memberships.find(({ tenantId }) => tenantId === row.tenantId)?.alias;
  return {
    "contact.name": seen ? row.contact.name : "•",
    "agent.alias": alias ?? desk.boot.me.name,
    "tenant.name": tenantOf(desk.boot, row.tenantId)?.name ?? "",
    "case.number": String(row.number),
  };
};

/** What may be written into the text here: what this agent may not see stays a variable until it is sent. */
export const shownFillings = (desk: Desk, row: ConversationRow): Readonly<Record<string, string>> =>
  profileIn(desk.boot, row.tenantId) === "normal" ? fillings(desk, row) : {};

/** Names in {{...}} that nothing is known of: the agent writes them before it is sent. */
export const useFilled = (text: string, row: ConversationRow): readonly string[] => {
  const desk = useDesk();
  const names = placeholders(text);
  if (names.length === 0) return names;
  const known = fillings(desk, row);
  return names.filter((name) => (known[name] ?? "").trim() === "");
};
