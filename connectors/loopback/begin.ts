import { type Address, ConnectorError, type Template, type ThreadKey } from "#contract";
import { addressKinds } from "./parse.ts";
import type { Settings } from "./settings.ts";
import { toThreadKey } from "./thread.ts";

/** A thread is named after the address it answers to. */
export const begin = ({ as, name }: Settings, to: Address): ThreadKey => {
  if (to.kind !== addressKinds[as] || to.value === "")
    throw new ConnectorError("rejected", "This account reaches another kind of address.");
  return toThreadKey(name, to.value);
};

/** What a provider would have approved: enough to try every kind of variable, and what may not be sent. */
export const templates: readonly Template[] = [
  {
    name: "zasilka_na_ceste",
    language: "cs",
    category: "utility",
    body: "Dobrý den, {{body.1}}, zásilka {{body.2}} dorazí zítra.",
    footer: "Na tuto zprávu můžete odpovědět.",
    buttons: ["Sledovat zásilku"],
    variables: [
      { key: "body.1", title: "Jméno", type: "text", example: "Jana" },
      { key: "body.2", title: "Číslo zásilky", type: "text", example: "CZ123456" },
    ],
  },
  {
    name: "parcel_on_its_way",
    language: "en",
    category: "utility",
    header: "Your parcel",
    body: "Hello {{body.1}}, your parcel arrives tomorrow.",
    buttons: [],
    variables: [{ key: "body.1", title: "Name", type: "text", example: "Jane" }],
  },
  {
    name: "faktura",
    language: "cs",
    category: "utility",
    body: "Posíláme fakturu {{body.1}}.",
    buttons: [],
    variables: [
      { key: "header.document", title: "Faktura", type: "document" },
      { key: "body.1", title: "Číslo faktury", type: "text", example: "2026-0042" },
    ],
  },
  {
    name: "podzimni_sleva",
    language: "cs",
    category: "marketing",
    body: "{{body.1}}, jen tento týden máte slevu 20 %.",
    buttons: ["Do obchodu"],
    variables: [{ key: "body.1", title: "Jméno", type: "text", example: "Jana" }],
  },
  {
    name: "stara_sablona",
    language: "cs",
    category: "utility",
    unusable: "paused",
    body: "Tuto šablonu poskytovatel pozastavil.",
    buttons: [],
    variables: [],
  },
];
