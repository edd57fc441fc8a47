// node scripts/complete-lock.mjs      after npm install: names the packages of other platforms in package-lock.json
// A registry mirror that serves only some platforms makes npm leave the others out, and then npm ci refuses the file
// everywhere else. Their versions are exact in the packages that want them; npm checks their content where it loads them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingPlatforms } from "./setup/lock.mjs";
import { root } from "./setup/tools.mjs";

const file = join(root, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const missing = missingPlatforms(lock);
lock.packages = Object.fromEntries(
  [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, "en")),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(
  missing.length === 0 ? "package-lock.json is complete." : `Added ${missing.length} packages of other platforms.`,
);
