const systems = {
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  openharmony: "openharmony",
  win32: "win32",
  win: "win32",
};
const processors = ["arm", "arm64", "x64", "ia32", "ppc64", "riscv64", "s390x"];

/** Entries [path, entry] for the optional platform packages that a lock file's packages want but that it does not name. */
export function missingPlatforms(lock) {
  const missing = new Map();
  for (const [path, owner] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const own = path === "" ? `node_modules/${name}` : `${path}/node_modules/${name}`;
      if (lock.packages[`node_modules/${name}`] !== undefined || lock.packages[own] !== undefined) continue;
      missing.set(`node_modules/${name}`, entryFor({ name, version, dev: owner.dev === true }));
    }
  }
  return [...missing];
}

function entryFor({ name, version, dev }) {
  const words = name.split("/").at(-1).split("-");
  const os = systems[words.find((word) => word in systems)];
  const cpu = words.find((word) => processors.includes(word));
  if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new Error(`${name}@${version} does not name its platform: add it to package-lock.json by hand.`);
  }
  const musl = words.includes("musl") || words.includes("musleabihf");
  const libc = os === "linux" && (musl || words.includes("gnu")) ? { libc: [musl ? "musl" : "glibc"] } : {};
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...libc, optional: true, os: [os] };
}
