/** English: the words of what goes out. */
export const outgoing = {
  "refusal.new-recipients": "These addresses are new here; confirm them.",
  "refusal.no-consent": "The customer has not agreed to marketing messages.",
} as const;
