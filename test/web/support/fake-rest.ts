import express, { type Express } from "express";
import type { CannedReply, ChannelAccountView, DeadLetter, UserView } from "#wire";
import { anna, bank, bootFor, petr, shop, type Case } from "./data.ts";

const at = "2026-11-23T09:12:00.000Z";

const canned: CannedReply[] = [
  { id: "r1", tenantId: bank, shortcut: "pozdrav", title: "Pozdrav", body: "Dobrý den, děkujeme za zprávu." },
  {
    id: "r2",
    tenantId: bank,
    shortcut: "karta",
    title: "Blokace karty",
    body: "Kartu jsme zablokovali, nová přijde do pěti dnů.",
  },
  { id: "r3", tenantId: shop, shortcut: "pozdrav", title: "Pozdrav", body: "Ahoj, díky, že píšeš!" },
];

const channels: ChannelAccountView[] = [
  {
    id: "a1",
    tenantId: bank,
    kind: "email",
    name: "Podpora",
    address: "podpora@moravska.example",
    queueId: "q-cards",
    enabled: true,
    config: { host: "imap.moravska.example", port: 993, tls: true },
    secrets: { password: "x9Kq" },
    state: "offline",
    stateText: "Server neodpovídá, další pokus za 30 s.",
    stateAt: at,
    lastInAt: at,
    lastOutAt: null,
    lastError: "connect ETIMEDOUT",
    webhookUrl: null,
    webhookToken: null,
    linkable: false,
    embed: null,
  },
  {
    id: "a2",
    tenantId: shop,
    kind: "chat",
    name: "Web obchodu",
    address: "zeleny.example",
    queueId: null,
    enabled: true,
    config: {},
    secrets: {},
    state: "online",
    stateText: "",
    stateAt: at,
    lastInAt: at,
    lastOutAt: at,
    lastError: "",
    webhookUrl: "https://hub.example/hooks/a2/in",
    webhookToken: "slovo pro poskytovatele",
    linkable: false,
    embed: '<script src="https://hub.example/widget/loader.js" data-account="a2" defer></script>',
  },
];

const users: UserView[] = [anna, petr].map((user) => ({
  ...user,
  disabled: false,
  locked: user === petr,
  memberships: [{ tenantId: bank, role: "admin", profile: "normal", alias: null, avatarUrl: null, queueIds: [] }],
}));

const dead: DeadLetter[] = [
  {
    id: "d1",
    tenantId: bank,
    accountId: "a1",
    accountName: "Podpora",
    channel: "email",
    type: "message",
    error: "Neznámá znaková sada x-mac-ce.",
    attempts: 3,
    receivedAt: at,
    excerpt: "Subject: =?x-mac-ce?Q?Dotaz?=",
  },
];

const field = { description: "", options: undefined, required: true, secret: false } as const;

