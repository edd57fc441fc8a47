import { z } from "zod";
import { graphUrl } from "../../graph/index.ts";

const digits = z.string().regex(/^\d{5,25}$/, "digits only, as Meta shows it");

export const settings = z.object({
  phoneNumberId: digits.meta({
    title: "Phone number ID",
    description: "WhatsApp Manager > Phone numbers, or App Dashboard > WhatsApp > API Setup. Not the number itself.",
  }),
  businessAccountId: digits.meta({
    title: "WhatsApp Business Account ID",
    description: "Templates and the webhook subscription belong to it.",
  }),
  token: z.string().min(20).max(1_000).meta({
    title: "Access token",
    description: "Of a system user, with whatsapp_business_messaging and whatsapp_business_management.",
  }),
  appSecret: z.string().min(16).max(200).meta({
    title: "App secret",
    description: "App Dashboard > Settings > Basic. Proves that webhooks come from Meta.",
  }),
  verify: z
    .string()
    .min(8)
    .max(200)
    .meta({ title: "Verify token", description: "Any words; Meta asks for them when the webhook is set up." }),
  apiUrl: graphUrl
    .default("https://graph.facebook.com")
    .meta({ title: "Graph API", description: "Meta's own unless you have a proxy of your own." }),
  apiVersion: z
    .string()
    .regex(/^v\d+\.\d+$/, "like v26.0")
    .default("v26.0")
    .meta({ title: "Graph API version" }),
  messagesPerSecond: z.int().min(1).max(1_000).default(80).meta({
    title: "Messages a second",
    description: "80 unless Meta has raised it; 20 for a number shared with the phone app.",
  }),
  checkEveryMs: z.int().min(10).max(3_600_000).default(60_000).meta({ title: "Milliseconds between looks at Meta" }),
});
export type Settings = z.output<typeof settings>;
