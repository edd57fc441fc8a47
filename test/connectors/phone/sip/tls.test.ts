import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { connected, follow, openSide, sdp } from "./pair.ts";

const open: { stop(): Promise<void> | void }[] = [];
const openOne = async (input: Parameters<typeof openSide>[0]) => {
  const made = await openSide(input);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

test("a call over TLS rings and is answered; a server with another name's certificate is not talked to", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "linka-tls-"));
  open.push({ stop: () => rmSync(folder, { recursive: true, force: true }) });
  const [keyFile, certFile] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
  execFileSync(
    "/usr/bin/openssl",
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
      .split(" ")
      .concat("-keyout", keyFile, "-out", certFile),
    { stdio: "ignore" },
  );
  const [key, cert] = [readFileSync(keyFile, "utf8"), readFileSync(certFile, "utf8")];
  const listen = [{ proto: "TLS" as const, host: "127.0.0.1", port: 0, tls: { key, cert } }];
  const hub = await openOne({ listen });
  const caller = await openOne({ listen, tlsCa: cert });
  const { ours, inn } = await connected(caller, hub, `sips:800@localhost:${hub.port}`);
  ours.hangup();
  await inn.until("ended");
  const stranger = await openOne({ listen });
  const out = follow(
    stranger.ua.invite({ target: `sips:800@localhost:${hub.port}`, sdp: sdp(), from: { number: "1" } }),
  );
  expect(await out.until("failed")).toMatchObject({ status: 503 });
});
