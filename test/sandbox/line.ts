import type { SandboxHub } from "./hub.ts";

/**
 * A phone line that takes calls from web pages, offered by the demo shop's chat: the visitor's browser is the caller, so
 * the phone can be tried without a trunk. SIP is listened for on any free port.
 */
export const openLine = async (hub: SandboxHub): Promise<void> => {
  const chat = await hub.shopChat();
  if (chat === undefined) return;
  const settings = { listenPort: 0, webCalls: true, wrapUpSeconds: 30 };
  const line = await hub.connect("phone", "Zkušební linka", settings, chat.tenantId);
  await hub.adjust(chat, { callLine: line.id });
};
