import { readdirSync, readFileSync } from "node:fs";
import type { Inbound, InboundMessage } from "#contract";
import { describe, expect, it } from "vitest";
import { parse } from "../../../connectors/meta/parse.ts";
import { instagramSettings, messengerSettings, ofInstagram, ofMessenger } from "../../../connectors/meta/settings.ts";

const shared = { token: "12345678", appId: "900000000000001", appSecret: "12345678", verify: "12345678" };
const accounts = {
  messenger: ofMessenger(messengerSettings.parse({ ...shared, pageId: "104000000000001" })),
  instagram: ofInstagram(
    instagramSettings.parse({ ...shared, accountId: "17841400000000001", pageId: "104000000000001" }),
  ),
};
type Channel = keyof typeof accounts;
const nobody = () => Promise.reject(new Error("nothing is fetched here"));
const folder = (channel: Channel) => new URL(`../../../connectors/meta/samples/${channel}/`, import.meta.url);
const read = (channel: Channel, name: string) =>
  parse(accounts[channel], nobody, readFileSync(new URL(`${name}.json`, folder(channel))));
const only = (channel: Channel, name: string): Inbound => {
  const { events } = read(channel, name);
  expect([name, events.length]).toEqual([name, 1]);
  return events[0] as Inbound;
};
const message = (channel: Channel, name: string): InboundMessage => {
  const event = only(channel, name);
  if (event.type !== "message") throw new Error(`${name} is a ${event.type}`);
  return event;
};
const both: readonly Channel[] = ["messenger", "instagram"];

