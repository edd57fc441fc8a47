export {
  type Ability,
  abilitiesOf,
  type Account,
  type Connection,
  type Connector,
  defineConnector,
  type Hub,
  type Peer,
  type Status,
  type Transcript,
  type TranscriptLine,
  type WebhookReply,
  type WebhookRequest,
} from "./connector.ts";
export { ConnectorError, type FailureCode, failureCodes } from "./errors.ts";
export { type AccountId, accountId, type RemoteId, remoteId, type ThreadKey, threadKey } from "./ids.ts";
export type { Limits } from "./limits.ts";
export {
  type Address,
  type Attachment,
  type IdentityKind,
  identityKinds,
  type Inbound,
  type InboundEdit,
  type InboundMessage,
  type InboundReaction,
  type InboundReceipt,
  type InboundRevoke,
  type InboundSeen,
  type InboundTyping,
  type InboundUnparsed,
  type MessageKind,
  type Outbound,
  type Person,
  type Raw,
  type Sent,
} from "./message.ts";
