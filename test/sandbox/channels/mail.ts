import { simpleParser } from "mailparser";
import { hasDovecot, password, startDovecot } from "../../fakes/dovecot.ts";
import { filesOf } from "../../fakes/mailbox.ts";
import { startSmtp } from "../../fakes/smtp.ts";
import type { Line, SandboxChannel } from "../channel.ts";

const support = "podpora@lab.test";
const customer = { id: "zakaznik@lab.test", name: "Jana Nováková" };

/** A mailbox on a Dovecot of the sandbox's own, where Debian's package is installed. */
export const mail: SandboxChannel = {
  id: "mail",
  offers: ["text", "read"],
  async open({ hub }) {
    if (!hasDovecot()) return undefined;
    const dovecot = await startDovecot();
    const lines: Line[] = [];
    const smtp = await startSmtp({
      take: async ({ raw }) => {
        const letter = await simpleParser(raw);
        lines.push({
          id: letter.messageId ?? "",
          from: "hub",
          text: `${letter.subject ?? ""}\n\n${letter.text ?? ""}`.trim(),
          files: filesOf(letter),
          buttons: [],
          read: true,
        });
      },
    });
    await hub.connect("email", "Sandbox mail", {
      address: support,
      name: "Linka Sandbox",
      imapHost: "127.0.0.1",
      imapPort: dovecot.ports.imap,
      imapSecurity: "starttls",
      imapUser: support,
      imapPassword: password,
      smtpHost: "127.0.0.1",
      smtpPort: smtp.port,
      smtpSecurity: "none",
      smtpLogin: "none",
      caCertificate: dovecot.certificate,
    });
    return {
      phones: () => [{ ...customer, typing: false, lines }],
      async act(_id, action) {
        if (action.do !== "text") return;
        const { text, subject = "Dotaz" } = action;
        lines.push({
          id: `own-${lines.length}`,
          from: "customer",
          text: `${subject}\n\n${text}`,
          files: [],
          buttons: [],
          read: false,
        });
        await dovecot.deliver({ from: `${customer.name} <${customer.id}>`, to: support, subject, text }, support);
      },
      async stop() {
        await smtp.stop();
        await dovecot.stop();
      },
    };
  },
};
