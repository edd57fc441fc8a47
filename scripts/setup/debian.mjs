import { existsSync, rmSync, writeFileSync } from "node:fs";
import { run, SetupError } from "./tools.mjs";

/** What the tests drive besides Node: a real mail server, a real browser, a softphone and a voice. One file that each Debian package brings. */
const tools = {
  "dovecot-core": "/usr/sbin/dovecot",
  "dovecot-imapd": "/usr/lib/dovecot/imap",
  "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
  chromium: "/usr/bin/chromium",
  "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
  "baresip-core": "/usr/bin/baresip",
  "sip-tester": "/usr/bin/sipp",
  kamailio: "/usr/sbin/kamailio",
  "espeak-ng": "/usr/bin/espeak-ng",
  openssl: "/usr/bin/openssl",
  // It changes to its own user, which only root may: elsewhere its tests are skipped.
  ...(process.getuid?.() === 0 ? { postfix: "/usr/sbin/postfix" } : {}),
};

/** Installs from Debian what the tests need and this machine lacks, when it may; otherwise says what to install. */
export function installTestTools() {
  const missing = Object.keys(tools).filter((name) => !existsSync(tools[name]));
  if (missing.length === 0) return undefined;
  const args = ["install", "-y", "--no-install-recommends", ...missing];
  const command = `apt-get update && apt-get ${args.join(" ")}`;
  if (process.platform !== "linux" || !existsSync("/usr/bin/apt-get")) {
    throw new SetupError(
      `The tests need what Debian packages as ${missing.join(", ")}: install it, or run them on Debian.`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `The tests need the Debian packages ${missing.join(", ")}. Install them, then run the tests again:\n  sudo sh -c '${command}'`,
    );
  }
  return () => {
    console.log(`Installing Debian packages for the tests, once: ${missing.join(", ")} ...`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const failure = `The Debian packages could not be installed; do it by hand, then run the tests again:\n  ${command}\n`;
    withoutServices(() => {
      run({ file: "apt-get", args: ["update", "-qq"], env, failure });
      run({ file: "apt-get", args: ["-qq", ...args], env, quiet: true, failure });
    });
  };
}

/** Debian starts a mail server the moment it is installed; the tests start their own and want no other. */
function withoutServices(work) {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) return work();
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(policy, { force: true });
  }
}
