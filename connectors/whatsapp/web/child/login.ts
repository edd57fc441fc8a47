import wweb from "whatsapp-web.js";
import { loginName } from "../protocol.ts";

/**
 * The library's login in a folder, with two differences: it tells when the browser is there (the library keeps that to
 * itself until the page is loaded), and it leaves the folder alone when the phone logs out: the library would delete it
 * under the running browser. The parent deletes it between two runs.
 */
export const folderLogin = (folder: string, launched: () => void): InstanceType<typeof wweb.LocalAuth> => {
  const login = new wweb.LocalAuth({ clientId: loginName, dataPath: folder });
  login.afterBrowserInitialized = async () => launched();
  login.logout = async () => {};
  return login;
};
