import type { ConversationRow, ViewCounts, ViewSpec } from "#wire";
import type { Case } from "./data.ts";

const inside = (row: ConversationRow, spec: ViewSpec, meId: string): boolean => {
  if (spec.tenantId !== undefined && row.tenantId !== spec.tenantId) return false;
  if (spec.queueId !== undefined && row.queueId !== spec.queueId) return false;
  const words = `${row.contact.name} ${row.preview}`.toLowerCase();
  if (spec.query !== undefined && !words.includes(spec.query.toLowerCase())) return false;
  if (spec.kind === "snoozed" || spec.kind === "closed") return row.status === spec.kind;
  if (row.status !== "open") return false;
  return spec.kind === "all" || row.assigneeId === (spec.kind === "mine" ? meId : null);
};

interface Cases {
  readonly cases: ReadonlyMap<string, Case>;
  readonly meId: string;
}

export const viewOf = ({ cases, spec, meId }: Cases & { spec: ViewSpec }): ConversationRow[] =>
  [...cases.values()]
    .map(({ row }) => row)
    .filter((row) => inside(row, spec, meId))
    .sort((a, b) => (a.lastAt < b.lastAt ? 1 : -1));

export const countsOf = (input: Cases): ViewCounts => {
  const count = (kind: ViewSpec["kind"]) => viewOf({ ...input, spec: { kind } }).length;
  return { mine: count("mine"), unassigned: count("unassigned"), all: count("all"), snoozed: count("snoozed") };
};