describe("what Messenger and Instagram tell", () => {
  it("is an event or an explicit reason, every sample", () => {
    const counts = new Map<string, number>();
    for (const channel of both) {
      for (const name of readdirSync(folder(channel))) {
        const { events, ignored } = read(channel, name.replace(".json", ""));
        expect([name, events.length + ignored > 0]).toEqual([name, true]);
        for (const event of events) {
          const kind = event.type === "message" ? `message ${event.kind}` : event.type;
          counts.set(kind, (counts.get(kind) ?? 0) + 1);
        }
      }
    }
    process.stdout.write(`meta samples: ${[...counts].map(([kind, n]) => `${kind} ${n}`).join(", ")}\n`);
    expect(counts.get("unparsed")).toBeUndefined();
  });

  it.each(both)("belongs to a person known to this page or account alone (%s)", (channel) => {
    const { from, thread, sentAt, own, text } = message(channel, "text");
    const scope = accounts[channel].own;
    expect(from.addresses).toEqual([
      { kind: channel === "messenger" ? "psid" : "igsid", scope, value: "6200000000000001" },
    ]);
    expect(thread).toBe("104000000000001>6200000000000001");
    expect([own, text, sentAt.toISOString()]).toEqual([
      false,
      "Dobrý den, kde je moje zásilka? 📦",
      "2026-01-05T08:00:00.000Z",
    ]);
  });

  it.each(both)("carries files that are fetched afterwards, named by their address (%s)", (channel) => {
    const images = message(channel, "images-with-text");
    expect(images.attachments.map(({ name, mimeType, later }) => ({ name, mimeType, later }))).toEqual([
      { name: "a.jpg", mimeType: "image/jpeg", later: "https://scontent.example/v/t1/a.jpg" },
      { name: "b.png", mimeType: "image/png", later: "https://scontent.example/v/t1/b.png" },
    ]);
    expect(message(channel, "audio").attachments[0]?.mimeType).toMatch(/^(audio|video)\/mp4$/);
  });

  it("names a document by its real name, a place by its degrees, a thumb by its sign", () => {
    expect(message("messenger", "file").attachments[0]?.name).toBe("faktura č. 7.pdf");
    expect(message("messenger", "location")).toMatchObject({
      kind: "location",
      detail: { lat: 50.0755, lng: 14.4378 },
    });
    expect(message("messenger", "sticker")).toMatchObject({ text: "👍", attachments: [] });
    expect(message("instagram", "like-heart").text).toBe("❤️");
    expect(message("messenger", "fallback-link").text).toContain("https://eshop.example/boty");
  });

  it.each(both)("tells buttons, advertisements and what is answered (%s)", (channel) => {
    expect(message(channel, "quick-reply")).toMatchObject({ text: "Ano", detail: { choice: { id: "YES" } } });
    expect(message(channel, "postback")).toMatchObject({ id: "m_postback", detail: { choice: { id: "GET_STARTED" } } });
    const ad = message(channel, "postback-with-ad");
    expect(ad.detail).toMatchObject({ referral: { kind: "ad", headline: "Jarní výprodej" } });
    expect(ad.id).toBe(message(channel, "postback-with-ad").id);
    expect(message(channel, "message-with-ad").detail).toMatchObject({ referral: { kind: "ad" } });
    expect(message(channel, "reply").replyTo).toBe("m_earlier");
    expect(message(channel, "referral-in-seconds").sentAt.toISOString()).toBe("2026-01-05T08:00:00.000Z");
  });

  it.each(both)("changes what is here: reactions, and what was read (%s)", (channel) => {
    expect(only(channel, "reaction")).toMatchObject({ type: "reaction", id: "m_ours", emoji: "❤️" });
    expect(only(channel, "reaction-removed")).toMatchObject({ type: "reaction", id: "m_ours", emoji: "" });
  });

  it("knows Messenger's watermarks, receipts and edits, and Instagram's seen and unsent messages", () => {
    const upTo = new Date(1_767_600_000_000 - 500);
    expect(only("messenger", "read")).toMatchObject({ type: "watermark", state: "read", upTo });
    expect(only("messenger", "delivery")).toMatchObject({ type: "receipt", id: "m_ours", state: "delivered" });
    expect(only("messenger", "delivery-watermark-only")).toMatchObject({ type: "watermark", state: "delivered" });
    expect(only("messenger", "edit")).toMatchObject({ type: "edit", id: "m_text" });
    expect(only("instagram", "seen")).toMatchObject({ type: "seen", id: "m_ours" });
    expect(only("instagram", "unsend")).toMatchObject({ type: "revoke", id: "m_text" });
  });

  it.each(both)("knows our own app's echo as proof, and everybody else's as our side's message (%s)", (channel) => {
    expect(only(channel, "echo-own-app")).toMatchObject({
      type: "receipt",
      id: "018f0000-0000-7000-8000-000000000001",
      state: "sent",
    });
    for (const name of ["echo-other-app", "echo-page-inbox", "echo-template"]) {
      const echo = message(channel, name);
      expect([name, echo.own, echo.from.addresses[0]?.value]).toEqual([name, true, "6200000000000001"]);
    }
    expect(message(channel, "echo-template").text).toContain("Jarní boty");
  });

  it.each(both)(
    "shows what another app is answering without waking anybody, and wakes when it is handed over (%s)",
    (channel) => {
      expect(message(channel, "standby")).toMatchObject({ automatic: true, detail: { standby: true } });
      expect(message(channel, "standby-postback")).toMatchObject({ automatic: true, text: "Chci člověka" });
      const received = message(channel, "control-passed-to-us");
      expect(received).toMatchObject({ kind: "system", detail: { system: { type: "control-received" } } });
      expect(received.automatic).toBeUndefined();
      expect(message(channel, "control-taken")).toMatchObject({
        automatic: true,
        detail: { system: { type: "control-taken" } },
      });
    },
  );

  it("keeps stories, posts that are gone and kinds nobody knows visible", () => {
    expect(message("instagram", "story-mention")).toMatchObject({ detail: { story: { mention: true } } });
    expect(message("instagram", "story-mention").attachments).toHaveLength(1);
    expect(message("instagram", "story-reply")).toMatchObject({
      text: "To je krása",
      detail: { story: { id: "17900000000000001" } },
    });
    expect(message("instagram", "post-gone").kind).toBe("unsupported");
    for (const channel of both) expect(message(channel, "unsupported").kind).toBe("unsupported");
  });

  it.each(both)("opens a thread of its own for a comment (%s)", (channel) => {
    const { thread, from, id } = message(channel, "comment");
    expect(thread).toBe(`104000000000001>${id}`);
    expect(from.addresses[0]?.value).toBe("6200000000000001");
    expect(from.name).toMatch(/^[Jj]ana/);
  });

  it("names the other pages of the app in the same webhook, and lets one bad item take no neighbour along", () => {
    const item = (mid: string) => ({
      sender: { id: "7" },
      recipient: { id: "104000000000001" },
      timestamp: 1_767_600_000_000,
      message: { mid, text: mid },
    });
    const body = {
      object: "page",
      entry: [
        { id: "555", time: 1, messaging: [item("m_other")] },
        { id: "104000000000001", time: 1, messaging: [item("m_1"), { hologram: true }, item("m_2")] },
      ],
    };
    const { events, others } = parse(accounts.messenger, nobody, Buffer.from(JSON.stringify(body)));
    expect(events.map(({ type }) => type)).toEqual(["message", "unparsed", "message"]);
    expect(others).toEqual([{ kind: "messenger", address: "555" }]);
  });
});
