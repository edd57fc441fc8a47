import type { ViewSpec } from "#wire";

/** What narrows a view; null and "" narrow nothing. */
export interface Filter {
  readonly tenantId: string | null;
  readonly queueId: string | null;
  readonly query: string;
  readonly channel: string | null;
  readonly tag: string | null;
  readonly assigneeId: string | null;
  readonly urgent: boolean;
  readonly unanswered: boolean;
}

export const noFilter: Filter = {
  tenantId: null,
  queueId: null,
  query: "",
  channel: null,
  tag: null,
  assigneeId: null,
  urgent: false,
  unanswered: false,
};

/** What the hub is asked for. */
export const specOf = (kind: ViewSpec["kind"], filter: Filter): ViewSpec => ({
  kind,
  ...(filter.tenantId === null ? {} : { tenantId: filter.tenantId }),
  ...(filter.queueId === null ? {} : { queueId: filter.queueId }),
  ...(filter.query === "" ? {} : { query: filter.query }),
  ...(filter.channel === null ? {} : { channel: filter.channel }),
  ...(filter.tag === null ? {} : { tag: filter.tag }),
  ...(filter.assigneeId === null ? {} : { assigneeId: filter.assigneeId }),
  ...(filter.urgent ? { urgent: true as const } : {}),
  ...(filter.unanswered ? { unanswered: true as const } : {}),
});

/** Whether the filter asks for more than a client, a queue and words, which have controls of their own. */
export const isNarrowed = (filter: Filter): boolean =>
  filter.channel !== null || filter.tag !== null || filter.assigneeId !== null || filter.urgent || filter.unanswered;

/** A view an agent named and kept. */
export interface SavedView {
  readonly id: string;
  readonly name: string;
  readonly kind: ViewSpec["kind"];
  readonly filter: Filter;
}
export const mostSaved = 30;

export const kinds = ["mine", "unassigned", "all", "snoozed", "closed"] as const satisfies readonly ViewSpec["kind"][];

const text = (record: object, key: string): string | null => {
  const value: unknown = Reflect.get(record, key);
  return typeof value === "string" && value !== "" ? value : null;
};

/** Of the user's settings; what an older desk stored and this one cannot read is left out. */
export const savedViews = (settings: Readonly<Record<string, unknown>>): readonly SavedView[] => {
  const list = settings["views"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown): readonly SavedView[] => {
    if (typeof entry !== "object" || entry === null) return [];
    const spec: unknown = Reflect.get(entry, "spec");
    if (typeof spec !== "object" || spec === null) return [];
    const [id, name, asked] = [text(entry, "id"), text(entry, "name"), text(spec, "kind")];
    const kind = kinds.find((one) => one === asked);
    if (id === null || name === null || kind === undefined) return [];
    const filter: Filter = {
      tenantId: text(spec, "tenantId"),
      queueId: text(spec, "queueId"),
      query: text(spec, "query") ?? "",
      channel: text(spec, "channel"),
      tag: text(spec, "tag"),
      assigneeId: text(spec, "assigneeId"),
      urgent: Reflect.get(spec, "urgent") === true,
      unanswered: Reflect.get(spec, "unanswered") === true,
    };
    return [{ id, name, kind, filter }];
  });
};

/** As they are kept in the user's settings. */
export const storedViews = (views: readonly SavedView[]): { readonly views: unknown } => ({
  views: views.map(({ id, name, kind, filter }) => ({ id, name, spec: specOf(kind, filter) })),
});
