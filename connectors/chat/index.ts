import { type Account, type Connection, defineConnector, type Hub } from "#contract";
import { receiveFile } from "./files.ts";
import { servePeer } from "./receive.ts";
import { sender } from "./send.ts";
import { openSessions } from "./session.ts";
import { fileBytes, type Settings, settings, textLimit } from "./settings.ts";
import { type Side, visitorLimits } from "./side.ts";
import { visitorFileTypes } from "./sniff.ts";

const open = (account: Account<Settings>, hub: Hub): Connection => {
  const side: Side = {
    account,
    hub,
    sessions: openSessions({ memory: hub.memory }),
    limits: visitorLimits({ now: () => hub.now() }),
  };
  return {
    async start(signal) {
      hub.status({ state: "online" });
      if (signal.aborted) return;
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
    ...sender(side),
    webhook: (request) => receiveFile(side, request),
    peer: (peer) => servePeer(side, peer),
    async probe() {
      const sites = account.config.allowedOrigins;
      return {
        says:
          sites.length === 0
            ? "The widget is ready for any site. List your sites before customers use it."
            : `The widget is ready for ${sites.join(", ")}.`,
      };
    },
  };
};

/** Web chat: the widget of src/web/visitor, with our own server as the provider. */
export const chat = defineConnector({
  kind: "chat",
  title: "Web chat",
  config: settings,
  secrets: ["identitySecret"],
  address: () => "",
  limits: {
    text: textLimit,
    attachments: {
      bytes: fileBytes,
      perMessage: 5,
      mimeTypes: [
        ...visitorFileTypes,
        "application/zip",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.text",
      ],
    },
    replyWindowHours: false,
    subject: false,
  },
  idempotentSend: true,
  open,
});