/** The REST part of the fake hub: enough for the settings, contacts and files. */
export const adminRoutes = (app: Express, cases: ReadonlyMap<string, Case>): void => {
  const json = express.json();
  app.get("/api/canned-replies", (_request, response) => void response.json({ replies: canned }));
  app.get("/api/admin/channels", (_request, response) => void response.json({ channels }));
  app.get(
    "/api/admin/channel-kinds",
    (_request, response) =>
      void response.json({
        kinds: [
          {
            kind: "email",
            title: "E-mail",
            fields: [
              { ...field, key: "host", title: "Server IMAP", type: "string" },
              { ...field, key: "port", title: "Port", type: "number", default: 993 },
              { ...field, key: "password", title: "Heslo", type: "string", secret: true },
              { ...field, key: "tls", title: "Šifrovat spojení", type: "boolean", default: true },
            ],
          },
          {
            kind: "chat",
            title: "Webový chat",
            fields: [{ ...field, key: "origins", title: "Povolené weby", type: "list", required: false }],
          },
        ],
      }),
  );
  app.post(
    "/api/admin/channels/test",
    json,
    (_request, response) =>
      void response.json({
        ok: false,
        says: "Meta did not answer.",
        checks: [
          { id: "account-reached", says: "The account can be reached.", ok: true },
          { id: "subscribed", says: "The account sends its messages to this app.", ok: false },
          { id: "pages_messaging", says: "pages_messaging", ok: true },
        ],
      }),
  );
  app.patch("/api/admin/channels/:id", json, (request, response) => {
    const account = channels.find(({ id }) => id === request.params["id"]);
    if (account !== undefined) Object.assign(account, request.body as object, { config: account.config });
    response.json(account);
  });
  app.get("/api/admin/users", (_request, response) => void response.json({ users }));
  app.get("/api/admin/dead-letters", (_request, response) => void response.json({ items: dead, total: dead.length }));
  app.post("/api/admin/dead-letters/:id/replay", (_request, response) => {
    dead.length = 0;
    response.json({});
  });
  app.get("/api/admin/tokens", (_request, response) => void response.json({ tokens: [] }));
  app.get("/api/contacts", (request, response) => {
    const asked = request.query["query"];
    const query = typeof asked === "string" ? asked.toLowerCase() : "";
    response.json({
      contacts: [...cases.values()]
        .filter(
          ({ contact }) => contact.name.toLowerCase().includes(query) && contact.tenantId === request.query["tenantId"],
        )
        .slice(0, 20)
        .map(({ contact }) => ({
          id: contact.id,
          tenantId: contact.tenantId,
          name: contact.name,
          identities: contact.identities.map(({ value }) => value),
        })),
    });
  });
  app.post("/api/contacts/:id/merge", json, (request, response) => {
    const one = [...cases.values()].find(({ contact }) => contact.id === request.params["id"]);
    if (one === undefined) {
      response.status(404).json({});
      return;
    }
    one.contact = {
      ...one.contact,
      merges: [{ id: "merge-1", fromName: "Jiný záznam", at: new Date().toISOString() }],
    };
    response.json({ mergeId: "merge-1", contact: one.contact });
  });
  app.post("/api/merges/:id/undo", (_request, response) => {
    for (const one of cases.values()) one.contact = { ...one.contact, merges: [] };
    response.json({});
  });
  app.post(
    "/api/uploads",
    express.raw({ type: () => true, limit: "10mb" }),
    (request, response) =>
      void response.json({
        id: `u-${Date.now()}`,
        name: request.query["name"],
        mime: "text/plain",
        size: (request.body as Buffer).length,
      }),
  );
};

const people = [anna, petr];

/** Login and the boot document. */
export const sessionRoutes = (input: {
  readonly app: Express;
  readonly locale: string;
  readonly userOf: (cookie: string | undefined) => typeof anna | undefined;
  readonly phone: boolean;
}): void => {
  const { app, userOf } = input;
  let locale = input.locale;
  app.use((_request, response, next) => {
    response.setHeader(
      "content-security-policy",
      "default-src 'self';img-src 'self' data: blob:;media-src 'self' blob:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
    );
    next();
  });
  app.post("/api/login", express.json(), (request, response) => {
    const { email, password } = request.body as { email: string; password: string };
    const user = people.find((one) => one.email === email);
    if (user === undefined || password !== "dobre-heslo-1") {
      response.status(401).json({ refusal: { code: "unauthorized", says: "" } });
      return;
    }
    response.setHeader("set-cookie", `user=${user.id}; HttpOnly; Path=/`);
    response.json({});
  });
  app.get("/api/boot", (request, response) => {
    const user = userOf(request.headers.cookie);
    if (user === undefined) response.status(401).json({ refusal: { code: "unauthorized", says: "" } });
    else {
      const boot = bootFor(user, locale);
      const calls = { kind: "phone", title: "Telefon", textLimit: 0, attachments: false, subject: false };
      const channels = input.phone ? [...boot.channels, { ...calls, abilities: ["calls"] }] : boot.channels;
      response.json({ ...boot, channels });
    }
  });
  app.patch("/api/me", express.json(), (request, response) => {
    locale = (request.body as { locale?: string }).locale ?? locale;
    response.json({});
  });
};

/** The built desk; every address inside it starts it. */
export const pageRoutes = (app: Express, dist: string): void => {
  app.use(express.static(dist, { index: false }));
  app.get(/^\/(?!api\/|socket\.io\/|assets\/)[^.]*$/, (_request, response) =>
    response.sendFile("index.html", { root: dist }),
  );
};
