import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGraph, type FakeGraph } from "../../fakes/graph/server.ts";
import { addWhatsApp, type FakeAccount, type FakeWhatsApp } from "../../fakes/graph/whatsapp.ts";

const folder = join(import.meta.dirname, "../../../../shared/samples/whatsapp-cloud/official/send");

interface Refused {
  readonly error: { readonly code: number; readonly error_subcode?: number; readonly message: string };
}

/** The stand-in is only worth something while it takes what Meta takes and refuses what Meta refuses. */
describe("the stand-in for Meta's WhatsApp", () => {
  let graph: FakeGraph;
  let whatsapp: FakeWhatsApp;
  let number: FakeAccount;
  const phone = "420601123456";

  beforeAll(async () => {
    graph = await startGraph();
    whatsapp = addWhatsApp(graph);
    number = whatsapp.number({
      templates: [
        { name: "potvrzeni", language: "cs", components: [{ type: "BODY", text: "Ahoj {{1}}" }] },
        { name: "kod", language: "cs", category: "AUTHENTICATION", components: [{ type: "BODY", text: "Kód" }] },
      ],
    });
  });
  afterAll(() => graph?.stop());

  const post = async (
    path: string,
    json: unknown,
    token = number.token.value,
  ): Promise<{ status: number; body: Refused }> => {
    const answer = await fetch(`${graph.url}/v26.0/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(json),
    });
    return { status: answer.status, body: (await answer.json()) as Refused };
  };
  const send = (json: object) => post(`${number.id}/messages`, { messaging_product: "whatsapp", to: phone, ...json });
  const get = async (path: string): Promise<{ status: number; body: Refused }> => {
    const answer = await fetch(`${graph.url}/v26.0/${path}`, {
      headers: { authorization: `Bearer ${number.token.value}` },
    });
    return { status: answer.status, body: (await answer.json()) as Refused };
  };

  test.skipIf(!existsSync(folder))("takes all official examples of sends", async () => {
    const { id } = whatsapp.media.fromCustomer({ mimeType: "image/png", bytes: Buffer.from("x") });
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
    expect(names.length).toBe(50);
    const refused: string[] = [];
    for (const name of names) {
      // What stands between brackets is to be filled in, and is longer than what may stand there.
      const filled = readFileSync(join(folder, name), "utf8")
        .replaceAll(/\{\{Recipient[^}]*\}\}/gu, phone)
        .replaceAll(/"<[A-Z_]*OBJECT_ID>"/gu, `"${id}"`)
        .replaceAll(/"<HEADER_TYPE>"/gu, '"text"')
        .replaceAll(/"<([^">]{21,})>"/gu, (_, words: string) => `"${words.slice(-19)}"`)
        .replaceAll(/"<([^">]+)>"/gu, '"$1"');
      const json = JSON.parse(filled) as {
        template?: {
          name: string;
          language: { code: string };
          components?: { type: string; parameters?: unknown[] }[];
        };
      };
      if (json.template !== undefined) {
        const { name: template, language, components = [] } = json.template;
        const body = components.find(({ type }) => type === "body")?.parameters?.length ?? 0;
        const pictured = components.some(({ type }) => type === "header");
        number.templates.splice(2, 1, {
          name: template,
          language: language.code,
          components: [
            ...(pictured ? [{ type: "HEADER", format: "IMAGE" }] : []),
            { type: "BODY", text: Array.from({ length: body }, (_, index) => `{{${index + 1}}}`).join(" ") },
          ],
        });
      }
      const { status, body } = await post(`${number.id}/messages`, json);
      if (status !== 200) refused.push(`${name}: ${JSON.stringify(body)}`);
      graph.clock.advance(10_000);
    }
    expect(refused).toEqual([]);
  });

  test.each([
    ["an unknown field", { type: "text", text: { body: "x", bold: true } }, 100],
    ["a field beside the body", { type: "text", text: { body: "x" }, image: { link: "https://x" } }, 100],
    ["no body", { type: "text" }, 131_008],
    ["an empty text", { type: "text", text: { body: "" } }, 131_009],
    ["a text that is too long", { type: "text", text: { body: "x".repeat(4_097) } }, 131_009],
    ["an unknown type", { type: "hologram", hologram: {} }, 131_051],
    ["a file nobody uploaded", { type: "image", image: { id: "123456789" } }, 100],
    ["a file without id and link", { type: "image", image: { caption: "x" } }, 131_009],
    ["an unknown template", { type: "template", template: { name: "neni", language: { code: "cs" } } }, 132_001],
    [
      "a template in another language",
      { type: "template", template: { name: "potvrzeni", language: { code: "en" } } },
      132_001,
    ],
    [
      "a template without its values",
      { type: "template", template: { name: "potvrzeni", language: { code: "cs" } } },
      132_000,
    ],
    [
      "a recipient that is no business-scoped id",
      { to: undefined, recipient: "420601123456", type: "text", text: { body: "x" } },
      131_009,
    ],
    ["nobody to send to", { to: undefined, type: "text", text: { body: "x" } }, 100],
    [
      "an authentication template to an id",
      { to: undefined, recipient: "CZ.1", type: "template", template: { name: "kod", language: { code: "cs" } } },
      131_062,
    ],
    [
      "four buttons",
      {
        type: "interactive",
        interactive: {
          type: "button",
          body: { text: "?" },
          action: { buttons: ["a", "b", "c", "d"].map((id) => ({ type: "reply", reply: { id, title: id } })) },
        },
      },
      131_009,
    ],
    [
      "a row title of 25 characters",
      {
        type: "interactive",
        interactive: {
          type: "list",
          body: { text: "?" },
          action: { button: "x", sections: [{ rows: [{ id: "1", title: "x".repeat(25) }] }] },
        },
      },
      131_009,
    ],
  ])("refuses %s", async (_, json, code) => {
    graph.clock.advance(10_000);
    const { status, body } = await send(json);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body.error.code).toBe(code);
  });

  test("refuses wrong, expired and weak tokens, and objects that are not there", async () => {
    const text = { messaging_product: "whatsapp", to: phone, type: "text", text: { body: "x" } };
    const path = `${number.id}/messages`;
    expect(await post(path, text, "nobody's")).toMatchObject({ status: 401, body: { error: { code: 190 } } });
    const old = graph.token({ app: number.app, expiresAt: new Date(0) });
    expect(await post(path, text, old.value)).toMatchObject({ body: { error: { code: 190, error_subcode: 463 } } });
    const weak = graph.token({ app: number.app, scopes: [] });
    expect(await post(path, text, weak.value)).toMatchObject({ status: 403, body: { error: { code: 200 } } });
    expect(await post("4711/messages", text)).toMatchObject({
      status: 400,
      body: { error: { code: 100, error_subcode: 33 } },
    });
    expect((await fetch(`${graph.url}/${number.id}`)).status).toBe(400);
  });

  test("slows down a number and a pair of people as Meta does", async () => {
    const busy = whatsapp.number();
    const text = (to: string) =>
      post(
        `${busy.id}/messages`,
        { messaging_product: "whatsapp", to, type: "text", text: { body: "x" } },
        busy.token.value,
      );
    const same = await Promise.all(Array.from({ length: 46 }, () => text("420600000001")));
    expect(same.filter(({ status }) => status !== 200).map(({ body }) => body.error.code)).toEqual([131_056]);
    graph.clock.advance(1_000);
    const many = await Promise.all(Array.from({ length: 90 }, (_, index) => text(`4206000001${index}`)));
    const refused = many.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ body }) => body.error.code === 130_429)).toBe(true);
  });

  test("hands files out in two steps: five minutes an address, seven days an id, to the token's holder only", async () => {
    const { id } = whatsapp.media.fromCustomer({ mimeType: "image/png", bytes: Buffer.from("obrázek") });
    const { body } = (await get(id)) as unknown as { body: { url: string; sha256: string; file_size: number } };
    expect(body.file_size).toBe(8);
    const bytes = (more: object) =>
      fetch(body.url, { headers: { authorization: `Bearer ${number.token.value}`, ...more } });
    expect((await fetch(body.url)).status).toBe(401);
    expect(await (await bytes({})).text()).toBe("obrázek");
    expect(await (await bytes({ range: "bytes=0-2" })).text()).toBe("obr");
    graph.clock.advance(6 * 60_000);
    expect((await bytes({})).status).toBe(404);
    graph.clock.advance(7 * 86_400_000);
    expect((await get(id)).body.error).toMatchObject({ code: 100, error_subcode: 33 });
  });
});
