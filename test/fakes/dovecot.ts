import { execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { createTransport, type SendMailOptions } from "nodemailer";

/**
 * A private Dovecot 2.3 in a temporary folder on free loopback ports, as root or as an ordinary user. Debian packages
 * dovecot-imapd and dovecot-lmtpd; setpriv (util-linux) and openssl. It ends with the test process, also when that is killed.
 */
const binary = "/usr/sbin/dovecot";
const packages = "apt-get install dovecot-imapd dovecot-lmtpd";

/** Whether tests with a real mail server can run. On CI they must: there a missing Dovecot is a failure. */
export const hasDovecot = (): boolean => {
  const found = existsSync(binary) && existsSync("/usr/lib/dovecot/lmtp") && existsSync("/usr/lib/dovecot/imap");
  if (found) return true;
  if (process.env["CI"] === "true") throw new Error(`CI needs a real mail server: ${packages}`);
  process.stderr.write(`\nSkipped: tests with a real mail server need Dovecot (${packages}).\n`);
  return false;
};

export interface Dovecot {
  readonly ports: { readonly imap: number; readonly imaps: number; readonly lmtp: number };
  /** PEM of its own authority: the server's certificate. */
  readonly certificate: string;
  /** Puts a mail into the mailbox it is addressed to, as an MTA does. */
  deliver(mail: SendMailOptions & { readonly raw?: string | Buffer }, to: string): Promise<void>;
  doveadm(...args: readonly string[]): Promise<string>;
  /** SIGSTOP (or SIGCONT) for every imap process of this server. */
  freeze(signal: "SIGSTOP" | "SIGCONT"): void;
  stop(): Promise<void>;
}

/** Any user may sign in with this password. */
export const password = `pw-${randomBytes(9).toString("hex")}`;

const free = async (count: number): Promise<number[]> => {
  const listening = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer().once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = listening.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(listening.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket.destroy() !== undefined)).once("error", () => resolve(false));
  });

const configuration = (o: {
  dir: string;
  user: string;
  group: string;
  uid: string;
  gid: string;
  ports: Dovecot["ports"];
  connectionsPerUser: number;
  oauth: boolean;
}): string => `
base_dir = ${o.dir}/run
state_dir = ${o.dir}/state
log_path = ${o.dir}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
instance_name = ${path.basename(o.dir)}
default_internal_user = ${o.user}
default_internal_group = ${o.group}
default_login_user = ${o.user}
first_valid_uid = ${o.uid}
first_valid_gid = ${o.gid}
mail_uid = ${o.uid}
mail_gid = ${o.group}
mail_location = maildir:${o.dir}/mail/%u
auth_mechanisms = plain login${o.oauth ? " xoauth2 oauthbearer" : ""}
auth_failure_delay = 0
disable_plaintext_auth = no
ssl = yes
ssl_cert = <${o.dir}/tls/cert.pem
ssl_key = <${o.dir}/tls/key.pem
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
mail_max_userip_connections = ${o.connectionsPerUser}
imap_idle_notify_interval = 2 mins
${
  o.oauth
    ? `passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${o.dir}/oauth2.conf.ext
}`
    : ""
}
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${o.uid} gid=${o.gid} home=${o.dir}/mail/%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
${["Sent", "Junk", "Trash"].map((name) => `  mailbox ${name} {\n    auto = subscribe\n    special_use = \\${name}\n  }`).join("\n")}
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${o.ports.imap}
  }
  inet_listener imaps {
    port = ${o.ports.imaps}
    ssl = yes
  }
  service_count = 0
  process_min_avail = 1
}
service lmtp {
  inet_listener lmtp {
    port = ${o.ports.lmtp}
  }
}
protocol lmtp {
  postmaster_address = postmaster@localhost
}
`;

const identity = (): { root: boolean; user: string; group: string; uid: string; gid: string } => {
  const root = process.getuid?.() === 0;
  // Dovecot refuses uid 0 for mail and sign-in, so root steps down: one configuration for both cases.
  const user = root ? "nobody" : os.userInfo().username;
  const ask = (flag: string): string => execFileSync("id", [flag, user]).toString().trim();
  return { root, user, group: ask("-gn"), uid: ask("-u"), gid: ask("-g") };
};

