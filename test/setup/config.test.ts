import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, readConfig, variables } from "../../src/config.ts";

const faults = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

describe("the configuration", () => {
  test("needs nothing set: a demo hub on this machine with its own database", () => {
    expect(readConfig({ PATH: "/bin", HOME: "/root" })).toEqual({
      port: 3000,
      host: "127.0.0.1",
      trustProxy: false,
      dataDir: resolve("data"),
      demo: true,
      uploadMaxBytes: 25 * 1024 * 1024,
      chromiumFlags: [],
      logLevel: "info",
    });
  });

  test("takes everything from the environment", () => {
    const config = readConfig({
      PORT: "0",
      HOST: "::",
      PUBLIC_URL: "https://desk.example.com/",
      TRUST_PROXY: "10.0.0.0/8, loopback",
      LINKA_DATA: "/srv/linka",
      DATABASE_URL: "postgresql://linka:p%40ss@db.example.com:5432/linka?sslmode=verify-full",
      LINKA_SECRET: "0123456789abcdef0123456789abcdef",
      LINKA_DEMO: "1",
      UPLOAD_MAX_MB: "100",
      MAIL_PORT: "2424",
      MAIL_HOST: "0.0.0.0",
      MAIL_PROTOCOL: "smtp",
      MAIL_CERT: "/etc/linka/mail.pem",
      MAIL_MAX_MB: "80",
      CHROMIUM_PATH: "/opt/chromium/chrome",
      CHROMIUM_FLAGS: "--proxy-server=http://10.0.0.1:3128  --lang=cs",
      LOG_LEVEL: "debug",
    });
    expect(config).toEqual({
      port: 0,
      host: "::",
      publicUrl: "https://desk.example.com",
      trustProxy: ["10.0.0.0/8", "loopback"],
      dataDir: "/srv/linka",
      databaseUrl: "postgresql://linka:p%40ss@db.example.com:5432/linka?sslmode=verify-full",
      secret: "0123456789abcdef0123456789abcdef",
      demo: true,
      uploadMaxBytes: 100 * 1024 * 1024,
      mail: {
        port: 2424,
        host: "0.0.0.0",
        protocol: "smtp",
        certFile: "/etc/linka/mail.pem",
        maxBytes: 80 * 1024 * 1024,
      },
      chromiumPath: "/opt/chromium/chrome",
      chromiumFlags: ["--proxy-server=http://10.0.0.1:3128", "--lang=cs"],
      logLevel: "debug",
    });
  });

  test("treats an empty value as unset and fills no demo into the operator's own database", () => {
    const config = readConfig({
      PORT: "",
      LINKA_SECRET: " ",
      DATABASE_URL: "postgres:///linka?host=/var/run/postgresql",
    });
    expect(config).toMatchObject({ port: 3000, demo: false });
    expect(config.secret).toBeUndefined();
  });

  test("tells every fault at once, one sentence each", () => {
    const all = faults({
      PORT: "70000",
      HOST: "http://0.0.0.0",
      PUBLIC_URL: "desk.example.com",
      TRUST_PROXY: "yes",
      DATABASE_URL: "https://db.example.com/linka",
      LINKA_SECRET: "short",
      LINKA_DEMO: "maybe",
      UPLOAD_MAX_MB: "5000",
      MAIL_PORT: "mail",
      MAIL_PROTOCOL: "pop3",
      MAIL_MAX_MB: "0",
      CHROMIUM_PATH: "chromium",
      CHROMIUM_FLAGS: "headless",
      LOG_LEVEL: "loud",
      LINKA_DATE: "/srv/linka",
    });
    expect(all).toHaveLength(15);
    for (const name of ["PORT", "HOST", "PUBLIC_URL", "TRUST_PROXY", "DATABASE_URL", "LINKA_SECRET", "LINKA_DEMO"]) {
      expect(all.filter((fault) => fault.startsWith(`${name} `))).toHaveLength(1);
    }
    for (const fault of all) expect(fault).toMatch(/^[^\n]+[.?]$/);
  });

  test("guesses what a misspelt variable was meant to be", () => {
    expect(faults({ LINKA_DATE: "x" })).toEqual(["LINKA_DATE is not a variable of Linka; did you mean LINKA_DATA?"]);
    expect(faults({ LINKA_SECRETS: "x" })).toEqual([
      "LINKA_SECRETS is not a variable of Linka; did you mean LINKA_SECRET?",
    ]);
    expect(faults({ LINKA_LOG_FILE: "x" })).toEqual([
      "LINKA_LOG_FILE is not a variable of Linka; it knows LINKA_DATA, LINKA_SECRET, LINKA_DEMO.",
    ]);
  });

  test.each([
    ["https://user:hunter2@db/linka", "starts with https://"],
    ["mysql://user:hunter2@db/linka", "starts with mysql://"],
    ["db.example.com:5432", "must be a PostgreSQL address"],
    ["postgresql://user:hunter2@db:5432", "names no database"],
    ["postgresql://user:hunter2/x@db:5432/linka", "percent-encoded"],
  ])("explains what is wrong with DATABASE_URL without repeating its password", (url, words) => {
    const [fault = ""] = faults({ DATABASE_URL: url });
    expect(fault).toContain(words);
    expect(fault).not.toContain("hunter2");
  });

  test("never shows the secret it complains about", () => {
    expect(faults({ LINKA_SECRET: "hunter2" }).join()).not.toContain("hunter2");
  });

  test("is told in the README, row by row", async () => {
    const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
    for (const { name, byDefault, meaning } of variables)
      expect(readme).toContain(`| \`${name}\` | ${byDefault} | ${meaning} |`);
  });

  test("knows every variable that it tells of", () => {
    const env = Object.fromEntries(variables.map((variable) => [variable.name, "\u0000"]));
    const named = new Set(faults(env).map((fault) => fault.split(" ")[0]));
    // Any text is a folder's name.
    expect(named).toEqual(new Set(variables.map((v) => v.name).filter((name) => name !== "LINKA_DATA")));
  });
});
