import type { Attachment, InboundMessage, MessageKind } from "#contract";

/** Typed extras of a WhatsApp message: what the desk draws a card from. The same from both transports. */
export interface WhatsAppDetail {
  /** Which kind of file the message carries, as WhatsApp plays it. */
  readonly media?: "image" | "video" | "audio" | "voice" | "sticker" | "document";
  readonly lat?: number;
  readonly lng?: number;
  readonly name?: string;
  readonly address?: string;
  readonly url?: string;
  readonly contacts?: readonly {
    readonly name: string;
    readonly phones: readonly string[];
    readonly emails: readonly string[];
    readonly organisation?: string;
  }[];
  /** What the customer tapped. */
  readonly choice?: {
    readonly type: "button" | "list" | "template" | "call-permission";
    readonly id: string;
    readonly description?: string;
  };
  /** A form (WhatsApp Flow) the customer filled in. */
  readonly form?: {
    readonly name: string;
    readonly fields: readonly { readonly key: string; readonly value: string }[];
  };
  readonly order?: {
    readonly catalogue: string;
    readonly note: string;
    readonly items: readonly {
      readonly product: string;
      readonly quantity: number;
      readonly price: number;
      readonly currency: string;
    }[];
  };
  readonly referral?: {
    readonly kind: string;
    readonly url?: string;
    readonly headline?: string;
    readonly body?: string;
  };
  readonly product?: { readonly catalogue: string; readonly id: string };
  readonly forwarded?: "once" | "often";
  readonly system?: {
    readonly type: "number-changed" | "identity-changed" | "id-changed" | "marketing" | "welcome";
    readonly from?: string;
    readonly to?: string;
    readonly value?: string;
  };
  readonly call?: { readonly id: string; readonly missed: boolean };
  /** With `call`, as the phone's own calls say it. */
  readonly missed?: boolean;
  readonly state?: "ended";
  /** The kind this version, or WhatsApp's interface, does not know. */
  readonly unsupported?: { readonly type: string; readonly says?: string };
}

/** What a WhatsApp message says, before it is known who wrote it to whom. */
export interface Said {
  readonly kind: MessageKind;
  readonly text: string;
  readonly attachments?: readonly Attachment[];
  readonly detail?: WhatsAppDetail;
  /** No words of the customer: opens nothing, starts no clock. */
  readonly automatic?: true;
}

export const asDetail = (detail: WhatsAppDetail): Pick<InboundMessage, "detail"> =>
  Object.keys(detail).length === 0 ? {} : { detail: { ...detail } };

const endings: Readonly<Record<string, string>> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "video/mp4": "mp4",
  "video/3gpp": "3gp",
  "audio/ogg": "ogg",
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "audio/aac": "aac",
  "audio/amr": "amr",
  "application/pdf": "pdf",
};

/** A name for a file that came without one: "voice.ogg". */
export const fileName = (media: string, mimeType: string): string => {
  const type = mimeType.split(";")[0]?.trim() ?? "";
  const ending = endings[type] ?? /\/([a-z0-9]{1,5})$/u.exec(type)?.[1];
  return ending === undefined ? media : `${media}.${ending}`;
};
