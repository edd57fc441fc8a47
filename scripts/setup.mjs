// Runs before npm start, npm test and the like, on whatever Node the machine has (18 or newer), before anything is
// installed: no dependency, no TypeScript. Does only what is missing; when nothing is, it is done in an instant.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { exit, hrtime, versions } from "node:process";
import { buildWeb, generateClient, installPackages, pinnedNode } from "./setup/steps.mjs";
import { installTestTools } from "./setup/debian.mjs";
import { alone, root, SetupError } from "./setup/tools.mjs";

const modes = {
  start: [installPackages, pinnedNode, generateClient, buildWeb],
  test: [installTestTools, installPackages, pinnedNode, generateClient, buildWeb],
  generate: [installPackages, pinnedNode, generateClient],
};

async function main() {
  const began = hrtime.bigint();
  const steps = modes[process.argv[2]];
  if (steps === undefined) throw new SetupError(`Usage: node scripts/setup.mjs ${Object.keys(modes).join("|")}`);
  if (Number(versions.node.split(".")[0]) < 18) {
    throw new SetupError(
      `Linka installs itself with Node 18 or newer; this is Node ${versions.node}. Install a newer one.`,
    );
  }
  if (!existsSync(join(root, "package-lock.json"))) throw new SetupError(`There is no package-lock.json in ${root}.`);
  let worked = false;
  for (const step of steps) {
    const work = step();
    if (work === undefined) continue;
    // Looked at again under the lock: another start may have done it meanwhile.
    await alone(() => step()?.());
    worked = true;
  }
  if (worked) console.log(`Set up in ${Number((hrtime.bigint() - began) / 1_000_000_00n) / 10} s.`);
}

main().catch((error) => {
  console.error(error instanceof SetupError ? `\n${error.message}` : error);
  exit(1);
});
