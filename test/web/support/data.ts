import type { Boot, ContactView, ConversationRow, MessageView, ThreadView } from "#wire";

export interface Case {
  row: ConversationRow;
  contact: ContactView;
  threads: ThreadView[];
  messages: MessageView[];
  drafts: Map<string, { mode: "reply" | "note"; body: string; rev: number }>;
}

export const bank = "0199a000-0000-7000-8000-0000000000b1";
export const shop = "0199a000-0000-7000-8000-0000000000e1";
export const anna = { id: "0199a000-0000-7000-8000-00000000a001", name: "Anna Horáková", email: "anna@linka.test" };
export const petr = { id: "0199a000-0000-7000-8000-00000000a002", name: "Petr Dvořák", email: "petr@linka.test" };
const colleagues = ["Jana Svobodová", "Tomáš Kučera", "Lucie Benešová", "Marek Šimánek"].map((name, i) => ({
  id: `0199a000-0000-7000-8000-00000000a01${i}`,
  name,
}));

const queues = [
  { id: "q-cards", tenantId: bank, name: "Karty" },
  { id: "q-loans", tenantId: bank, name: "Úvěry" },
  { id: "q-orders", tenantId: shop, name: "Objednávky" },
  { id: "q-returns", tenantId: shop, name: "Reklamace" },
];

export const bootFor = (me: typeof anna, locale: string): Boot => ({
  me: { ...me, locale, platformAdmin: false },
  csrf: "csrf-token",
  memberships: [bank, shop].map((tenantId) => ({ tenantId, role: "admin", profile: "normal", alias: null })),
  tenants: [
    {
      id: bank,
      key: "banka",
      name: "Moravská banka",
      color: "#0b5d3b",
      greeting: "Dobrý den, Moravská banka, jak vám mohu pomoci?",
      undoSeconds: { email: 10 },
    },
    {
      id: shop,
      key: "obchod",
      name: "Zelený obchod",
      color: "#e0a800",
      greeting: "Ahoj, tady Zelený obchod!",
      undoSeconds: { email: 10 },
    },
  ],
  queues,
  agents: [anna, petr, ...colleagues].map(({ id, name }) => ({ id, name, tenantIds: [bank, shop] })),
  channels: [
    { kind: "chat", title: "Webový chat", textLimit: 4_000, attachments: true, subject: false, abilities: ["typing"] },
    { kind: "email", title: "E-mail", textLimit: 100_000, attachments: true, subject: true, abilities: [] },
    { kind: "whatsapp", title: "WhatsApp", textLimit: 200, attachments: false, subject: false, abilities: [] },
  ],
  uploadMaxBytes: 1_000_000,
  settings: {},
  version: "test",
});

const first = [
  "Jiří",
  "Eva",
  "Žaneta",
  "Čeněk",
  "Ludmila",
  "Radek",
  "Kateřina",
  "Ondřej",
  "Šárka",
  "Vítězslav",
  "Běla",
  "Dušan",
];
const last = [
  "Novák",
  "Řeháková",
  "Chalupa",
  "Horáček",
  "Cibulka",
  "Šťastná",
  "Procházka",
  "Vondráčková",
  "Zíma",
  "Krátký",
];
const asks = [
  "Dobrý den, platba kartou mi neprošla a peníze jsou zablokované. Kdy se vrátí?",
  "Zásilka měla přijít včera, ale sledování se nehýbe.",
  "Potřebuji zvýšit limit karty na víkend.",
  "Můžete mi prosím poslat fakturu znovu?",
  "Děkuji, to je přesně ono 👍",
  "Reklamace č. 2026-1180 je u vás už tři týdny.",
  "Jak si mohu nastavit trvalý příkaz do zahraničí?",
  "Barva neodpovídá fotce, chci zboží vrátit.",
];
const answers = [
  "Dobrý den, podívám se na to a hned vám dám vědět.",
  "Omlouváme se za zdržení. Zásilka odjela dnes ráno z depa v Brně.",
  "Limit jsem zvýšila do neděle, můžete platit.",
];

