import { Readable } from "node:stream";
import type { Connection } from "#contract";
import type { Mailroom } from "./mailroom.ts";
import type { Settings } from "./settings.ts";
import { drop, hand, read, spooled } from "./take.ts";
import { isMailbox } from "./thread.ts";

/**
 * Letters on the hub's own mail port: spooled, read and stored as those of the mailbox are, and known again should they
 * come both ways.
 */
export const mailDoor = (input: {
  readonly config: Settings;
  readonly room: () => Promise<Mailroom>;
}): NonNullable<Connection["mail"]> => ({
  takes: (recipient) => isMailbox(input.config.address, recipient),
  deliver: async ({ to, content }) => {
    const room = await input.room();
    const held = await spooled(Readable.from(content), room.timing.step);
    try {
      const arrival = { folder: "inbox", arrivedAt: room.hub.now(), historic: false, recipients: to } as const;
      const event = await read(room, held, arrival);
      // The server that brought it keeps it and comes again: nothing is parked for having been refused here.
      await hand({ room, key: "port", event, held, canStore: () => Promise.reject(new Error("unknown")) });
    } finally {
      await drop(held);
    }
  },
});
