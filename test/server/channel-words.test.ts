import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { connectors } from "#connectors";
import { describe, expect, it } from "vitest";
import { settingFields } from "../../src/server/present/channels.ts";
import { cs } from "../../src/web/i18n/cs.ts";
import { en } from "../../src/web/i18n/en.ts";
import { settings as csSettings } from "../../src/web/i18n/settings/cs.ts";
import { settings as plSettings } from "../../src/web/i18n/settings/pl.ts";
import { settings as skSettings } from "../../src/web/i18n/settings/sk.ts";
import { sentences, told } from "../../src/web/desk/told.ts";
import { createWords } from "../../src/web/i18n/words.ts";

const root = path.join(import.meta.dirname, "../..");
const languages = { cs: csSettings, sk: skSettings, pl: plSettings };
const fields = connectors.flatMap((connector) =>
  settingFields(connector).map(({ key, description }) => ({ kind: connector.kind, key, description })),
);

describe.each(Object.entries(languages))("the settings of every channel in %s", (_language, settings) => {
  it("have a title, and a help where the connector gives one (src/web/i18n/settings)", () => {
    const missing = fields.flatMap(({ kind, key, description }) => {
      const [title = "", help = ""] = settings[`${kind}.${key}`] ?? settings[`*.${key}`] ?? [];
      return title === "" || (description === "") !== (help === "") ? [`${kind}.${key}`] : [];
    });
    expect(missing).toEqual([]);
  });

  it("name no setting that is gone", () => {
    const known = new Set(fields.flatMap(({ kind, key }) => [`${kind}.${key}`, `*.${key}`]));
    expect(Object.keys(settings).filter((key) => !known.has(key))).toEqual([]);
  });
});

const sourceOf = (folder: string): string =>
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8"))
    .join("\n");

describe("what the hub says in English", () => {
  it("is said in the reader's language, with its values, and a provider's own words stay as they are", () => {
    const words = createWords({ locale: "cs", catalogue: cs });
    expect(told(words, "The access token ends on 2026-12-01.")).toBe("Přístupový token platí do 2026-12-01.");
    expect(told(words, "Meta cannot be reached (ECONNREFUSED).")).toBe("Meta není dostupná (ECONNREFUSED).");
    expect(told(words, "Mailbox unavailable")).toBe("Mailbox unavailable");
  });

  it("still is what the hub's own code says: no sentence is translated that nobody speaks", () => {
    const source = ["src/runtime", "src/server", "src/store", "src/core", "connectors"].map(sourceOf).join("\n");
    // The longest part of a pattern without a value in it; one that is all values proves nothing either way.
    const spoken = sentences.filter(([pattern]) => !pattern.source.startsWith("^\\(#190"));
    const silent = spoken.flatMap(([pattern]) => {
      const pieces = pattern.source
        .replaceAll(/\((?:[^()]|\([^()]*\))*\)\??|\.[+*]|\[[^\]]*\][+*]?|^\^|\$$/gu, "\n")
        .replaceAll("\\", "")
        .split("\n");
      const longest =
        pieces
          .toSorted((a, b) => b.length - a.length)[0]
          ?.trim()
          .replace(/[".:]$/u, "") ?? "";
      return longest.length < 6 || source.includes(longest) ? [] : [pattern.source];
    });
    expect(silent).toEqual([]);
  });

  it("has words in English too, so that every message exists in four languages", () => {
    expect(sentences.filter(([, key]) => typeof en[key] !== "string")).toEqual([]);
  });
});
