import type { signIn as english } from "../en/sign-in.ts";
import type { Part } from "../words.ts";

export const signIn: Part<typeof english> = {
  "signIn.connect": "Pripojiť u poskytovateľa",
  "signIn.redirect": "Adresa na presmerovanie, ktorú tam zaregistrujte:",
  "signIn.done": "Účet je pripojený.",
  "signIn.expired": "Prihlásenie trvalo príliš dlho alebo ho začal niekto iný. Stlačte Pripojiť znova.",
  "signIn.refused": "Poskytovateľ nedal oprávnenie. Skúste to tlačidlom Pripojiť znova.",
  "signIn.failed":
    "Poskytovateľ prihlásenie nedokončil. Skontrolujte ID a tajný kľúč klienta a stlačte Pripojiť znova.",
};
