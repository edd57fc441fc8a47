import { startMedia } from "../../../../connectors/phone/media/index.ts";
import { settingsIn } from "./stage.ts";

const media = await startMedia({ settings: settingsIn(process.argv[2]!), log: { warn: () => undefined } });
process.send?.(media.pid());
