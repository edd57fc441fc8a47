import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fetchPicture, heldBack, isPublicAddress, publicReach, type Reach } from "../../src/server/pictures.ts";

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const servers: ReturnType<typeof createServer>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});
const serve = async (answer: RequestListener): Promise<number> => {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
};
/** The test's own internet: every name is this machine, which is public here. */
const here = (more: Partial<Reach> = {}): Reach => ({
  addressesOf: async () => ["127.0.0.1"],
  allows: (address) => address === "127.0.0.1",
  ...more,
});

describe("a remote picture of a letter", () => {
  it("is fetched without cookies, referrer or the reader's address, and is what its bytes say", async () => {
    const heard: Record<string, unknown>[] = [];
    const port = await serve((request, response) => {
      heard.push(request.headers);
      response.setHeader("content-type", "text/html").setHeader("set-cookie", "id=1").end(png);
    });
    const picture = await fetchPicture(`http://news.example:${port}/a.png?u=1`, here());
    expect(picture).toEqual({ mime: "image/png", bytes: png });
    expect(Object.keys(heard[0] ?? {}).toSorted()).toEqual(["accept", "connection", "host", "user-agent"]);
  });

  it.each([
    ["a page", Buffer.from("<html><script>alert(1)</script>")],
    ["a drawing that may carry scripts", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')],
    ["nothing", Buffer.alloc(0)],
  ])("is refused when it is %s, whatever it is called", async (_, bytes) => {
    const port = await serve((_request, response) => response.setHeader("content-type", "image/png").end(bytes));
    await expect(fetchPicture(`http://x.example:${port}/`, here())).rejects.toThrow("not a picture");
  });

  it("is given up when it is larger than five megabytes, announced or not", async () => {
    const port = await serve((_request, response) => {
      response.write(png);
      response.end(Buffer.alloc(6_000_000));
    });
    await expect(fetchPicture(`http://x.example:${port}/`, here())).rejects.toThrow("too large");
  });

  it("follows a redirect only to where it might have gone itself", async () => {
    let asked = 0;
    const inside = await serve((_request, response) => {
      asked += 1;
      response.end(png);
    });
    const port = await serve((request, response) =>
      request.url === "/ok"
        ? response.writeHead(302, { location: "/a.png" }).end()
        : request.url === "/in"
          ? response.writeHead(302, { location: `http://169.254.169.254:${inside}/` }).end()
          : request.url === "/loop"
            ? response.writeHead(302, { location: "/loop" }).end()
            : response.end(png),
    );
    expect((await fetchPicture(`http://x.example:${port}/ok`, here())).mime).toBe("image/png");
    await expect(fetchPicture(`http://x.example:${port}/in`, here())).rejects.toThrow("not a public address");
    await expect(fetchPicture(`http://x.example:${port}/loop`, here())).rejects.toThrow("too many redirects");
    expect(asked).toBe(0);
  });

  it("is not asked for at a name that leads to one private address among public ones, nor at a changed one", async () => {
    let asked = 0;
    const port = await serve((_request, response) => {
      asked += 1;
      response.end(png);
    });
    const mixed = here({ addressesOf: async () => ["127.0.0.1", "10.0.0.1"] });
    await expect(fetchPicture(`http://x.example:${port}/`, mixed)).rejects.toThrow("not a public address");
    expect(asked).toBe(0);
    let looks = 0;
    const rebinding = here({ addressesOf: async () => [looks++ === 0 ? "127.0.0.1" : "10.0.0.1"] });
    await fetchPicture(`http://x.example:${port}/`, rebinding);
    expect(looks).toBe(1);
  });

  it.each([
    "file:///etc/passwd",
    "ftp://x.example/a.png",
    "data:image/png;base64,AA==",
    "http://user:pw@x.example/a.png",
    "http://127.0.0.1/a.png",
    "http://[::1]/a.png",
    "http://[::ffff:10.0.0.1]/a.png",
    "http://0x7f000001/a.png",
    "http://2130706433/a.png",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost/a.png",
    "http://93.184.216.34:22/a.png",
    "not an address",
  ])("is never asked for at %s", async (address) => {
    await expect(fetchPicture(address, publicReach)).rejects.toThrow(/not a|with a password/);
  });

  it("knows what is public", () => {
    const asked = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1"];
    expect(asked.filter(isPublicAddress)).toEqual(asked);
    const refused = [
      "10.1.2.3",
      "172.31.255.255",
      "192.168.0.1",
      "100.64.0.1",
      "198.19.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "0.0.0.0",
      "::",
      "::1",
      "fe80::1",
      "fc00::1",
      "fd12::1",
      "64:ff9b::a00:1",
      "2002:a00:1::",
      "2001:db8::1",
      "::ffff:8.8.8.8",
      "nonsense",
    ];
    expect(refused.filter(isPublicAddress)).toEqual([]);
  });

  it("is named by its place among those the sanitised letter holds back", () => {
    const html =
      '<img alt="" data-blocked-src="https://a/x.png?a=1&amp;b=2"><img src="cid:1"><img data-blocked-src="https://b/"><img data-blocked-src="https://a/x.png?a=1&amp;b=2">';
    expect(heldBack(html)).toEqual(["https://a/x.png?a=1&b=2", "https://b/"]);
  });
});
