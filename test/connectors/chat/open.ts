import type { WebhookRequest } from "#contract";
import { chat } from "../../../connectors/chat/index.ts";
import { makeAccount, type OpenAccount, openAccount } from "../../contract/account.ts";

export const site = "https://www.zahradnictvi.example";

/** The channel on the contract suite's hub. Nothing but its own settings, memory and sockets. */
export const openChannel = (config: object = {}, side: "a" | "b" = "a", on = makeAccount(side)): OpenAccount =>
  openAccount(chat, on, { allowedOrigins: [site], ...config });

interface Hello {
  readonly token: string;
  readonly lines: readonly {
    readonly key: string;
    readonly seq: number;
    readonly text: string;
    readonly from: string;
  }[];
  readonly more: boolean;
  readonly readSeq: number;
  readonly cursor: number;
  readonly agentRead: string | null;
  readonly form: readonly object[];
  readonly look: { readonly open: boolean; readonly greeting: string };
}

export const greet = async (account: OpenAccount, takes: object = {}, ip = "192.0.2.1") => {
  const peer = account.peer({ ip, origin: site });
  const welcome = (await peer.ask("hello", { host: site, lang: "cs", ...takes })) as Hello;
  return { peer, welcome, session: welcome.token.split(".")[0] ?? "" };
};

/** The code a question was refused with; anything else fails the test. */
export const refusal = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "answered",
    (thrown: unknown) => (thrown as { readonly code: string }).code,
  );

export const uploadOf = (
  token: string,
  file: { readonly name: string; readonly type: string; readonly bytes: Uint8Array },
  id = "file-0001",
): WebhookRequest => ({
  method: "POST",
  path: "/files",
  query: new URLSearchParams({ id, name: file.name }),
  headers: new Headers({ "x-linka-session": token, "content-type": file.type }),
  body: file.bytes,
});
