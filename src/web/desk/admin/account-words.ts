import { useEffect, useState } from "react";
import type { SettingField } from "#wire";
import { told } from "../told.ts";
import type { Locale, SettingWords } from "../../i18n/words.ts";
import { useWords } from "../context.ts";

const load: Record<Locale, () => Promise<SettingWords>> = {
  en: () => Promise.resolve({}),
  cs: async () => (await import("../../i18n/settings/cs.ts")).settings,
  sk: async () => (await import("../../i18n/settings/sk.ts")).settings,
  pl: async () => (await import("../../i18n/settings/pl.ts")).settings,
};

/** Connectors describe their settings in English: here they speak the administrator's language where it is known. */
export const useAccountWords = () => {
  const words = useWords();
  const { locale } = words;
  const [settings, setSettings] = useState<SettingWords>({});
  useEffect(() => {
    let gone = false;
    void load[locale]().then((found) => !gone && setSettings(found));
    return () => {
      gone = true;
    };
  }, [locale]);
  return {
    field: (kind: string, field: SettingField): SettingField => {
      const [title, description] = settings[`${kind}.${field.key}`] ?? settings[`*.${field.key}`] ?? [];
      return { ...field, title: title ?? field.title, description: description ?? field.description };
    },
    told: (text: string): string => told(words, text),
  };
};
