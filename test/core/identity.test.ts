import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Address, identityKinds } from "#contract";
import { hashAddresses, maskAddress, normalValue } from "#core/identity";
import { cleanJson, cleanText, preview } from "#core/text";
import { isUuid, uuid } from "#core/uuid";

const hashed = (tenantId: string, addresses: readonly Address[]) =>
  hashAddresses({ tenantId, addresses, hash: (text) => createHash("sha256").update(text).digest("hex") });

describe("addresses", () => {
  it("are the same person's whatever the case, spaces or dashes", () => {
    expect(normalValue("email", " Jan.Novak@Example.CZ ")).toBe("jan.novak@example.cz");
    expect(normalValue("e164", "+420 603-123 456")).toBe("+420603123456");
    expect(normalValue("wa_lid", "AbC")).toBe("AbC");
  });

  it("never share a hash between two clients, two kinds or two scopes", () => {
    const one = (tenantId: string, address: Address): string | undefined => hashed(tenantId, [address])[0]?.hash;
    const base: Address = { kind: "psid", scope: "page-1", value: "123" };
    const all = [
      one("a", base),
      one("b", base),
      one("a", { ...base, kind: "igsid" }),
      one("a", { ...base, scope: "page-2" }),
    ];
    expect(new Set(all).size).toBe(4);
  });

  it("that were only typed in stay apart from the real one; what a channel vouches for does not", () => {
    const visitor: Address = { kind: "visitor", value: "v-1" };
    const mail: Address = { kind: "email", value: "a@b.cz" };
    const real = hashed("t", [mail])[0]?.hash;
    expect(hashed("t", [visitor, mail])[1]?.hash).not.toBe(real);
    expect(hashed("t", [visitor, { ...mail, verified: true }])[1]?.hash).toBe(real);
  });

  it("are shown masked, too little to write to", () => {
    const long = { email: "jan.novak@example.cz", e164: "+420603123456" };
    expect(maskAddress("email", long.email)).toBe("j•••@e•••.cz");
    expect(maskAddress("e164", long.e164)).toBe("+420 ••• 456");
    for (const kind of identityKinds) {
      const value = kind === "email" ? "someone@somewhere.example" : "1234567890123";
      expect(maskAddress(kind, value)).not.toContain(value.slice(2, -4));
      expect(maskAddress(kind, "x")).toBe("•••");
    }
  });
});

describe("texts from outside", () => {
  it("lose what a database cannot hold, at any depth", () => {
    expect(cleanText("a\u0000b\ud800")).toBe("ab\ufffd");
    const at = new Date();
    expect(cleanJson({ a: ["\u0000x", { "k\u0000": 1 }], at, none: null })).toEqual({
      a: ["x", { k: 1 }],
      at,
      none: null,
    });
  });

  it("become one line of preview that never ends in half a character", () => {
    expect(preview({ text: " a\n\n b ", attachments: [] })).toBe("a b");
    expect(preview({ text: "  ", attachments: [{ name: "smlouva.pdf" }] })).toBe("smlouva.pdf");
    for (let pad = 130; pad < 145; pad += 1) {
      const line = preview({ text: "x".repeat(pad) + "😀".repeat(40), attachments: [] });
      expect(line.length).toBeLessThanOrEqual(140);
      expect(line.isWellFormed()).toBe(true);
      expect(line).not.toContain("\ufffd");
    }
  });
});

describe("ids", () => {
  it("are UUIDv7, unique, and sort in the order they were made", () => {
    const ids = Array.from({ length: 20_000 }, uuid);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    for (const id of ids.slice(0, 50)) {
      expect(isUuid(id)).toBe(true);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Math.abs(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16) - Date.now())).toBeLessThan(10_000);
    }
    expect(isUuid("nonsense")).toBe(false);
  });
});
