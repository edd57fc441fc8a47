import type { signIn as english } from "../en/sign-in.ts";
import type { Part } from "../words.ts";

export const signIn: Part<typeof english> = {
  "signIn.connect": "Připojit u poskytovatele",
  "signIn.redirect": "Adresa pro přesměrování, kterou tam zaregistrujte:",
  "signIn.done": "Účet je připojen.",
  "signIn.expired": "Přihlášení trvalo příliš dlouho nebo ho začal někdo jiný. Stiskněte Připojit znovu.",
  "signIn.refused": "Poskytovatel nedal oprávnění. Zkuste to tlačítkem Připojit znovu.",
  "signIn.failed":
    "Poskytovatel přihlášení nedokončil. Zkontrolujte ID a tajný klíč klienta a stiskněte Připojit znovu.",
};
