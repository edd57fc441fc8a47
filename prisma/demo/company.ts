import type { Profile, Role } from "#wire";

/** The demo's client companies, people and channels. All invented; addresses use names reserved for examples. */

export type CompanyKey = "vltava" | "zahradka";
export type PersonKey = "anna" | "petr" | "jana" | "tomas" | "lucie" | "marek" | "helena";
export type QueueKey = "karty" | "informace" | "reklamace" | "objednavky" | "vraceni" | "poradna";

export interface Company {
  readonly key: string;
  readonly name: string;
  readonly policy: Readonly<Record<string, unknown>>;
  readonly queues: Readonly<Partial<Record<QueueKey, string>>>;
  readonly canned: readonly { readonly shortcut: string; readonly title: string; readonly body: string }[];
}

export interface Person {
  readonly email: string;
  readonly name: string;
  readonly alias: string | null;
  readonly role: Role;
  readonly profile: Profile;
  readonly platformAdmin?: boolean;
  readonly companies: readonly CompanyKey[];
  /** Absent: every queue of the company. */
  readonly queues?: readonly QueueKey[];
}

export interface Channel {
  readonly company: CompanyKey;
  readonly kind: "chat" | "loopback";
  readonly name: string;
  readonly queue: QueueKey;
  readonly config: Readonly<Record<string, unknown>>;
}

export const companies: Readonly<Record<CompanyKey, Company>> = {
  vltava: {
    key: "banka-vltava",
    name: "Banka Vltava",
    policy: {
      brandColor: "#0b4f8a",
      greeting: "Dobrý den, tady Banka Vltava. S čím vám pomůžeme?",
      locale: "cs",
      country: "CZ",
      timezone: "Europe/Prague",
      reopenDays: 14,
    },
    queues: { karty: "Karty 24/7", informace: "Informace", reklamace: "Reklamace plateb" },
    canned: [
      {
        shortcut: "pozdrav",
        title: "Pozdrav",
        body: "Dobrý den, děkujeme za zprávu. Podívám se na to a hned se vám ozvu.",
      },
      {
        shortcut: "blokace",
        title: "Karta zablokována",
        body: "Kartu jsem právě zablokovala, nikdo s ní už nezaplatí. Novou vám pošleme do pěti pracovních dnů na adresu, kterou u nás máte uvedenou.",
      },
      {
        shortcut: "overeni",
        title: "Ověření klienta",
        body: "Než budeme pokračovat, potvrďte prosím přihlášení v mobilní aplikaci Vltava. Rodné číslo ani PIN nám nikdy nepište.",
      },
      {
        shortcut: "podvod",
        title: "Podvodná zpráva",
        body: "Ta zpráva není od nás. Na nic v ní neklikejte, smažte ji a heslo do bankovnictví si pro jistotu změňte.",
      },
      {
        shortcut: "reklamace",
        title: "Přijetí reklamace",
        body: "Reklamaci platby jsme přijali. Vyřízení trvá nejdéle 15 pracovních dnů, o výsledku vás budeme informovat.",
      },
      { shortcut: "konec", title: "Rozloučení", body: "Rádo se stalo. Kdyby cokoli, jsme tu pro vás ve dne v noci." },
    ],
  },
  zahradka: {
    key: "zahradka",
    name: "Zahrádka.cz",
    policy: {
      brandColor: "#2f7d32",
      greeting: "Dobrý den, vítejte v Zahrádce. Poradíme s výběrem i s objednávkou.",
      locale: "cs",
      country: "CZ",
      timezone: "Europe/Prague",
      reopenDays: 7,
    },
    queues: { objednavky: "Objednávky", vraceni: "Reklamace a vrácení", poradna: "Zahradnická poradna" },
    canned: [
      {
        shortcut: "pozdrav",
        title: "Pozdrav",
        body: "Dobrý den, děkujeme, že píšete do Zahrádky. Jak vám můžu pomoct?",
      },
      {
        shortcut: "stav",
        title: "Stav objednávky",
        body: "Vaše objednávka je zabalená a předaná dopravci. Sledovací číslo vám přišlo e-mailem, doručení čekejte do dvou pracovních dnů.",
      },
      {
        shortcut: "vraceni",
        title: "Vrácení zboží",
        body: "Zboží můžete vrátit do 30 dnů. Pošlete ho prosím na adresu skladu s číslem objednávky, peníze vrátíme do pěti dnů od přijetí.",
      },
      {
        shortcut: "zamrzlo",
        title: "Rostlina poškozená mrazem",
        body: "To nás mrzí. Pošlete prosím fotku rostliny i obalu; pokud utrpěla cestou, pošleme vám novou zdarma.",
      },
      { shortcut: "konec", title: "Rozloučení", body: "Ať vám to roste! Kdyby cokoli, napište." },
    ],
  },
};

