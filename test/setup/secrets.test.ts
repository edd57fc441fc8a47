import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, property, string } from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { hashPassword, loadSecret, openSecrets, randomToken, SecretsError, verifyPassword } from "../../src/secrets.ts";
import { temporaryFolder } from "../support/database.ts";

const secrets = openSecrets({ secret: "a secret of at least thirty-two characters" });
const others = openSecrets({ secret: "another secret of at least thirty-two chars" });

const folder = async (): Promise<string> => {
  const temporary = await temporaryFolder();
  onTestFinished(() => temporary.remove());
  return temporary.path;
};

describe("sealed values", () => {
  test("open to what was sealed, and look different every time", () => {
    assert(
      property(string({ unit: "grapheme" }), (text) => {
        expect(secrets.openText("channel-secrets", secrets.seal("channel-secrets", text))).toBe(text);
      }),
    );
    expect(secrets.seal("channel-secrets", "x")).not.toEqual(secrets.seal("channel-secrets", "x"));
  });

  test("do not open with another secret, for another purpose, or in another row", () => {
    const sealed = secrets.seal("channel-secrets", "imap password", "account 1");
    expect(secrets.openText("channel-secrets", sealed, "account 1")).toBe("imap password");
    expect(() => others.open("channel-secrets", sealed, "account 1")).toThrow(SecretsError);
    expect(() => secrets.open("identity", sealed, "account 1")).toThrow(SecretsError);
    expect(() => secrets.open("channel-secrets", sealed, "account 2")).toThrow(SecretsError);
  });

  test("do not open when a single bit was changed, wherever it is", () => {
    const sealed = secrets.seal("channel-secrets", "imap password");
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = sealed.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => secrets.open("channel-secrets", changed)).toThrow(SecretsError);
    }
    expect(() => secrets.open("channel-secrets", sealed.subarray(0, 20))).toThrow(SecretsError);
  });
});

describe("keyed hashes", () => {
  test("are the same for the same value and tell nothing without the secret", () => {
    const hash = secrets.keyedHash("identity", "+420777123456");
    expect(hash).toHaveLength(32);
    expect(secrets.keyedHash("identity", "+420777123456")).toEqual(hash);
    expect(secrets.keyedHash("identity", "+420777123457")).not.toEqual(hash);
    expect(secrets.keyedHash("webhook", "+420777123456")).not.toEqual(hash);
    expect(others.keyedHash("identity", "+420777123456")).not.toEqual(hash);
  });

  test("and keys stay what they were in the last release: stored hashes depend on it", () => {
    expect(secrets.keyedHash("identity", "x").toString("hex")).toBe(
      "41265ea436a1fba3373ac61e6e777997d6d3926a292970e46aef4018c8143c3c",
    );
    expect(secrets.key("files").toString("hex")).toBe(
      "459924f01ce35a1e1b882ac89037166ce7962d6622aacdc15b9df2544b66996c",
    );
  });
});

describe("the generated secret", () => {
  test("is made once, readable by its owner only, and the same at the next start", async () => {
    const dataDir = await folder();
    const first = await loadSecret({ dataDir });
    expect(first.length).toBeGreaterThanOrEqual(32);
    expect((await stat(join(dataDir, "secret"))).mode & 0o777).toBe(0o600);
    expect(await loadSecret({ dataDir })).toBe(first);
    expect(await loadSecret({ dataDir, secret: "the operator's own" })).toBe("the operator's own");
  });

  test("is one and the same for hubs that start at the same moment", async () => {
    const dataDir = await folder();
    const all = await Promise.all(Array.from({ length: 8 }, () => loadSecret({ dataDir })));
    expect(new Set(all).size).toBe(1);
    expect(await readdir(dataDir)).toEqual(["secret"]);
  });

  test("is not replaced when its file was damaged: a new one would lose every stored secret", async () => {
    const dataDir = await folder();
    await writeFile(join(dataDir, "secret"), "\n");
    await expect(loadSecret({ dataDir })).rejects.toThrow("is damaged: restore it from a backup.");
  });
});

describe("passwords", () => {
  test("verify when right, fail when wrong, and their hashes differ for two users with the same one", async () => {
    const [one, two] = await Promise.all([hashPassword("kůň 🐎"), hashPassword("kůň 🐎")]);
    expect(one).not.toBe(two);
    expect(one).not.toContain("kůň");
    expect(await verifyPassword("kůň 🐎", one)).toBe(true);
    expect(await verifyPassword("kůň 🐎".normalize("NFD"), one)).toBe(true);
    expect(await verifyPassword("kun 🐎", one)).toBe(false);
    expect(await verifyPassword("", one)).toBe(false);
  });

  test("of unknown users take as long as wrong ones", async () => {
    const stored = await hashPassword("right");
    const timed = async (against: string | null): Promise<number> => {
      const began = process.cpuUsage();
      expect(await verifyPassword("wrong", against)).toBe(false);
      return process.cpuUsage(began).user;
    };
    await timed(stored);
    const ratio = (await timed(null)) / (await timed(stored));
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2.5);
  });

  test("tokens are long, random and safe in URLs", () => {
    const tokens = Array.from({ length: 1000 }, () => randomToken());
    expect(new Set(tokens).size).toBe(1000);
    for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/);
  });
});