const pick = <T>(list: readonly T[], i: number): T => {
  const found = list[i % list.length];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
};
const at = (ms: number): string => new Date(ms).toISOString();

export const message = (input: Partial<MessageView> & { conversationId: string; seq: number }): MessageView => ({
  id: `${input.conversationId}-m${input.seq}`,
  version: input.seq,
  threadId: null,
  channel: null,
  direction: "in",
  kind: "text",
  author: { type: "contact", id: null, name: "Zákazník" },
  clientKey: null,
  replyToId: null,
  subject: null,
  text: "",
  html: null,
  detail: {},
  held: false,
  attachments: [],
  reactions: [],
  deliveries: [],
  actions: [],
  occurredAt: at(Date.now()),
  createdAt: at(Date.now()),
  editedAt: null,
  revokedAt: null,
  ...input,
});

const delivery = (id: string, state: MessageView["deliveries"][number]["state"], error?: string) => ({
  id: `d-${id}`,
  recipient: "•••@seznam.cz",
  role: "to" as const,
  scheduled: false,
  state,
  dueAt: null,
  attempts: 1,
  errorCode: error ?? null,
  errorText: null,
});

/** What the account behind a channel takes. */
export const takesOf = (kind: string): ThreadView["takes"] => ({
  text: kind === "whatsapp" ? 4096 : 10_000,
  attachments: true,
  subject: kind === "email",
  window: kind === "whatsapp" || kind === "messenger",
  humanAgentHours: kind === "messenger" ? 6 * 24 : null,
  content: kind === "whatsapp" ? ["template", "buttons", "list", "location", "contacts"] : [],
  abilities:
    kind === "whatsapp" ? ["begin", "templates", "edit", "remove", "react"] : kind === "email" ? ["begin"] : [],
});