const both: readonly CompanyKey[] = ["vltava", "zahradka"];
const agent = { role: "agent", profile: "normal", companies: both } as const;

export const people: Readonly<Record<PersonKey, Person>> = {
  anna: {
    email: "anna@linka.example",
    name: "Anna Nováková",
    alias: "Anna",
    role: "admin",
    profile: "normal",
    platformAdmin: true,
    companies: both,
  },
  petr: {
    email: "petr@linka.example",
    name: "Petr Svoboda",
    alias: "Petr",
    role: "supervisor",
    profile: "normal",
    companies: both,
  },
  jana: { email: "jana@linka.example", name: "Jana Dvořáková", alias: "Jana", ...agent },
  tomas: { email: "tomas@linka.example", name: "Tomáš Procházka", alias: "Tomáš", ...agent },
  lucie: { email: "lucie@linka.example", name: "Lucie Kučerová", alias: "Lucie", ...agent },
  marek: {
    email: "marek@linka.example",
    name: "Marek Veselý",
    alias: "Marek",
    role: "agent",
    profile: "restricted",
    companies: both,
    queues: ["informace", "objednavky", "poradna"],
  },
  helena: {
    email: "helena@bankavltava.example",
    name: "Helena Benešová",
    alias: null,
    role: "client_viewer",
    profile: "normal",
    companies: ["vltava"],
  },
};

export const channels = {
  vltavaChat: {
    company: "vltava",
    kind: "chat",
    name: "Chat na webu banky",
    queue: "informace",
    config: { title: "Banka Vltava", color: "#0b4f8a", agentName: "Operátor Banky Vltava", preChatName: "optional" },
  },
  vltavaMail: {
    company: "vltava",
    kind: "loopback",
    name: "E-mail dotazy@bankavltava.example",
    queue: "informace",
    config: { name: "dotazy@bankavltava.example", as: "email" },
  },
  vltavaWhatsapp: {
    company: "vltava",
    kind: "loopback",
    name: "WhatsApp Karty",
    queue: "karty",
    config: { name: "+420910000111", as: "whatsapp" },
  },
  vltavaPhone: {
    company: "vltava",
    kind: "loopback",
    name: "Telefon Karty 24/7",
    queue: "karty",
    config: { name: "+420910000112", as: "phone" },
  },
  zahradkaChat: {
    company: "zahradka",
    kind: "chat",
    name: "Chat na e-shopu",
    queue: "objednavky",
    config: {
      title: "Zahrádka.cz",
      color: "#2f7d32",
      agentName: "Zahrádka",
      preChatName: "optional",
      preChatEmail: "optional",
    },
  },
  zahradkaMail: {
    company: "zahradka",
    kind: "loopback",
    name: "E-mail info@zahradka.example",
    queue: "objednavky",
    config: { name: "info@zahradka.example", as: "email" },
  },
  zahradkaMessenger: {
    company: "zahradka",
    kind: "loopback",
    name: "Messenger Zahrádka",
    queue: "poradna",
    config: { name: "zahradka.messenger", as: "messenger" },
  },
  zahradkaInstagram: {
    company: "zahradka",
    kind: "loopback",
    name: "Instagram Zahrádka",
    queue: "poradna",
    config: { name: "zahradka.instagram", as: "instagram" },
  },
  zahradkaPhone: {
    company: "zahradka",
    kind: "loopback",
    name: "Telefon e-shopu",
    queue: "objednavky",
    config: { name: "+420910000222", as: "phone" },
  },
} as const satisfies Readonly<Record<string, Channel>>;
export type ChannelKey = keyof typeof channels;
