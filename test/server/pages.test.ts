import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uuid } from "#core/uuid";
import { addTenant, addUser, type Hub, startHub } from "./hub.ts";

let hub: Hub;
let dist: string;
beforeAll(async () => {
  dist = await mkdtemp(path.join(os.tmpdir(), "linka-pages-"));
  for (const folder of ["desk/assets", "visitor/app"]) await mkdir(path.join(dist, folder), { recursive: true });
  await writeFile(path.join(dist, "desk/index.html"), "<title>desk</title>");
  await writeFile(path.join(dist, "desk/assets/main-AbCd1234.js"), "1");
  await writeFile(path.join(dist, "visitor/app/index.html"), "<title>widget</title>");
  await writeFile(path.join(dist, "visitor/loader.js"), "1");
  await writeFile(path.join(dist, "visitor/demo.html"), "<title>demo</title>");
  hub = await startHub({ dist });
});
afterAll(async () => {
  await hub.stop();
  await rm(dist, { recursive: true, force: true });
});
const get = (address: string) => fetch(hub.url + address);
const policyOf = (answer: Response): string => answer.headers.get("content-security-policy") ?? "";

test("any address inside the desk starts it, under a policy without inline code and in nobody's frame", async () => {
  for (const address of ["/", "/inbox/all", "/admin/channels"]) {
    const answer = await get(address);
    expect([answer.status, await answer.text()]).toEqual([200, "<title>desk</title>"]);
    expect(policyOf(answer)).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
    expect(policyOf(answer)).not.toContain("unsafe");
    expect(policyOf(answer)).toContain("img-src 'self' data: blob:;");
    expect(answer.headers.get("cache-control")).toBe("no-cache");
  }
  expect((await get("/assets/main-AbCd1234.js")).headers.get("cache-control")).toContain("immutable");
  expect((await get("/assets/none.js")).status).toBe(404);
  expect((await get("/api/none")).status).toBe(404);
  expect((await get("/..%2f..%2fetc/passwd")).status).toBe(404);
});

test("the widget loads pictures from where its company's agents have theirs, and from nowhere else", async () => {
  const [mine, other] = [await addTenant(hub, "pictured"), await addTenant(hub, "elsewhere")];
  const id = uuid();
  await hub.prisma.channelAccount.create({ data: { id, tenantId: mine, kind: "chat", name: "p", config: {} } });
  const pictures = async () => {
    const policy = policyOf(await get(`/widget/app/index.html?account=${id}`));
    return /img-src ([^;]*)/.exec(policy)?.[1]?.replace("'self' data: blob:", "").trim();
  };
  const give = async (tenantId: string, avatarUrl: string) => {
    const { id: userId } = await addUser(hub, `Agent ${uuid()}`, [{ tenantId }]);
    await hub.prisma.membership.updateMany({ where: { userId }, data: { avatarUrl } });
  };
  await give(other, "https://other.example/a.png");
  expect(await pictures()).toBe("");
  await give(mine, "https://pictures.example/a.png?size=64");
  await give(mine, "https://pictures.example/b.png");
  await give(mine, "*; script-src *");
  expect(await pictures()).toBe("https://pictures.example");
});

test("the widget's frame may be shown by its account's sites only, its loader by any", async () => {
  const tenant = await addTenant(hub, "shop");
  const id = uuid();
  await hub.prisma.channelAccount.create({
    data: {
      id,
      tenantId: tenant,
      kind: "chat",
      name: "w",
      config: { allowedOrigins: ["https://shop.example", "https://x.example; script-src *"] },
    },
  });
  const own = uuid();
  await hub.prisma.channelAccount.create({
    data: { id: own, tenantId: tenant, kind: "chat", name: "v", config: { allowedOrigins: ["https://shop.example"] } },
  });
  const frame = (account: string) => get(`/widget/app/index.html?account=${account}`);
  expect(policyOf(await frame(own))).toContain("frame-ancestors 'self' https://shop.example");
  expect((await frame(own)).headers.get("x-frame-options")).toBeNull();
  expect(policyOf(await frame(uuid()))).toContain("frame-ancestors 'self'");
  expect(policyOf(await frame(id))).toMatch(/frame-ancestors 'self' https:\/\/shop\.example$/);
  const loader = await get("/widget/loader.js");
  expect([loader.status, loader.headers.get("cross-origin-resource-policy")]).toEqual([200, "cross-origin"]);
  expect(await (await get("/demo")).text()).toBe("<title>demo</title>");
});
