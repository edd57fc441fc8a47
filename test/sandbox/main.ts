import { join } from "node:path";
import { startSandbox } from "./start.ts";

const number = (value: string | undefined, otherwise: number): number => {
  const read = Number(value ?? otherwise);
  return Number.isInteger(read) && read >= 0 && read <= 65_535 ? read : otherwise;
};
const say = (line: string): void => void process.stdout.write(`${line}\n`);

// npm run sandbox: the desk on PORT (3300), the phones on SANDBOX_PORT (3301), everything in data/sandbox.
const sandbox = await startSandbox({
  dataDir: join(import.meta.dirname, "../../data/sandbox"),
  hubPort: number(process.env["PORT"], 3_300),
  pagePort: number(process.env["SANDBOX_PORT"], 3_301),
  say,
}).catch((thrown: unknown) => {
  say(thrown instanceof Error ? thrown.message : String(thrown));
  process.exit(1);
});

say(
  `\nCustomers' phones:  ${sandbox.url}/\nDesk:               ${sandbox.links.desk}\nDemo shop (chat):   ${sandbox.links.shop}\n`,
);
say(
  `${sandbox.hub.logins.trim()}\n\nThese passwords are for this demo on this machine alone. Ctrl+C stops everything.`,
);
const end = (): void => void sandbox.stop().finally(() => process.exit(0));
process.once("SIGINT", end);
process.once("SIGTERM", end);
void sandbox.hub.exited.then(end);
