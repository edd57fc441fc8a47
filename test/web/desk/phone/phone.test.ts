import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRtpPeer } from "../../../connectors/phone/media/peers.ts";
import { pcmWav, purity, sides, sine } from "../../../connectors/phone/media/sound.ts";
import { agreed, openStage, type Stage } from "../../../connectors/phone/media/stage.ts";
import { launch, seat, type Seat, violations } from "../../support/browser.ts";
import { buildDesk } from "../../support/build.ts";
import { message } from "../../support/data.ts";
import { aCall, type FakePhone, makeFakePhone, voiceArgs } from "../../support/fake-phone.ts";
import { startFakeHub, type FakeHub } from "../../support/fake-hub.ts";
import { heardBy, wiretap } from "../../support/hearing.ts";

let built: Awaited<ReturnType<typeof buildDesk>>;
let browser: Browser;
let stage: Stage;
let dir: string;
let hub: FakeHub;
let phone: FakePhone;
const seats: Seat[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), "linka-voice-"));
  const rate = 48_000;
  const samples = Int16Array.from(
    { length: rate * 5 },
    (_, at) => 12_000 * Math.sin((2 * Math.PI * 1_000 * at) / rate),
  );
  const voice = path.join(dir, "agent.wav");
  await writeFile(voice, pcmWav({ rate, channels: 1, samples }));
  [built, browser, stage] = await Promise.all([buildDesk(), launch(voiceArgs(voice)), openStage()]);
}, 60_000);
afterEach(async () => {
  await Promise.all(seats.splice(0).map(({ context }) => context.close()));
  await hub.stop();
});
afterAll(async () => {
  await browser.close();
  await Promise.all([stage.close(), built.remove(), rm(dir, { recursive: true, force: true })]);
});

/** An agent at the desk who began the shift, or is about to. */
const sit = async (options: { readonly started?: boolean; readonly dark?: boolean } = {}): Promise<Seat> => {
  phone = makeFakePhone({ media: stage.media });
  hub = await startFakeHub({ dist: built.dist, conversations: 40, phone });
  return another(options);
};
const another = async ({ started = true, dark = false }: { started?: boolean; dark?: boolean }): Promise<Seat> => {
  const one = await seat({ browser, hub, path: "/inbox/all", dark });
  seats.push(one);
  await one.context.grantPermissions(["microphone", "notifications"], { origin: hub.url });
  await one.context.addInitScript(wiretap);
  await one.page.goto(`${hub.url}/inbox/all`);
  if (started) {
    await one.page.getByRole("button", { name: "Začít směnu" }).click();
    await one.page.getByRole("dialog").getByText("Slyšíme vás.").waitFor();
    await one.page.getByRole("dialog").getByRole("button", { name: "Začít směnu" }).click();
    await one.page.getByRole("button", { name: "Připraven" }).waitFor();
  }
  return one;
};
const shot = async (one: Seat, name: string): Promise<void> => {
  const folder = process.env["SCREENS"];
  if (folder !== undefined) await one.page.screenshot({ path: path.join(folder, `phone-${name}.png`) });
};

