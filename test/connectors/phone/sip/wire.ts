import { createSocket, type Socket } from "node:dgram";
import { header, type SipMessage } from "../../../../connectors/phone/sip/message.ts";
import { parseMessage } from "../../../../connectors/phone/sip/parse.ts";
import type { Side } from "./pair.ts";

/** A peer of bare sockets: it says exactly what the test writes, and hands over what it hears. */
export const openWire = async () => {
  const socket: Socket = createSocket("udp4");
  await new Promise<void>((resolve) => void socket.bind(0, "127.0.0.1", resolve));
  const heard: SipMessage[] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (bytes) => {
    const read = parseMessage(bytes);
    if ("fault" in read) throw new Error(read.fault);
    heard.push(read);
    for (const look of waiting) look();
  });
  const { port } = socket.address();
  return {
    port,
    heard,
    say: (text: string, to: number) =>
      socket.send(`${text.trim().replaceAll(/\r?\n/g, "\r\n")}\r\n\r\n`, to, "127.0.0.1"),
    next: async (fits: (message: SipMessage) => boolean): Promise<SipMessage> => {
      for (;;) {
        const index = heard.findIndex(fits);
        if (index >= 0) return heard.splice(index, 1)[0]!;
        await new Promise<void>((resolve) => {
          const look = (): void => {
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
        });
      }
    },
    close: () => socket.close(),
  };
};
export type Wire = Awaited<ReturnType<typeof openWire>>;

export const status = (code: number) => (message: SipMessage) => message.kind === "response" && message.status === code;
export const method = (name: string) => (message: SipMessage) => message.kind === "request" && message.method === name;

let count = 0;
export const invite = (from: Wire, to: Side, more: readonly string[] = [], callId = `call-${(count += 1)}`): string =>
  [
    `INVITE sip:800@127.0.0.1:${to.port} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${from.port};branch=z9hG4bK${callId}`,
    `From: <sip:+420777000001@127.0.0.1>;tag=f${callId}`,
    `To: <sip:800@127.0.0.1>`,
    `Call-ID: ${callId}`,
    `CSeq: 1 INVITE`,
    `Contact: <sip:test@127.0.0.1:${from.port}>`,
    `Max-Forwards: 70`,
    ...more,
    "",
  ].join("\n");
export const inDialog = (
  name: string,
  from: Wire,
  to: Side,
  response: SipMessage,
  seq: number,
  more: readonly string[] = [],
): string =>
  [
    `${name} sip:800@127.0.0.1:${to.port} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${from.port};branch=z9hG4bK${name}${seq}${response.callId}`,
    `From: ${header(response, "from")}`,
    `To: ${header(response, "to")}`,
    `Call-ID: ${response.callId}`,
    `CSeq: ${seq} ${name === "ACK" ? "INVITE".replace("INVITE", "ACK") : name}`,
    `Contact: <sip:test@127.0.0.1:${from.port}>`,
    ...more,
    "",
  ].join("\n");
/** Answers a request of the hub as a phone would. */
export const answer = (request: SipMessage, code: number, more: readonly string[] = [], tag = "remote"): string =>
  [
    `SIP/2.0 ${code} Whatever`,
    ...(request.headers.get("via") ?? []).map((value) => `Via: ${value}`),
    `From: ${header(request, "from")}`,
    `To: ${header(request, "to")}${header(request, "to")?.includes("tag=") === true ? "" : `;tag=${tag}`}`,
    `Call-ID: ${request.callId}`,
    `CSeq: ${request.cseq.number} ${request.cseq.method}`,
    ...more,
    "",
  ].join("\n");
