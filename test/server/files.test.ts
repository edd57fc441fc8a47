import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deflateSync } from "node:zlib";
import { addConversation, addTenant, addUser, type Browser, browser, type Hub, logIn, startHub } from "./hub.ts";

let hub: Hub;
let page: Browser;
let conversation: string;
let tenant: string;
beforeAll(async () => {
  hub = await startHub();
  tenant = await addTenant(hub, "bank");
  conversation = (await addConversation(hub, { tenantId: tenant })).id;
  page = await logIn(hub, await addUser(hub, "Anna Agent", [{ tenantId: tenant }]));
});
afterAll(() => hub.stop());

const png = Buffer.concat([
  Buffer.from("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489", "hex"),
  Buffer.from("0000000a49444154", "hex"),
  deflateSync(Buffer.alloc(5)),
  Buffer.alloc(12),
]);
const send = async (name: string, body: Uint8Array | string, type = "application/octet-stream") => {
  const query = new URLSearchParams({ conversationId: conversation, name });
  return page.call("POST", `/api/uploads?${query.toString()}`, body, { "content-type": type });
};

describe("an upload", () => {
  test.each([
    ["photo.png", png, "image/png"],
    ["photo.jpg", png, "image/png"],
    ["picture.png", "<!doctype html><script>alert(1)</script>", "application/octet-stream"],
    ["picture.svg", '<?xml version="1.0"?><svg onload="x()"/>', "application/octet-stream"],
    ["notes.txt", "just words", "text/plain"],
    ["report.pdf", "not a pdf at all", "application/octet-stream"],
  ])("%s is what its bytes are, whatever it is called", async (name, body, mime) => {
    const answer = await send(name, body, "image/png");
    expect([answer.status, await answer.json()]).toMatchObject([200, { name, mime, size: body.length }]);
  });

  test("a name cannot lead out of the folder or break a header", async () => {
    expect(await (await send("../../etc/pass\r\nwd", "x")).json()).toMatchObject({ name: ".._.._etc_pass__wd" });
  });

  test("too large, empty, or cut off: nothing is kept", async () => {
    expect((await send("big.bin", Buffer.alloc(1_000_001))).status).toBe(413);
    expect((await send("empty.bin", "")).status).toBe(400);
    const before = await hub.prisma.upload.count();
    const cut = new AbortController();
    const body = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(Buffer.alloc(1_000));
        setTimeout(() => cut.abort(), 50);
        return new Promise(() => undefined);
      },
    });
    const query = new URLSearchParams({ conversationId: conversation, name: "cut.bin" });
    const headers = { cookie: page.cookie, "x-csrf-token": page.csrf };
    await expect(
      fetch(`${hub.url}/api/uploads?${query.toString()}`, {
        method: "POST",
        body,
        headers,
        signal: cut.signal,
        duplex: "half",
      }),
    ).rejects.toThrow();
    expect(await hub.prisma.upload.count()).toBe(before);
  });
});

describe("a file's address", () => {
  const stored = async (mime: string, name: string, content: Uint8Array | string = "0123456789") => {
    const bytes = Buffer.from(content);
    const { key } = await hub.files.put(
      (async function* () {
        yield bytes;
      })(),
    );
    return hub.links.sign({ key, name, mime, tenantId: tenant });
  };
  const get = (path: string, headers: Record<string, string> = {}) =>
    browser(hub).call("GET", path, undefined, headers);

  test("opens the file, in ranges too, and never lets it run as ours", async () => {
    const path = await stored("image/png", 'žluťoučký "kůň".png');
    const answer = await get(path);
    expect(await answer.text()).toBe("0123456789");
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect(answer.headers.get("content-disposition")).toBe(
      "inline; filename=\"_lu_ou_k_ _k___.png\"; filename*=UTF-8''%C5%BElu%C5%A5ou%C4%8Dk%C3%BD%20%22k%C5%AF%C5%88%22.png",
    );
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-security-policy")).toContain("sandbox");
    const part = await get(path, { range: "bytes=2-4" });
    expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, "234", "bytes 2-4/10"]);
    expect(await (await get(path, { range: "bytes=-3" })).text()).toBe("789");
    expect((await get(path, { range: "bytes=99-" })).status).toBe(416);
  });

  test.each(["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/plain"])(
    "%s is only ever downloaded",
    async (mime) => {
      const answer = await get(await stored(mime, "page.html", "<script>alert(1)</script>"));
      expect(answer.headers.get("content-type")).toBe("application/octet-stream");
      expect(answer.headers.get("content-disposition")).toMatch(/^attachment;/);
    },
  );

  test("changed by one letter, made by somebody else or expired, it opens nothing", async () => {
    const path = await stored("image/png", "a.png");
    const [, token = ""] = path.split("/files/");
    for (const at of [3, token.indexOf(".") - 2, token.length - 5]) {
      const forged = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
      expect((await get(`/files/${forged}`)).status).toBe(404);
    }
    for (const bad of ["", "x", "a.b", "a.b.c", `${token}.x`, "%00", "..%2f..%2fetc"])
      expect((await get(`/files/${bad}`)).status).toBe(404);
    hub.pass(2 * 3_600_000);
    expect((await get(path)).status).toBe(404);
    hub.pass(-2 * 3_600_000);
    expect((await get(path)).status).toBe(200);
  });
});
