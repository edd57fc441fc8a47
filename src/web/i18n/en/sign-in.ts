/** Signing an account in at its provider's page. */
export const signIn = {
  "signIn.connect": "Connect at the provider",
  "signIn.redirect": "Redirect address to register there:",
  "signIn.done": "The account is connected.",
  "signIn.expired": "The sign-in took too long or was begun by somebody else. Press Connect again.",
  "signIn.refused": "The provider gave no permission. Press Connect to try again.",
  "signIn.failed": "The provider did not finish the sign-in. Check client id and secret, then press Connect again.",
} as const;
