import type { composing, Gives, MessageView, Takes, TemplateView, ThreadView, WayView } from "#wire";
import { type Case, takesOf } from "./data.ts";
import { Refusal } from "./fake-memory.ts";

type Answers = { [Q in Exclude<keyof typeof composing, "message.send">]: (_: unknown, takes: Takes<Q>) => Gives<Q> };

const templates: TemplateView[] = [
  {
    name: "zasilka_na_ceste",
    language: "cs",
    category: "utility",
    body: "Dobrý den, {{body.1}}, zásilka {{body.2}} dorazí zítra.",
    footer: "Hvězdný e-shop",
    buttons: ["Sledovat zásilku"],
    variables: [
      { key: "body.1", title: "Jméno", type: "text", example: "Jana" },
      { key: "body.2", title: "Číslo zásilky", type: "text", example: "CZ123" },
    ],
  },
  {
    name: "podzimni_sleva",
    language: "cs",
    category: "marketing",
    body: "Sleva 20 % jen tento týden.",
    buttons: [],
    variables: [],
  },
  {
    name: "stara_sablona",
    language: "cs",
    category: "utility",
    body: "Stará zpráva.",
    unusable: "paused",
    buttons: [],
    variables: [],
  },
];

const wayOf = (thread: ThreadView): WayView => ({
  key: thread.id,
  threadId: thread.id,
  accountId: thread.accountId,
  accountName: thread.accountName,
  identityId: null,
  channel: thread.channel,
  address: thread.address,
  addressKind: thread.addressKind,
  linked: true,
  state: thread.windowUntil !== null && Date.parse(thread.windowUntil) < Date.now() ? "closed" : "ready",
  windowUntil: thread.windowUntil,
  humanAgentUntil: null,
  takes: thread.takes,
  wanted: false,
});

/** What the composer asks of a hub: who can be reached how, to whom a letter goes, which templates there are. */
export const composingOf = (input: {
  readonly cases: Map<string, Case>;
  readonly caseOf: (id: string) => Case;
  readonly messageById: (id: string) => readonly [Case, MessageView];
  readonly step: (one: Case, change: Partial<Case["row"]>, messages?: MessageView[]) => void;
}): Answers => {
  const { caseOf, messageById, cases, step } = input;
  const own = [
    { accountId: "a-email", accountName: "Podpora", channel: "email", kinds: ["email"], takes: takesOf("email") },
  ];
  const change = (id: string, patch: Partial<MessageView>): { message: MessageView } => {
    const [one, found] = messageById(id);
    step(one, {}, [{ ...found, ...patch }]);
    return { message: one.messages.find((message) => message.id === id) ?? found };
  };
  const waysOf = (one: Case): WayView[] => {
    const linked = one.threads.map(wayOf);
    const wants = one.messages.findLast(({ direction }) => direction === "in")?.detail["wantsEmail"] === true;
    if (linked.some(({ channel }) => channel === "email")) return linked;
    return [
      ...linked,
      {
        key: "a-email:mail",
        threadId: null,
        accountId: "a-email",
        accountName: "Podpora",
        identityId: "mail",
        channel: "email",
        address: "za•••@seznam.cz",
        addressKind: "email",
        linked: false,
        state: "ready",
        windowUntil: null,
        humanAgentUntil: null,
        takes: takesOf("email"),
        wanted: wants,
      },
    ];
  };
  return {
    "message.recipients": (_, { messageId, how }) => {
      const [one] = messageById(messageId);
      return {
        to: [{ address: "zakaznik@seznam.cz", name: one.row.contact.name, known: true }],
        cc: how === "all" ? [{ address: "ucetni@firma.cz", name: "Účetní", known: true }] : [],
        subject: `Re: ${one.row.subject ?? ""}`,
      };
    },
    "conversation.ways": (_, { conversationId }) => ({ ways: waysOf(caseOf(conversationId)), own }),
    "begin.ways": (_, { contactId }) => {
      const one = [...cases.values()].find(({ contact }) => contact.id === contactId);
      return { ways: one === undefined ? [] : waysOf(one).filter(({ threadId }) => threadId === null), own };
    },
    "conversation.threads": (_, { conversationId }) => ({ threads: [...caseOf(conversationId).threads] }),
    "conversation.link": (_, { conversationId }) => ({ row: caseOf(conversationId).row }),
    "conversation.begin": () => {
      const [one] = cases.values();
      if (one === undefined) throw new Refusal("not-found");
      return { row: one.row };
    },
    "message.edit": (_, { messageId, text }) => change(messageId, { text, editedAt: new Date().toISOString() }),
    "message.remove": (_, { messageId }) => change(messageId, { text: "", revokedAt: new Date().toISOString() }),
    "message.react": (_, { messageId, emoji }) =>
      change(messageId, { reactions: emoji === "" ? [] : [{ actor: "agent:Anna", emoji }] }),
    "message.again": (_, { messageId }) => change(messageId, { actions: [] }),
    "templates.list": () => ({ templates, syncedAt: new Date().toISOString() }),
  };
};
