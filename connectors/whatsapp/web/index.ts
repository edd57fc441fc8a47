import { ConnectorError, type Connector, defineConnector } from "#contract";
import { digitsOf } from "../thread.ts";
import { openIntake } from "./intake.ts";
import { makeKeeper, type Patience } from "./keeper.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { makePace } from "./pace.ts";
import { reparse } from "./parse.ts";
import { defaultTimers, type Timers } from "./protocol.ts";
import { sender } from "./send.ts";
import { settings } from "./settings.ts";
import { type Customer, toThreadKey } from "./thread.ts";

const textMost = 4_096;
const second = 1_000;

const addressOf = (kind: string, value: string): Customer | undefined => {
  const digits = digitsOf(value);
  if (digits.length < 5 || digits.length > 20) return undefined;
  if (kind === "wa_phone" || kind === "e164") return `phone:${digits}`;
  return kind === "wa_lid" ? `lid:${digits}` : undefined;
};

/** WhatsApp through a linked phone and whatsapp-web.js in a browser: for pilots and small clients. */
export const makeWhatsappWeb = ({
  timers = defaultTimers,
  patience = { firstMs: 5 * second, mostMs: 300 * second, random: Math.random },
}: { readonly timers?: Timers; readonly patience?: Patience } = {}): Connector =>
  defineConnector({
    kind: "whatsapp-web",
    title: "WhatsApp through a linked phone",
    channel: "whatsapp",
    config: settings,
    secrets: [],
    address: ({ number }) => number,
    limits: {
      text: textMost,
      attachments: { bytes: 16_000_000, perMessage: 10, mimeTypes: "any" },
      replyWindowHours: false,
      content: ["location", "contacts"],
      subject: false,
    },
    open({ config }, hub) {
      const ours = digitsOf(config.number);
      const keeper = makeKeeper({ hub, settings: config, timers, patience });
      const turn = makePace({ ms: config.secondsBetweenSends * second, random: patience.random });
      let opened: Promise<Ledger> | undefined;
      const ledger = (): Promise<Ledger> => (opened ??= hub.folder().then(openLedger));
      const fetchFile = async (message: string, signal?: AbortSignal) => {
        const { mimeType, content } = await keeper
          .ready()
          .call("download", { message }, signal && { signal })
          .catch((thrown: unknown) => {
            const error = ConnectorError.from(thrown);
            // Nothing is lost by asking again.
            throw error.code === "uncertain" ? new ConnectorError("unreachable", error.message) : error;
          });
        return {
          mimeType: mimeType.split(";")[0]?.trim() ?? mimeType,
          content: (async function* () {
            yield content;
          })(),
        };
      };
      const open = async (message: string) => (await fetchFile(message)).content;
      return {
        async start(signal) {
          hub.status({ state: "connecting" });
          const folder = await hub.folder();
          const sent = await ledger();
          const intake = openIntake({ hub, ours, fetchFile: open, keyOf: (stanza) => sent.keyOf(stanza), signal });
          await keeper.keep({ intake, ledger: sent, folder, signal });
          await intake.close();
        },
        ...sender({
          ours,
          keeper,
          turn,
          ledger,
          textMost,
          notNoted: () => hub.log.warn("the id of a message that went out could not be written down"),
        }),
        begin: ({ kind, value }) => {
          const customer = addressOf(kind, value);
          if (customer === undefined) throw new ConnectorError("rejected", "WhatsApp reaches phone numbers only.");
          return toThreadKey(ours, customer);
        },
        fetchFile: (ref, signal) => fetchFile(ref, signal),
        reparse: async (raw) => reparse(ours, raw, open),
        link: {
          look: () => keeper.view(),
          reconnect: () => keeper.reconnect(),
          logout: () => keeper.logout(),
          pairingCode: () => keeper.pairingCode(),
        },
      };
    },
  });

export const whatsappWeb = makeWhatsappWeb();