describe("the telephone on the desk", () => {
  it("is checked before the shift and taken with one button", async () => {
    const one = await sit({ started: false });
    await one.page.getByText("Telefon je vypnutý").waitFor();
    await one.page.getByRole("button", { name: "Začít směnu" }).click();
    const dialog = one.page.getByRole("dialog");
    await dialog.getByText("Slyšíme vás.").waitFor();
    await shot(one, "shift");
    expect(await violations(one.page)).toEqual([]);
    await dialog.getByRole("button", { name: "Začít směnu" }).press("Enter");
    await one.page.getByRole("button", { name: "Připraven" }).waitFor();
    expect(phone.asked).toEqual(["phone.start", "phone.answer", "phone.ready"]);
    expect(one.complaints).toEqual([]);
  });

  it("takes a call from ring to wrap-up with the keyboard alone", async () => {
    const one = await sit();
    const { page } = one;
    const call = aCall({ conversationId: "c00003" });
    phone.tell("phone.ringing", call);
    const card = page.getByRole("region", { name: "Příchozí hovor" });
    await card.getByText("Moravská banka", { exact: true }).waitFor();
    await card.getByText("Karty").waitFor();
    await card.getByText("Dobrý den, Moravská banka, jak vám mohu pomoci?").waitFor();
    await shot(one, "ringing");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Control+Shift+L");
    await phone.until(() => phone.commands.some(({ name }) => name === "answer"));
    const active = {
      ...call,
      state: "active" as const,
      recording: "on" as const,
      answeredAt: new Date().toISOString(),
      until: null,
    };
    phone.tell("phone.state", active);
    const bar = page.getByRole("region", { name: "Telefon" });
    await bar.getByText("Nahrává se").waitFor();
    await page.waitForURL("**/c00003");
    await page.keyboard.press("Escape");
    await page.keyboard.press("m");
    await page.keyboard.press("p");
    await phone.until(() => phone.commands.length >= 3);
    phone.tell("phone.state", { ...active, state: "held", muted: true });
    await bar.getByRole("button", { name: "Zpět do hovoru", pressed: true }).waitFor();
    await bar.getByRole("button", { name: "Zapnout mikrofon", pressed: true }).waitFor();
    await bar.getByRole("button", { name: "Klávesnice" }).press("Enter");
    await page.keyboard.press("5");
    await shot(one, "held");
    expect(await violations(page)).toEqual([]);
    phone.tell("phone.state", active);
    await bar.getByRole("button", { name: "Přepojit" }).press("Enter");
    await page.getByRole("dialog").getByLabel("Komu").waitFor();
    await shot(one, "transfer");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+Shift+X");
    await phone.until(() => phone.commands.some(({ name }) => name === "hangup"));
    const dispositions = [
      { code: "solved", title: "Vyřešeno" },
      { code: "later", title: "Zavoláme zpět" },
    ];
    phone.tell("phone.state", {
      ...active,
      state: "wrapup",
      dispositions,
      until: new Date(Date.now() + 30_000).toISOString(),
    });
    const wrap = page.getByRole("region", { name: "Po hovoru" });
    expect(await wrap.getByRole("button", { name: "Hotovo" }).isDisabled()).toBe(true);
    await wrap.getByRole("radio", { name: "Vyřešeno" }).press("Space");
    await wrap.getByLabel("Poznámka").fill("Limit zvýšen.");
    await shot(one, "wrap-up");
    expect(await violations(page)).toEqual([]);
    await wrap.getByRole("button", { name: "Hotovo" }).press("Enter");
    await phone.until(() => phone.commands.some(({ name }) => name === "wrapUp"));
    expect(phone.commands.map(({ name }) => name)).toEqual(["answer", "mute", "hold", "dtmf", "hangup", "wrapUp"]);
    expect(phone.commands.at(-1)).toMatchObject({ disposition: "solved", note: "Limit zvýšen." });
  });

  it("hears the caller and is heard, clean both ways and in the recording", async () => {
    const one = await sit();
    const { media } = stage;
    const caller = await openRtpPeer();
    try {
      caller.say(sine({ hertz: 440, seconds: 1 }));
      const { port } = await media.openTrunkLeg({ leg: "caller", family: 4 });
      caller.connect(port);
      await media.connectTrunkLeg({ leg: "caller", audio: agreed(caller.port) });
      await stage.event("legState", ({ leg, state }) => leg === phone.leg() && state === "connected");
      await media.startRecording({ recording: "desk-call", leg: "caller" });
      await media.hear({ leg: "caller", from: [phone.leg()] });
      await media.hear({ leg: phone.leg(), from: ["caller"] });
      await caller.hears(8_000);
      const [atAgent, atCaller] = await Promise.all([heardBy(one.page), caller.hears(4_096)]);
      expect([Math.round(atAgent.hertz / 10) * 10, atAgent.aboveNextDb > 25]).toEqual([440, true]);
      const said = purity(atCaller);
      expect([Math.round(said.hertz / 10) * 10, said.aboveNextDb > 25]).toEqual([1_000, true]);
      await media.closeLeg("caller");
      const { file } = await stage.event("recorded", ({ recording }) => recording === "desk-call");
      const { left, right } = sides(await readFile(file));
      const tones = [left, right].map((side) => purity(side.subarray(side.length - 5_000, side.length - 904)));
      expect(tones.map(({ hertz, aboveNextDb }) => [Math.round(hertz / 10) * 10, aboveNextDb > 25])).toEqual([
        [440, true],
        [1_000, true],
      ]);
    } finally {
      await caller.close();
    }
  });

  it("takes the running call back when its tab is refreshed", async () => {
    const one = await sit();
    phone.tell("phone.state", aCall({ state: "active", display: "Jana Nová", answeredAt: new Date().toISOString() }));
    await one.page.getByRole("region", { name: "Telefon" }).getByText("Jana Nová").waitFor();
    one.page.on("dialog", (dialog) => void dialog.accept());
    await one.page.reload();
    await one.page.getByRole("region", { name: "Telefon" }).getByText("Jana Nová").waitFor();
    await phone.until(
      () => phone.starts() === 2 && phone.asked.filter((question) => question === "phone.answer").length === 2,
    );
    await stage.event("legState", ({ leg, state }) => leg === phone.leg() && state === "connected");
  });

  it("belongs to one tab, and another can take it over", async () => {
    const one = await sit();
    const second = await one.context.newPage();
    await second.goto(`${hub.url}/inbox/all`);
    await second.getByRole("button", { name: "Začít směnu" }).click();
    await second.getByRole("dialog").getByText("Slyšíme vás.").waitFor();
    await second.getByRole("dialog").getByRole("button", { name: "Začít směnu" }).click();
    await second.getByText("Telefon máte v jiné kartě nebo na jiném počítači").waitFor();
    await second.getByRole("button", { name: "Převzít sem" }).click();
    await second.getByRole("button", { name: "Pauza" }).waitFor();
    await one.page.getByText("Telefon máte v jiné kartě nebo na jiném počítači").waitFor();
  });

  it("calls a contact's number, with a consent where the purpose needs one", async () => {
    const one = await sit();
    const { page } = one;
    await page.getByRole("button", { name: "Zavolat" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Telefonní číslo").fill("+420 777 123 456");
    await dialog.getByLabel("Důvod hovoru").selectOption("marketing");
    expect(await dialog.getByRole("button", { name: "Zavolat" }).isDisabled()).toBe(true);
    await dialog.getByLabel("Souhlas").fill("Smlouva 2026/114");
    await shot(one, "dial");
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Zavolat" }).click();
    await phone.until(() => phone.commands.length === 1);
    expect(phone.commands[0]).toMatchObject({ name: "dial", to: "+420777123456", consentRef: "Smlouva 2026/114" });
  });

  it.each([false, true])("shows a call in its conversation with its recording, dark %s", async (dark) => {
    const one = await sit({ started: false, dark });
    const { page } = one;
    const found = hub.cases.get("c00003")!;
    found.messages.push(
      message({
        conversationId: "c00003",
        seq: found.row.lastSeq + 1,
        id: "m-call",
        kind: "call",
        channel: "phone",
        direction: "in",
        author: { type: "contact", id: found.contact.id, name: found.contact.name },
        text: "Příchozí hovor, 3:05",
        detail: {
          state: "ended",
          talkMs: 185_000,
          agentId: "0199a000-0000-7000-8000-00000000a001",
          disposition: "Vyřešeno",
          note: "Limit zvýšen.",
          recordings: [{ id: "r-1", kind: "call", ms: 185_000 }],
        },
      }),
    );
    await page.goto(`${hub.url}/inbox/all/c00003`);
    await page.getByText("3:05").first().waitFor();
    await page.getByRole("button", { name: "Zobrazit nahrávku" }).click();
    await page.getByRole("slider", { name: "Místo v nahrávce" }).waitFor();
    await page.getByRole("slider", { name: "Místo v nahrávce" }).press("ArrowRight");
    await page.getByText("0:01 / 0:10").waitFor();
    await shot(one, dark ? "card-dark" : "card");
    expect(await violations(page)).toEqual([]);
  });
});
