import { failureCodes, type FailureCode } from "#contract";
import { z } from "zod";

export const codes = Object.keys(failureCodes) as [FailureCode, ...FailureCode[]];
const localHosts = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** What a loopback account stands for: decides the kind of address its customers have, nothing else. */
const standsFor = ["loopback", "email", "whatsapp", "phone", "sms", "messenger", "instagram", "chat"] as const;

export const settings = z.object({
  name: z
    .string()
    .regex(/^[\w.@+-]{1,100}$/, "letters, digits and . @ + - _ only")
    .meta({ title: "Name", description: "Public address of the account, unique among loopback accounts." }),
  secret: z
    .string()
    .min(16)
    .max(200)
    .meta({ title: "Secret", description: "Signs every request in both directions (HMAC-SHA256)." }),
  as: z.enum(standsFor).default("loopback").meta({ title: "Stands for" }),
  callbackUrl: z
    .url({ protocol: /^https?$/ })
    .refine((url) => localHosts.has(new URL(url).hostname), "only addresses of this machine")
    .optional()
    .meta({ title: "Callback address", description: "Where messages go. Empty: they are kept in memory." }),
  heartbeatMs: z
    .int()
    .min(10)
    .max(600_000)
    .default(10_000)
    .meta({ title: "Milliseconds between looks at the callback" }),
  latencyMs: z.int().min(0).max(60_000).default(0).meta({ title: "Milliseconds every send is held back" }),
  failMode: z.enum(codes).optional().meta({ title: "Refuse every send with this code" }),
});
export type Settings = z.output<typeof settings>;