/** One conversation of a made-up person; the same number gives the same conversation. */
export const makeCase = (i: number, now: number): Case => {
  const id = `c${String(i).padStart(5, "0")}`;
  const name = `${pick(first, i)} ${pick(last, i * 7)}`;
  const tenantId = i % 3 === 0 ? shop : bank;
  const kind = pick(["chat", "email", "whatsapp", "chat"], i);
  const lastAt = now - i * 97_000;
  const author = { type: "contact" as const, id: `p${i}`, name };
  const agent = { type: "agent" as const, id: anna.id, name: anna.name };
  const common = { conversationId: id, threadId: `t-${id}`, channel: kind };
  const subject = kind === "email" ? pick(["Faktura za listopad", "Limit karty", "Vrácení zboží"], i) : null;
  const messages: MessageView[] = [
    message({
      ...common,
      seq: 1,
      author,
      text: pick(asks, i + 3),
      subject,
      occurredAt: at(lastAt - 90_000_000),
      ...(i === 2 ? { html: hostileHtml, detail: {} } : {}),
    }),
    message({
      conversationId: id,
      seq: 2,
      direction: "event",
      author: agent,
      detail: { event: "assigned", from: null, to: anna.id },
      occurredAt: at(lastAt - 89_000_000),
    }),
    message({
      ...common,
      seq: 3,
      direction: "out",
      author: agent,
      text: pick(answers, i),
      occurredAt: at(lastAt - 88_000_000),
      deliveries: [delivery(`${id}3`, i === 1 ? "failed" : "read", i === 1 ? "recipient-gone" : undefined)],
    }),
    message({
      conversationId: id,
      seq: 4,
      direction: "note",
      author: { ...agent, id: petr.id, name: petr.name },
      text: "Pozor, volal už dvakrát. Vrátit i poštovné.",
      occurredAt: at(lastAt - 60_000),
    }),
    message({
      ...common,
      seq: 5,
      author,
      text:
        kind === "email"
          ? `${pick(asks, i)}\n\nDne 22. 11. 2026 napsal(a) Anna Horáková:\n> ${pick(answers, i)}`
          : pick(asks, i),
      subject,
      ...(kind === "email" ? { detail: { quotedFrom: pick(asks, i).length + 2 } } : {}),
      occurredAt: at(lastAt),
      ...(i === 3 ? { held: true } : {}),
    }),
  ];
  return {
    row: {
      id,
      tenantId,
      number: 1_000 + i,
      version: 5,
      lastSeq: 5,
      contact: { id: `p${i}`, name, anonymous: false },
      queueId: tenantId === bank ? pick(["q-cards", "q-loans"], i) : pick(["q-orders", "q-returns"], i),
      assigneeId: i % 4 === 0 ? anna.id : i % 4 === 1 ? null : pick([petr, ...colleagues], i).id,
      status: "open",
      subject,
      priority: i % 11 === 4 ? 1 : 0,
      tags: i % 5 === 0 ? ["VIP"] : [],
      lastKind: kind,
      lastDirection: "in",
      preview: pick(asks, i),
      lastAt: at(lastAt),
      waitingSince: at(lastAt),
      snoozedUntil: null,
      unread: i % 6 === 0 ? 1 + (i % 4) : 0,
      createdAt: at(lastAt - 90_000_000),
    },
    contact: {
      id: `p${i}`,
      tenantId,
      name,
      anonymous: false,
      language: "cs",
      preferred: i % 3 === 0 ? { channel: "whatsapp", source: "learned" } : null,
      marketing: null,
      identities: [
        { id: `i${i}a`, kind: "email", value: "zakaznik@seznam.cz", verified: "channel", gone: false },
        { id: `i${i}b`, kind: "e164", value: "+420 777 ••• 412", verified: "none", gone: false },
        { id: `i${i}c`, kind: "visitor", value: "YmWHjAC7V2xsNIw", verified: "none", gone: false },
      ],
      conversations: [
        { id: "c00400", number: 1_400, subject: "Starší reklamace", status: "closed", lastAt: at(lastAt - 9e9) },
      ],
      merges: [],
    },
    threads: [
      {
        id: `t-${id}`,
        accountId: `a-${kind}`,
        accountName: kind,
        channel: kind,
        subject,
        address: kind === "email" ? "za•••@seznam.cz" : "•••NIw",
        addressKind: kind === "email" ? "email" : "visitor",
        windowUntil: kind === "whatsapp" ? at(now + 5 * 3_600_000) : null,
        humanAgentUntil: null,
        customerReadSeq: 3,
        active: true,
        takes: takesOf(kind),
      },
      ...(i % 5 === 0
        ? [
            {
              id: `t2-${id}`,
              accountId: "a-email",
              accountName: "Podpora",
              channel: "email",
              subject: "Dotaz",
              address: "za•••@seznam.cz",
              addressKind: "email",
              windowUntil: null,
              humanAgentUntil: null,
              customerReadSeq: 0,
              active: true,
              takes: takesOf("email"),
            },
          ]
        : []),
    ],
    messages,
    drafts: new Map(),
  };
};

/** What a hostile letter would like to do. A sanitiser should have stopped it; the frame must stop it too. */
export const hostileHtml = `<p style="color:#a00;font-weight:bold">Vaše objednávka</p><p>Dobrý den, posílám <b>doklad</b> v příloze.</p>
<img src="https://spy.example/pixel.gif"><img src="//spy.example/p.png"><link rel="stylesheet" href="https://spy.example/x.css">
<style>@import url(https://spy.example/y.css); body { background: url(https://spy.example/z.png) }</style>
<div style="background:url(https://spy.example/bg.png);position:fixed;inset:0">překryv</div>
<script>parent.document.title = "hacked"; fetch("https://spy.example/s")</script>
<img src="x" onerror="parent.document.title='hacked'"><form action="https://spy.example/f"><button>Odeslat</button></form>
<iframe src="https://spy.example/i"></iframe><meta http-equiv="refresh" content="0;url=https://spy.example/r"><video src="https://spy.example/v.mp4" autoplay></video>`;
