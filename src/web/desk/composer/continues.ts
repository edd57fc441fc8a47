/** How a customer is told that their case goes on elsewhere: in their language, not the agent's. */
const sentences: Readonly<Record<string, string>> = {
  en: "we are following up on your request no. {{case.number}} here.",
  cs: "navazujeme na Váš dotaz č. {{case.number}}.",
  sk: "nadväzujeme na Vašu otázku č. {{case.number}}.",
  pl: "wracamy do Państwa sprawy nr {{case.number}}.",
};
const greetings: Readonly<Record<string, string>> = {
  en: "Hello,",
  cs: "Dobrý den,",
  sk: "Dobrý deň,",
  pl: "Dzień dobry,",
};

/** The beginning of a first message on another channel of the same case. */
export const continuing = (language: string | null, otherwise: string): string => {
  const short = (language ?? otherwise).toLowerCase().slice(0, 2);
  const known = sentences[short] === undefined ? "en" : short;
  return `${greetings[known]} ${sentences[known]}\n\n`;
};
