import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { failureOf, genuine, graphCodeOf, handshake, openGraph, sign } from "../../../connectors/graph/index.ts";
import { refusalOf, waitOf } from "../../../connectors/graph/errors.ts";
import { GraphRefusal } from "../../fakes/graph/refusal.ts";
import { type FakeGraph, startGraph } from "../../fakes/graph/server.ts";

const soon = () => AbortSignal.timeout(5_000);
const anything = z.unknown();

describe("Meta's Graph API", () => {
  let fake: FakeGraph;
  beforeEach(async () => {
    fake = await startGraph();
  });
  afterEach(() => fake.stop());
  const open = () => {
    const app = fake.app("12345", "the app's secret");
    const token = fake.token({ app, value: "a token of the app" });
    return openGraph({ baseUrl: fake.url, version: "v26.0", token: token.value, appSecret: app.secret });
  };
  const failure = (work: Promise<unknown>) => work.then(() => undefined).catch((thrown: unknown) => thrown);

  test("every call proves that it knows the app's secret, and carries the token in a header only", async () => {
    await open().get("debug_token", { input_token: "a token of the app" }, anything, soon());
    const [call] = fake.requests;
    expect(call?.headers.authorization).toBe("Bearer a token of the app");
    expect(call?.query.get("appsecret_proof")).toMatch(/^[0-9a-f]{64}$/u);
    expect(call?.query.has("access_token")).toBe(false);
  });

  test("lists are read page by page to the end, one bad item left out", async () => {
    const all = Array.from({ length: 60 }, (_, id) => (id === 7 ? { nonsense: true } : { id }));
    fake.use(({ path, query }) => {
      if (path[0] !== "things") return undefined;
      const from = Number(query.get("after") ?? 0);
      const next = `${fake.url}/v26.0/things?access_token=secret&after=${from + 25}`;
      const paging = { cursors: { after: String(from + 25) }, ...(from + 25 < all.length && { next }) };
      return { body: { data: all.slice(from, from + 25), paging } };
    });
    const found: number[] = [];
    for await (const { id } of open().list("things", {}, z.object({ id: z.number() }), soon())) found.push(id);
    expect(found).toHaveLength(59);
  });

  test("a file of 20 MB is written as it is read, with its length told beforehand", async () => {
    const chunk = Buffer.alloc(1_000_000, 5);
    fake.use(({ path, form, headers }) =>
      path[0] === "media"
        ? { body: { bytes: form.find(({ name }) => name === "file")?.bytes.length, told: headers["content-length"] } }
        : undefined,
    );
    const file = {
      name: 'film "č. 1".mp4',
      mimeType: "video/mp4",
      bytes: 20_000_000,
      open: async () =>
        (async function* () {
          for (let turn = 0; turn < 20; turn += 1) yield chunk;
        })(),
    };
    const form = { fields: { messaging_product: "whatsapp" }, field: "file", file };
    const answer = await open().upload("media", form, z.object({ bytes: z.number(), told: z.string() }), soon());
    expect(answer.bytes).toBe(20_000_000);
    expect(Number(answer.told)).toBeGreaterThan(20_000_000);
  });

  test("an answer that never came is uncertain only where something may have happened", async () => {
    const graph = open();
    fake.use(({ path }) => (path[0] === "node" ? { body: {} } : undefined));
    fake.faults.add({ does: "done-then-reset", times: 1 });
    expect(await failure(graph.post("node", {}, anything, soon()))).toMatchObject({ code: "uncertain" });
    fake.faults.add({ does: "reset", times: 1 });
    expect(await failure(graph.get("node", {}, anything, soon()))).toMatchObject({ code: "unreachable" });
    expect(await failure(graph.post("node", {}, anything, AbortSignal.abort()))).toMatchObject({ code: "unreachable" });
    fake.faults.add({ does: { status: 504 }, times: 1 });
    expect(await failure(graph.post("node", {}, anything, soon()))).toMatchObject({ code: "uncertain" });
    fake.faults.add({ does: { status: 503 }, times: 1 });
    expect(await failure(graph.post("node", {}, anything, soon()))).toMatchObject({ code: "unreachable" });
    const gone = await startGraph();
    await gone.stop();
    const nobody = openGraph({ baseUrl: gone.url, version: "v26.0", token: "x" });
    expect(await failure(nobody.post("node", {}, anything, soon()))).toMatchObject({ code: "unreachable" });
  });

  test("Meta's codes are told apart by code and subcode, never by words", async () => {
    const table: readonly (readonly [number, number | undefined, string])[] = [
      [190, 463, "auth"],
      [10, undefined, "auth"],
      [10, 2_018_278, "window-closed"],
      [200, undefined, "auth"],
      [368, undefined, "auth"],
      [131_047, undefined, "window-closed"],
      [131_026, undefined, "recipient-gone"],
      [551, undefined, "recipient-gone"],
      [100, 2_018_001, "recipient-gone"],
      [100, 33, "rejected"],
      [130_429, undefined, "rate-limited"],
      [613, undefined, "rate-limited"],
      [131_016, undefined, "unreachable"],
      [131_051, undefined, "unsupported"],
      [132_000, undefined, "rejected"],
      [131_049, undefined, "rejected"],
      [999_999, undefined, "rejected"],
    ];
    expect(table.map(([code, subcode]) => failureOf(code, subcode))).toEqual(table.map(([, , failure]) => failure));
    fake.faults.add({ does: { refuse: new GraphRefusal({ code: 100, subcode: 33, says: "Gone" }) } });
    const thrown = await failure(open().get("node", {}, anything, soon()));
    expect(graphCodeOf(thrown)).toEqual({ code: 100, subcode: 33 });
    expect(thrown).toHaveProperty("message", "(#100) Gone");
  });

  test("how long to wait is read from Retry-After, else from the usage header", () => {
    const usage = { "1": [{ type: "whatsapp" }, { estimated_time_to_regain_access: 3 }] };
    expect(waitOf(new Headers({ "retry-after": "7" }))).toBe(7_000);
    expect(waitOf(new Headers({ "x-business-use-case-usage": JSON.stringify(usage) }))).toBe(180_000);
    expect(waitOf(new Headers({ "x-business-use-case-usage": "{" }))).toBeUndefined();
    const bare = refusalOf({
      status: 429,
      headers: new Headers({ "retry-after": "2" }),
      body: undefined,
      changes: true,
    });
    expect(bare).toMatchObject({ code: "rate-limited", retryAfterMs: 2_000 });
  });

  test("the token goes to Meta's own hosts only, and no file is fetched from inside our network", async () => {
    const asked: { readonly host: string; readonly token: boolean }[] = [];
    const fetchWith: typeof fetch = async (url, init) => {
      const headers = new Headers(init?.headers);
      asked.push({ host: new URL(new Request(url).url).host, token: headers.has("authorization") });
      return new Response("bytes");
    };
    const graph = openGraph({ baseUrl: "https://graph.facebook.com", version: "v26.0", token: "secret" }, fetchWith);
    await graph.download("https://lookaside.fbsbx.com/x", soon());
    await graph.download("https://cdn.example.com/x", soon());
    await graph.download("https://evilfbsbx.com/x", soon());
    expect(asked).toEqual([
      { host: "lookaside.fbsbx.com", token: true },
      { host: "cdn.example.com", token: false },
      { host: "evilfbsbx.com", token: false },
    ]);
    expect(await failure(graph.download("http://169.254.169.254/latest", soon()))).toMatchObject({ code: "rejected" });
    expect(asked).toHaveLength(3);
  });

  test("a webhook is believed for its bytes alone, and the challenge is answered to who knows the token", () => {
    const body = Buffer.from('{"text":"\\u017elu\\u0165ou\\u010dk\\u00fd"}');
    const request = (signature: string, bytes = body) => ({
      headers: new Headers({ "x-hub-signature-256": signature }),
      body: bytes,
    });
    expect(genuine("secret", request(sign("secret", body)))).toBe(true);
    expect(
      genuine("secret", request(sign("secret", body), Buffer.from(JSON.stringify(JSON.parse(body.toString()))))),
    ).toBe(false);
    expect(genuine("secret", request(sign("other", body)))).toBe(false);
    expect(genuine("secret", request(""))).toBe(false);
    const ask = (token: string) =>
      handshake("verify", {
        query: new URLSearchParams({ "hub.mode": "subscribe", "hub.challenge": "77", "hub.verify_token": token }),
      });
    expect(ask("verify")).toEqual({ status: 200, contentType: "text/plain", body: "77" });
    expect(ask("guess")).toEqual({ status: 403 });
  });
});
