import { z } from "zod";
import { defineConnector } from "#contract";

/** A connector with one setting of each type, for forms and secrets; it connects to nothing. */
export const toy = defineConnector({
  kind: "toy",
  title: "Toy",
  config: z.object({
    host: z.string().min(1).meta({ title: "Host", description: "Where it is" }),
    mode: z.enum(["fast", "slow"]).default("fast"),
    port: z.number().int().default(1),
    loud: z.boolean().default(false),
    names: z.array(z.string()).default([]),
    password: z.string().min(1),
  }),
  secrets: ["password"],
  secretsGoTo: ["host", "port"],
  address: ({ host }) => host,
  limits: { text: 100, attachments: false, replyWindowHours: false, subject: false },
  open: () => ({ start: async () => undefined, send: async () => Promise.reject(new Error("never")) }),
});
