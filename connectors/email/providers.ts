/** Where mailboxes of the big providers live, and where their owners sign in (their documentation, read in 2026). */
interface Provider {
  readonly imapHost: string;
  readonly smtpHost: string;
  readonly smtpPort: number;
  readonly smtpSecurity: "tls" | "starttls";
  /** {tenant} = the organisation, "common" for any. */
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
}

export const providers: Readonly<Record<"google" | "microsoft", Provider>> = {
  google: {
    imapHost: "imap.gmail.com",
    smtpHost: "smtp.gmail.com",
    smtpPort: 465,
    smtpSecurity: "tls",
    // Without "offline" and "consent" Google hands out a refresh token once only.
    authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent",
    tokenUrl: "https://oauth2.googleapis.com/token",
    scope: "https://mail.google.com/",
  },
  microsoft: {
    imapHost: "outlook.office365.com",
    smtpHost: "smtp.office365.com",
    smtpPort: 587,
    smtpSecurity: "starttls",
    authorizeUrl: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    tokenUrl: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    scope: "offline_access https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send",
  },
};