/** Process ids below this one, from /proc: Dovecot's imap processes are children of its master. */
const childrenOf = (pid: number): readonly number[] =>
  execFileSync("ps", ["-o", "pid=,comm=", "--ppid", String(pid)])
    .toString()
    .split("\n")
    .filter((line) => /\bimap$/.test(line.trim()))
    .map((line) => Number(line.trim().split(/\s+/)[0]));

/** Removes folders of test processes that were killed; their servers ended with them. */
const sweep = async (): Promise<void> => {
  for (const name of await readdir(os.tmpdir())) {
    const [, pid] = /^linka-dovecot-(\d+)-/.exec(name) ?? [];
    if (pid === undefined) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      await rm(path.join(os.tmpdir(), name), { recursive: true, force: true });
    }
  }
};

/** `introspection`: where an identity provider vouches for access tokens (RFC 7662). */
export const startDovecot = async (
  o: { connectionsPerUser?: number; introspection?: string } = {},
): Promise<Dovecot> => {
  const { root, user, group, uid, gid } = identity();
  await sweep();
  const dir = await mkdtemp(path.join(os.tmpdir(), `linka-dovecot-${process.pid}-`));
  await chmod(dir, 0o755);
  const [imap = 0, imaps = 0, lmtp = 0] = await free(3);
  const ports = { imap, imaps, lmtp };
  for (const name of ["run", "state", "mail", "tls"]) await mkdir(path.join(dir, name));
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", `${dir}/tls/key.pem`, "-out", `${dir}/tls/cert.pem`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await promisify(execFile)("openssl", ["req", "-x509", ...key, ...subject, ...files]);
  const connectionsPerUser = o.connectionsPerUser ?? 50;
  await writeFile(
    `${dir}/dovecot.conf`,
    configuration({ dir, user, group, uid, gid, ports, connectionsPerUser, oauth: o.introspection !== undefined }),
  );
  if (o.introspection !== undefined)
    await writeFile(
      `${dir}/oauth2.conf.ext`,
      `introspection_url = ${o.introspection}\nintrospection_mode = post\nforce_introspection = yes\nusername_attribute = email\nactive_attribute = active\nactive_value = true\n`,
    );
  const certificate = await readFile(`${dir}/tls/cert.pem`, "utf8");
  if (root) execFileSync("chown", ["-R", `${uid}:${gid}`, dir]);
  const down = root ? ["--reuid", uid, "--regid", gid, "--clear-groups"] : [];
  const child = spawn("setpriv", [...down, "--pdeathsig", "TERM", binary, "-F", "-c", `${dir}/dovecot.conf`], {
    stdio: "ignore",
  });
  let ended = false;
  const exited = new Promise<void>((resolve) => child.once("exit", () => ((ended = true), resolve())));
  for (let tries = 0; !((await listens(imap)) && (await listens(lmtp))); tries++) {
    if (ended || tries > 400) {
      const log = existsSync(`${dir}/dovecot.log`) ? readFileSync(`${dir}/dovecot.log`, "utf8") : "no log";
      throw new Error(`Dovecot did not start: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const mta = createTransport({ lmtp: true, host: "127.0.0.1", port: lmtp, ignoreTLS: true });
  return {
    ports,
    certificate,
    deliver: async (mail, to) => {
      const envelope = { from: "customer@example.test", to };
      const info = await mta.sendMail({ from: "Jan Novák <customer@example.test>", to, ...mail, envelope });
      if (info.accepted.length !== 1) throw new Error(`Dovecot did not take the mail: ${info.response}`);
    },
    doveadm: async (...args) => (await promisify(execFile)("doveadm", ["-c", `${dir}/dovecot.conf`, ...args])).stdout,
    freeze: (signal) => {
      for (const pid of childrenOf(child.pid ?? 0)) process.kill(pid, signal);
    },
    stop: async () => {
      mta.close();
      child.kill("SIGTERM");
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
};
