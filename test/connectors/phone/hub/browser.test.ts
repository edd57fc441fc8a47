import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ChannelAccountView, RecordingView } from "#wire";
import { readWav, toTelephone } from "../../../../connectors/phone/media/wav.ts";
import { temporaryFolder } from "../../../support/database.ts";
import { type HubProcess, startHub } from "../../../support/hub.ts";
import { launch } from "../../../web/support/browser.ts";
import { buildDesk } from "../../../web/support/build.ts";
import { voiceArgs } from "../../../web/support/fake-phone.ts";
import { heardBy, wiretap } from "../../../web/support/hearing.ts";
import { pcmWav, purity, sides } from "../media/sound.ts";
import { openSide } from "../sip/pair.ts";
import { passwordOf, phoneAgent, type PhoneAgent } from "./agent.ts";
import { type Baresip, hasBaresip, startBaresip } from "./baresip.ts";

const missing = !hasBaresip();
if (missing && process.env["CI"] !== undefined)
  throw new Error("baresip is not installed: the setup should have seen to it");

/** baresip calls a real hub, an agent answers at the real desk in Chromium. */
describe.skipIf(missing)("a call from a softphone to a browser", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let dir: string;
  let built: Awaited<ReturnType<typeof buildDesk>>;
  let browser: Browser;
  let hub: HubProcess;
  let admin: PhoneAgent;
  let page: Page;
  let sip: number;
  let caller: Baresip | undefined;

  const tone = async (name: string, rate: number, hertz: number): Promise<string> => {
    const file = path.join(dir, name);
    const samples = Int16Array.from(
      { length: rate * 30 },
      (_, at) => 12_000 * Math.sin((2 * Math.PI * hertz * at) / rate),
    );
    await writeFile(file, pcmWav({ rate, channels: 1, samples }));
    return file;
  };
  const freePort = async (): Promise<number> => {
    const probe = await openSide({});
    await probe.stop();
    return probe.port;
  };

  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), "linka-baresip-"));
    folder = await temporaryFolder();
    const voice = await tone("agent.wav", 48_000, 1_000);
    [built, browser, hub, sip] = await Promise.all([
      buildDesk(),
      // Pages that the test serves come from no address: without the flag they may not reach the hub on this machine.
      launch([...voiceArgs(voice), "--disable-features=LocalNetworkAccessChecks"]),
      startHub({ dataDir: folder.path }),
      freePort(),
    ]);
    admin = await phoneAgent({ url: hub.url, dataDir: folder.path, email: "anna@linka.example" });
    const made = await admin.call<ChannelAccountView>("POST", "/api/admin/channels", {
      tenantId: admin.boot.tenants[0]?.id ?? "",
      kind: "phone",
      name: "Linka",
      queueId: null,
      enabled: true,
      config: {
        listenPort: sip,
        sources: ["127.0.0.1"],
        rtpFrom: 40_000,
        rtpTo: 41_998,
        notice: "Tento hovor je nahráván.",
        wrapUpSeconds: 30,
      },
    });
    await vi.waitFor(
      async () => {
        const { channels } = await admin.call<{ channels: ChannelAccountView[] }>("GET", "/api/admin/channels");
        const own = channels.find(({ id }) => id === made.id);
        if (own?.state !== "online") throw new Error(`the line is ${own?.state}: ${own?.stateText}\n${hub.output()}`);
      },
      { timeout: 20_000, interval: 100 },
    );
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "cs-CZ" });
    await context.grantPermissions(["microphone", "notifications"], { origin: hub.url });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.addInitScript(wiretap);
    // The desk as it is in the work tree; everything else, the live line included, is the hub's.
    await page.route(
      (url) => url.origin === hub.url && !/^\/(?:api|socket\.io|files)\//.test(url.pathname),
      async (route) => {
        const { pathname } = new URL(route.request().url());
        const file = /\.[a-z]+$/.test(pathname) ? pathname : "/index.html";
        await route.fulfill({ path: path.join(built.dist, file) });
      },
    );
    await page.goto(hub.url);
    await page.getByLabel("E-mail").fill("anna@linka.example");
    await page.getByLabel("Heslo").fill(await passwordOf(folder.path, "anna@linka.example"));
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Začít směnu" }).click();
    await page.getByRole("dialog").getByText("Slyšíme vás.").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Začít směnu" }).click();
    await page.getByRole("button", { name: "Připraven" }).waitFor();
  }, 120_000);

  afterAll(async () => {
    await caller?.stop();
    admin?.leave();
    await browser?.close();
    await hub?.kill("SIGKILL");
    await built?.remove();
    await folder?.remove();
    await rm(dir, { recursive: true, force: true });
  });

  test(
    "is announced, rings at the desk, sounds clean to both, and is recorded clean after the announcement",
    { timeout: 120_000 },
    async () => {
      caller = await startBaresip({
        dir: path.join(dir, "jana"),
        port: await freePort(),
        target: `sip:800@127.0.0.1:${sip}`,
        microphone: await tone("customer.wav", 8_000, 440),
      });
      const card = page.getByRole("region", { name: "Příchozí hovor" });
      await card.getByText("jana").first().waitFor();
      await page.keyboard.press("Control+Shift+L");
      const bar = page.getByRole("region", { name: "Telefon" });
      await bar.getByText("Nahrává se").waitFor();
      await bar.getByText(/^0:(?:0[2-9]|[1-5]\d)$/).waitFor();
      const atAgent = await heardBy(page);
      expect([Math.round(atAgent.hertz / 10) * 10, atAgent.aboveNextDb > 25]).toEqual([440, true]);
      await bar.getByText(/^0:(?:0[5-9]|[1-5]\d)$/).waitFor();
      await page.keyboard.press("Control+Shift+X");
      await page.getByRole("region", { name: "Po hovoru" }).getByRole("button", { name: "Hotovo" }).click();
      await caller.stop();

      // What baresip decoded: announcement and music first, the agent in the end.
      const dump = toTelephone(readWav(await caller.heard()));
      const end = dump.length - 8_000;
      const atCaller = purity(dump.subarray(end - 4_096, end));
      expect([Math.round(atCaller.hertz / 10) * 10, atCaller.aboveNextDb > 25]).toEqual([1_000, true]);

      await page.getByRole("button", { name: "Zobrazit nahrávku" }).click();
      await page.getByRole("slider", { name: "Místo v nahrávce" }).waitFor();
      const source = hub.url + ((await page.locator("audio").getAttribute("src")) ?? "");
      const sound = await (await page.request.get(source)).body();
      const shape = (await (await page.request.get(source.replace(/\/audio$/, ""))).json()) as RecordingView;
      const { left, right } = sides(sound);
      const middle = left.length - 12_000;
      for (const [side, hertz] of [
        [left, 440],
        [right, 1_000],
      ] as const) {
        const heard = purity(side.subarray(middle, middle + 4_096));
        expect([Math.round(heard.hertz / 10) * 10, heard.aboveNextDb > 25]).toEqual([hertz, true]);
      }
      expect(shape.ms).toBe(Math.round(left.length / 8));
      // And it plays in the browser, not only through fetch.
      await page.getByRole("button", { name: "Přehrát nahrávku" }).click();
      await page.getByText(/^0:01 \//).waitFor();
    },
  );
});
