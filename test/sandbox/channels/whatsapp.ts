import { randomUUID } from "node:crypto";
import { addWhatsApp } from "../../fakes/graph/whatsapp.ts";
import type { Lying } from "../../fakes/graph/whatsapp-number.ts";
import type { Action, Line, SandboxChannel } from "../channel.ts";
import { place, tone } from "../files.ts";

const people = [
  { name: "Jana Nováková", phone: "420601123456", bsuid: "CZ.1349120865530274", hidden: false },
  { name: "Bez čísla", phone: "420602000000", bsuid: "CZ.2349120865530274", hidden: true },
];
const template = {
  name: "order_shipped",
  language: "cs",
  components: [
    {
      type: "BODY",
      text: "Dobrý den {{1}}, vaše objednávka {{2}} je na cestě.",
      example: { body_text: [["Jano", "42"]] },
    },
  ],
};

const buttonsOf = ({ body }: Lying): readonly string[] => {
  const { action } = body as {
    action?: {
      buttons?: readonly { reply: { title: string } }[];
      sections?: readonly { rows: readonly { title: string }[] }[];
    };
  };
  return [
    ...(action?.buttons ?? []).map(({ reply }) => reply.title),
    ...(action?.sections ?? []).flatMap(({ rows }) => rows.map(({ title }) => title)),
  ];
};

const isList = ({ body }: Lying): boolean => JSON.stringify(body).includes('"sections"');

export const whatsapp: SandboxChannel = {
  id: "whatsapp",
  offers: ["text", "file", "voice", "location", "react", "button", "edit", "unsend", "read"],
  async open({ graph, hub }) {
    const app = graph.app("900000000000003");
    const number = addWhatsApp(graph).number({
      app,
      id: "100000000000001",
      businessAccountId: "200000000000001",
      display: "420222111333",
      templates: [template],
    });
    number.options.ladder.states = ["sent", "delivered"];
    number.options.ladder.delayMs = 400;
    const account = await hub.connect("whatsapp", "Sandbox WhatsApp", { ...number.settings, checkEveryMs: 5_000 });
    await graph.webhooks.subscribe(app, account.webhookUrl ?? "", number.settings.verify);
    const phones = people.map((person) => ({
      user: number.user(person),
      said: [] as Line[],
      order: [] as string[],
      read: new Set<string>(),
    }));
    type Here = (typeof phones)[number];

    const line = ({ read }: Here, message: Lying): Line => ({
      id: message.id,
      from: "hub",
      text: message.text !== "" || message.type === "text" ? message.text : `[${message.type}]`,
      files: [],
      buttons: buttonsOf(message),
      read: read.has(message.id),
      ...(message.type === "text" ? {} : { kind: message.type }),
      ...(message.reactions.at(-1) === undefined ? {} : { reaction: message.reactions.at(-1) ?? "" }),
    });
    /** Two lists in the order in which their lines were first seen. */
    const linesOf = (here: Here): readonly Line[] => {
      const all = [
        ...here.said.map((own) => ({ ...own, read: number.read.includes(own.id) })),
        ...here.user.received().map((one) => line(here, one)),
      ];
      for (const { id } of all) if (!here.order.includes(id)) here.order.push(id);
      return all.toSorted((a, b) => here.order.indexOf(a.id) - here.order.indexOf(b.id));
    };
    const say = async (
      here: Here,
      own: Omit<Line, "id" | "from" | "read" | "buttons" | "files"> & Partial<Line>,
      sent: (more: { id: string }) => Promise<unknown>,
    ): Promise<void> => {
      const id = `wamid.${Buffer.from(randomUUID()).toString("base64")}`;
      linesOf(here);
      here.said.push({ id, from: "customer", buttons: [], files: [], read: false, ...own });
      await sent({ id });
    };

    const act = async (here: Here, action: Action): Promise<void> => {
      const { user } = here;
      switch (action.do) {
        case "text":
          return say(here, { text: action.text }, (more) => user.text(action.text, more));
        case "file": {
          const { name, mimeType, base64, text } = action;
          const bytes = Buffer.from(base64, "base64");
          const file = { name, mimeType, bytes, ...(text !== undefined && text !== "" && { caption: text }) };
          const send = mimeType.startsWith("image/")
            ? user.image
            : mimeType.startsWith("video/")
              ? user.video
              : user.document;
          return say(here, { text: text ?? "", files: [{ name, mimeType, bytes }] }, (more) => send(file, more));
        }
        case "voice": {
          const file = { name: "voice.wav", mimeType: "audio/wav", bytes: tone() };
          return say(here, { text: "", files: [file] }, (more) => user.voice(file, more));
        }
        case "location":
          return say(here, { text: place.name, kind: "location" }, (more) => user.location(place, more));
        case "react":
          return void (await user.react(action.id, action.emoji));
        case "edit":
          here.said = here.said.map((one) => (one.id === action.id ? { ...one, text: action.text } : one));
          return void (await user.edit(action.id, action.text));
        case "unsend":
          here.said = here.said.map((one) => (one.id === action.id ? { ...one, text: "", files: [] } : one));
          return void (await user.revoke(action.id));
        case "button": {
          const message = user.received().find(({ id }) => id === action.id);
          if (message === undefined) return;
          const tap = isList(message) ? user.pick : user.click;
          return say(here, { text: buttonsOf(message)[action.index] ?? "" }, (more) =>
            tap(message, action.index, more),
          );
        }
        case "read":
          for (const message of user.received()) {
            if (here.read.has(message.id)) continue;
            here.read.add(message.id);
            await user.read(message);
          }
          return;
        case "comment":
          return;
      }
    };
    return {
      phones: () =>
        phones.map((here) => ({
          id: here.user.person.bsuid,
          name: here.user.person.name,
          typing: false,
          lines: linesOf(here),
        })),
      act: async (id, action) => {
        const here = phones.find(({ user }) => user.person.bsuid === id);
        if (here !== undefined) await act(here, action);
      },
    };
  },
};
