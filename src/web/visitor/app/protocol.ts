/** What passes over the visitor's socket. The hub's side is connectors/chat/parse.ts and view.ts; a test holds the two together. */

export interface FormField {
  readonly key: string;
  readonly type: "text" | "email";
  readonly required: boolean;
}

export interface WireLine {
  readonly key: string;
  readonly seq?: number;
  readonly from: "visitor" | "agent";
  readonly text: string;
  readonly author: { readonly name: string; readonly avatarUrl?: string };
  readonly files: readonly {
    readonly name: string;
    readonly type: string;
    readonly bytes: number;
    readonly url?: string;
  }[];
  readonly at: string;
  readonly state?: string;
}

export interface Page {
  readonly lines: readonly WireLine[];
  readonly more: boolean;
  readonly readSeq: number;
}

export interface Look {
  readonly title: string;
  readonly greeting: string;
  readonly agentName: string;
  readonly color: string;
  readonly privacyUrl: string;
  readonly open: boolean;
  readonly offlineText: string;
  readonly quickExitUrl: string;
  readonly sound: boolean;
  readonly textLimit: number;
  readonly fileBytes: number;
  readonly fileTypes: readonly string[];
  /** The phone line that may be called from here, and as whom; null = none. */
  readonly call: { readonly line: string; readonly session: string } | null;
}

interface Welcome extends Page {
  /** Up to this seq nothing can appear any more that the widget does not hold. */
  readonly cursor: number;
  readonly token: string;
  readonly keep: boolean;
  readonly agentRead: string | null;
  readonly form: readonly FormField[];
  readonly look: Look;
}

export interface Asked {
  readonly hello: {
    readonly token?: string;
    readonly host: string;
    readonly lang: string;
    readonly page?: string;
    readonly identity?: object;
    readonly after?: number;
  };
  readonly form: { readonly values: Readonly<Record<string, string>> };
  readonly send: { readonly id: string; readonly text: string; readonly email?: string };
  readonly after: { readonly seq: number };
  readonly before: { readonly seq: number };
  readonly typing: { readonly active: boolean };
  readonly got: { readonly ids: readonly string[] };
  readonly read: { readonly id: string };
  readonly logout: Record<string, never>;
}

export interface Answered {
  readonly hello: Welcome;
  readonly form: { readonly token: string };
  readonly send: { readonly at: string; readonly token?: string };
  readonly after: Page;
  readonly before: Page;
  readonly typing: object;
  readonly got: object;
  readonly read: object;
  readonly logout: object;
}

export interface Told {
  readonly line: WireLine;
  readonly typing: { readonly active: boolean };
  /** An agent has read up to this line. */
  readonly read: { readonly id: string };
  /** The visitor has read up to this line, perhaps in another tab. */
  readonly seen: { readonly id: string };
  readonly ended: object;
}
