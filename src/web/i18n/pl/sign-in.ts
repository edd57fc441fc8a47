import type { signIn as english } from "../en/sign-in.ts";
import type { Part } from "../words.ts";

export const signIn: Part<typeof english> = {
  "signIn.connect": "Połącz u dostawcy",
  "signIn.redirect": "Adres przekierowania do zarejestrowania u dostawcy:",
  "signIn.done": "Konto jest połączone.",
  "signIn.expired": "Logowanie trwało zbyt długo albo zaczął je ktoś inny. Naciśnij Połącz ponownie.",
  "signIn.refused": "Dostawca nie udzielił uprawnień. Spróbuj ponownie przyciskiem Połącz.",
  "signIn.failed": "Dostawca nie dokończył logowania. Sprawdź ID i sekret klienta, potem naciśnij Połącz ponownie.",
};
