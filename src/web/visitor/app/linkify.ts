/** Text cut into words and web addresses; only http and https become links. */
export const linkify = (text: string): { readonly text: string; readonly href?: string }[] =>
  text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .flatMap((part, index) => {
      if (index % 2 === 0) return [{ text: part }];
      const address = part.replace(/[.,;:!?)\]}…]+$/, "");
      if (!URL.canParse(address)) return [{ text: part }];
      return [{ text: address, href: address }, { text: part.slice(address.length) }];
    })
    .filter((part) => part.text !== "");

/** One to three emoji and nothing else are shown large. */
export const isBigEmoji = (text: string): boolean => /^(\p{Extended_Pictographic}\ufe0f?\s?){1,3}$/u.test(text);
