import type { channels as english } from "../en/channels.ts";
import type { Part } from "../words.ts";

export const channels: Part<typeof english> = {
  "told.tokenEnds": "Přístupový token platí do {at}.",
  "told.tokenGone": "Přístupový token už neplatí. Zadejte nový.",
  "told.tokenOther": "Přístupový token patří jiné aplikaci.",
  "told.unreachable": "Meta není dostupná ({code}).",
  "told.silent": "Meta neodpověděla.",
  "told.answered": "Meta odpověděla {code}.",
  "told.late": "Odpověď nepřišla včas.",
  "told.ended": "Spojení skončilo.",
  "told.valid": "Nastavení je platné.",
  "told.reached": "Spojeno jako {name}.",
  "told.noChannel": "Toto vydání nemá kanál „{kind}“.",
  "told.badSettings": "Nastavení není platné: {why}",
  "told.operators":
    "{title} by volal adresy stroje, na kterém hub běží: takový účet smí založit jen správce platformy.",
  "told.keepsKind": "Účet si nechává svého klienta i druh.",
  "told.enterAgain":
    "Změněno: {changed}. Zadejte znovu: {again}. Uložené tajemství se posílá jen tam, pro co bylo uloženo.",
  "told.windowClosed": "Okno pro odpověď na tomto kanálu se zavřelo.",
  "told.windowClosedMeanwhile": "Okno pro odpověď se zavřelo dřív, než zpráva odešla.",
  "told.noFiles": "Tento kanál nebere soubory.",
  "told.fileCount": "Nejvíc souborů v jedné zprávě na tomto kanálu: {n}.",
  "told.fileType": "Tento kanál nebere soubory typu {type}.",
  "told.channelOff": "Tento kanál je vypnutý.",
  "channelState.warning": "Vyžaduje pozornost",
  "channels.webhookToken": "Ověřovací token:",
  "channels.nothingYet":
    "Přes tuto adresu zatím nic nepřišlo. Zadejte oba údaje u poskytovatele a napište zkušební zprávu.",
  "channels.needLook": "Účty, které vyžadují pozornost",
  "checks.ok": "v pořádku:",
  "checks.missing": "chybí:",
  "check.token-app": "Token vydala tato aplikace",
  "check.token-lasts": "Token platí déle než 14 dní",
  "check.account-reached": "Účet je dostupný",
  "check.subscribed": "Účet posílá zprávy této aplikaci",
  "head.free": "odpověď ještě {n} h",
  "head.person": "jen člověk, ještě {n} h",
  "head.closed": "okno zavřeno",
};
