import { randomInt } from "node:crypto";
import { type FailureCode, type WebhookRequest } from "#contract";
import { toThreadKey } from "../../connectors/meta/thread.ts";
import type { App } from "../fakes/graph/call.ts";
import { GraphRefusal } from "../fakes/graph/refusal.ts";
import { startGraph } from "../fakes/graph/server.ts";
import type { Social } from "../fakes/graph/social.ts";
import { makeUser } from "../fakes/graph/social-user.ts";
import { bodyOf, signatureOf } from "../fakes/graph/webhooks.ts";
import type { OpenAccount } from "./account.ts";
import type { Bench, Customer, Received, Refusal, Remote, Side } from "./bench.ts";

type Graph = Awaited<ReturnType<typeof startGraph>>;

const request = (headers: Headers, body: Buffer): WebhookRequest => ({
  method: "POST",
  path: "",
  query: new URLSearchParams(),
  headers,
  body,
});
const signed = (app: App, payload: object, signature?: string): WebhookRequest => {
  const body = bodyOf(payload);
  return request(new Headers({ "x-hub-signature-256": signature ?? signatureOf(app.secret, body) }), body);
};

/** A text and the files sent with it are several messages there, and read as one. */
const received = (social: Social, id: string): Received[] => {
  const read: Received[] = [];
  let files: Received["files"] = [];
  for (const line of social.people.get(id)?.lines ?? []) {
    if (line.from !== "page" || line.removed) continue;
    files = [...files, ...line.files];
    if (line.text === "") continue;
    // The wire says "love" where the phone shows a heart.
    const reaction = line.reaction === "love" ? "❤️" : line.reaction;
    read.push({ text: line.text, files, reactions: reaction === undefined ? [] : [reaction] });
    files = [];
  }
  return read;
};

/** The bench of Messenger and of Instagram: the stand-in with a page or account for each side. */
export const socialBench = (input: {
  readonly bad: readonly unknown[];
  readonly kind: "psid" | "igsid";
  readonly samples: URL;
  /** `id`: of the page or account. */
  readonly make: (graph: Graph, app: App, id: string) => Social;
  /** Whose samples lie in the folder: side a has this id. */
  readonly sampled: string;
  readonly settings: (social: Social) => object;
  readonly scopes: readonly string[];
}): Bench => ({
  bad: input.bad,
  samples: input.samples,
  async start(): Promise<Remote> {
    const graph = await startGraph();
    const sideOf = (id: string, appId: string) => {
      const app = graph.app(appId);
      const token = graph.token({ app, scopes: input.scopes });
      const social = input.make(graph, app, id);
      return { app, token, social };
    };
    const sides: Record<Side, ReturnType<typeof sideOf>> = {
      a: sideOf(input.sampled, "900000000000001"),
      b: sideOf(String(randomInt(1e13, 9e13)), String(randomInt(1e13, 9e13))),
    };
    const settingsOf = ({ app, token, social }: ReturnType<typeof sideOf>) => ({
      ...input.settings(social),
      token: token.value,
      appId: app.id,
      appSecret: app.secret,
      verify: "a word between us",
      apiUrl: graph.url,
      checkEveryMs: 15,
    });
    const connected = new WeakSet<OpenAccount>();
    const ids = new Map<string, string>();
    return {
      settings: { a: settingsOf(sides.a), b: settingsOf(sides.b) },
      drop: graph.drop,
      restore: graph.restore,
      stop: graph.stop,
      async customer(account, name): Promise<Customer> {
        const { app, social } = sides[account.side];
        if (!connected.has(account)) {
          connected.add(account);
          graph.webhooks.connect(app, async ({ headers, body }) => {
            const reply = await account.connection.webhook?.(request(headers, body));
            return { status: reply?.status ?? 404 };
          });
        }
        const key = `${account.side}/${name}`;
        const person = social.person(name, { wrote: true, ...(ids.has(key) && { id: ids.get(key) ?? "" }) });
        ids.set(key, person.id);
        const user = makeUser(social, person);
        const refusal = (code: FailureCode, arrange: () => void, tellsMs?: number): Refusal => ({
          code,
          ...(tellsMs !== undefined && { tellsMs }),
          arrange: async () => {
            arrange();
            return undefined;
          },
        });
        const sending = (call: { readonly path: readonly string[]; readonly json: unknown }): boolean =>
          call.path[1] === "messages" && JSON.stringify(call.json).includes(person.id);
        const refuse = (refused: GraphRefusal) => (): void =>
          graph.faults.add({ on: sending, times: 1, does: { refuse: refused } });
        return {
          to: {
            thread: toThreadKey(social.node, person.id),
            to: [{ kind: input.kind, scope: social.own, value: person.id }],
          },
          async writes({ text, files = [] }) {
            const written =
              files.length === 0
                ? user.text(text)
                : user.files(
                    text,
                    files.map((file) => ({ ...file, bytes: Buffer.from(file.bytes) })),
                  );
            await written.taken;
            return { again: async () => void (await written.again()) };
          },
          received: async () => received(social, person.id),
          answeredElsewhere: async (text) => void (await user.answeredElsewhere(text)),
          refusals: [
            refusal(
              "rate-limited",
              refuse(
                new GraphRefusal({
                  code: 613,
                  says: "Calls to this api have exceeded the rate limit.",
                  headers: { "retry-after": "3" },
                }),
              ),
              3_000,
            ),
            refusal("recipient-gone", () => void (person.blocked = true)),
            refusal("rejected", refuse(new GraphRefusal({ code: 100, says: "Invalid parameter" }))),
            refusal(
              "auth",
              refuse(new GraphRefusal({ status: 401, code: 190, says: "Error validating access token" })),
            ),
            refusal(
              "unreachable",
              refuse(new GraphRefusal({ status: 500, code: 2, says: "Service temporarily unavailable" })),
            ),
            refusal(
              "window-closed",
              () => void (person.wroteAt = new Date(graph.clock.now().getTime() - 25 * 3_600_000)),
            ),
          ],
          stall: async () => ({
            taken: new Promise<void>((taken) => {
              graph.faults.add({ on: sending, times: 1, does: "done-then-hang", hit: taken });
            }),
          }),
        };
      },
      async webhook(account) {
        const { app, social } = sides[account.side];
        const item = (text: string) => ({
          object: social.kind.object,
          entry: [
            {
              id: social.own,
              time: 1_767_600_000_000,
              messaging: [
                {
                  sender: { id: "7001" },
                  recipient: { id: social.own },
                  timestamp: 1_767_600_000_000,
                  message: { mid: `m_${text.length}`, text },
                },
              ],
            },
          ],
        });
        const genuine = item("Pravá zpráva");
        const other = item("Podvržená zpráva!");
        const right = signatureOf(app.secret, bodyOf(genuine));
        return {
          genuine: signed(app, genuine),
          events: 1,
          forged: [
            request(new Headers(), bodyOf(genuine)),
            signed({ ...app, secret: "another secret altogether" }, genuine),
            signed(app, other, right),
            signed(app, genuine, right.slice(0, -1)),
          ],
          unknown: signed(app, {
            object: social.kind.object,
            entry: [
              {
                id: social.own,
                time: 1,
                messaging: [{ sender: { id: "7001" }, recipient: { id: social.own }, timestamp: 1, hologram: {} }],
              },
            ],
          }),
        };
      },
    };
  },
});
