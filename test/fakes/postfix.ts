import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../src/postgres/port.ts";

/** Whether a real Postfix can run here: it changes to its own user, which only root may. */
export const hasPostfix = (): boolean => {
  if (process.getuid?.() !== 0) {
    process.stderr.write("\nSkipped: tests with a real Postfix need root.\n");
    return false;
  }
  const found = existsSync("/usr/sbin/postfix") && existsSync("/etc/postfix/master.cf.proto");
  if (!found && process.env["CI"] === "true") throw new Error("CI needs Postfix: apt-get install postfix");
  return found;
};

export interface Postfix {
  readonly port: number;
  /** Resolves when nothing is on its way any more. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket.destroy() !== undefined)).once("error", () => resolve(false));
  });

const control = (conf: string, what: string) =>
  promisify(execFile)("postfix", ["-c", conf, what], { env: { ...process.env, MAIL_CONFIG: conf } });

/** Ends servers of test processes that were killed: Postfix runs on without its starter. */
const sweep = async (): Promise<void> => {
  for (const name of await readdir(os.tmpdir())) {
    const [, pid] = /^linka-postfix-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      const dir = path.join(os.tmpdir(), name);
      await control(path.join(dir, "conf"), "stop").catch(() => undefined);
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  }
};

/**
 * A private Postfix in a temporary folder; the machine's own is not touched. Mail for `domains` goes to the LMTP port,
 * mail for the domains of `routes` to the SMTP server at that port, everything else is refused.
 */
export const startPostfix = async (o: {
  readonly domains: readonly string[];
  readonly lmtpPort: number;
  readonly routes?: Readonly<Record<string, number>>;
}): Promise<Postfix> => {
  await sweep();
  const dir = await mkdtemp(path.join(os.tmpdir(), `linka-postfix-${process.pid}-`));
  await chmod(dir, 0o755);
  for (const name of ["conf", "data", "queue"]) await mkdir(path.join(dir, name));
  execFileSync("chown", ["postfix", path.join(dir, "data")]);
  const port = await freePort();
  const routes = Object.entries(o.routes ?? {}).map(([domain, to]) => `${domain}=smtp:[127.0.0.1]:${to}`);
  await writeFile(
    path.join(dir, "conf/main.cf"),
    `compatibility_level = 3.6
queue_directory = ${dir}/queue
data_directory = ${dir}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.${o.domains[0] ?? "lab.test"}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
maillog_file = ${dir}/data/maillog
maillog_file_prefixes = ${dir}
virtual_mailbox_domains = ${o.domains.join(", ")}
virtual_mailbox_maps = static:all
recipient_delimiter = +
virtual_transport = lmtp:inet:127.0.0.1:${o.lmtpPort}
${routes.length === 0 ? "" : `relay_domains = ${Object.keys(o.routes ?? {}).join(", ")}\ntransport_maps = inline:{ ${routes.join(", ")} }`}
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
alias_database =
local_recipient_maps =
message_size_limit = 52428800
mailbox_size_limit = 0
minimal_backoff_time = 1s
queue_run_delay = 1s
smtpd_client_connection_count_limit = 0
`,
  );
  const master = (await readFile("/etc/postfix/master.cf.proto", "utf8"))
    .replace(/^smtp\s+inet.*$/m, `127.0.0.1:${port} inet n - n - - smtpd`)
    .replace(/^(\S+\s+(?:unix|inet)\s+\S+\s+\S+\s+)y/gm, "$1n");
  const postlog = /^postlog/m.test(master) ? "" : "\npostlog unix-dgram n - n - 1 postlogd\n";
  await writeFile(path.join(dir, "conf/master.cf"), master + postlog);
  const conf = path.join(dir, "conf");
  const stop = async (): Promise<void> => {
    await control(conf, "stop").catch(() => undefined);
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  await control(conf, "start");
  for (let tries = 0; !(await listens(port)); tries++) {
    if (tries > 400) {
      const log = await readFile(path.join(dir, "data/maillog"), "utf8").catch(() => "no log");
      await stop();
      throw new Error(`Postfix did not start: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const idle = async (): Promise<void> => {
    for (;;) {
      const { stdout } = await promisify(execFile)("postqueue", ["-c", conf, "-j"], {
        env: { ...process.env, MAIL_CONFIG: conf },
      });
      if (stdout.trim() === "") return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  return { port, idle, stop };
};
