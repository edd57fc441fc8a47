import { authorizer, type Manner, type Outcome } from "./dialog.ts";
import { makeTag } from "./endpoint.ts";
import { type Headers, reasons } from "./message.ts";
import { openSwitchboard } from "./switchboard.ts";
import { parseUri, sipUri } from "./uri.ts";

/**
 * Tries a trunk without leaving a trace: a REGISTER without Contact asks for the bindings and changes none (RFC 3261
 * section 10.2.3), which proves user and password; a static peer is asked OPTIONS. Gives the final status; 408 = silence.
 */
export const tryTrunk = async (input: {
  readonly server: string;
  readonly proxy: string | undefined;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
  readonly register: boolean;
  readonly listenHost: string;
  readonly signal: AbortSignal;
}): Promise<{ readonly status: number; readonly reason: string }> => {
  const { credentials, signal } = input;
  const listen = (["UDP", "TCP"] as const).map((proto) => ({ proto, host: input.listenHost, port: 0 }));
  const board = await openSwitchboard({ listen });
  try {
    const manner: Manner = {
      endpoint: board.endpoint,
      resolve: board.resolve,
      credentials,
      name: board.name,
      user: "linka",
    };
    const [flow] = await board.resolve(input.proxy ?? input.server);
    if (flow === undefined) return { status: 404, reason: "There is no such host." };
    const untrust = board.guard.trust((host) => host === flow.host);
    const method = input.register ? "REGISTER" : "OPTIONS";
    const account = sipUri({ user: credentials?.user ?? "linka", host: parseUri(input.server)?.host ?? flow.host });
    const authorize = authorizer(credentials);
    const [callId, tag] = [makeTag(), makeTag()];
    let authorization: readonly [string, string] | undefined;
    for (let seq = 1; ; seq += 1) {
      const headers: Headers = new Map([
        ["max-forwards", ["70"]],
        ["from", [`<${account}>;tag=${tag}`]],
        ["to", [`<${input.register ? account : input.server}>`]],
        ["call-id", [callId]],
        ["cseq", [`${seq} ${method}`]],
        ["user-agent", [manner.name]],
      ]);
      if (authorization !== undefined) headers.set(authorization[0], [authorization[1]]);
      const outcome = await new Promise<Outcome>((resolve) => {
        signal.addEventListener("abort", () => resolve("timeout"), { once: true });
        board.endpoint.request({
          method,
          uri: input.server,
          headers,
          flow,
          onResponse: (response) => {
            if (response.status >= 200) resolve(response);
          },
          onLost: resolve,
        });
      });
      if (typeof outcome === "string") return { status: 408, reason: reasons[408] ?? "" };
      authorization = authorize(outcome, method, input.server);
      if (authorization !== undefined) continue;
      untrust.end();
      return { status: outcome.status, reason: outcome.reason };
    }
  } finally {
    await board.stop();
  }
};
