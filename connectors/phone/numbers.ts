/** Numbering plans of the countries we serve, as far as dialling and toll fraud need them. */

export type Plan = "cz" | "sk" | "pl";

export type NumberKind =
  | "emergency"
  | "short"
  | "tollfree"
  | "ordinary"
  | "premium"
  | "international"
  | "international-premium"
  | "invalid";

const plans: Readonly<
  Record<Plan, { code: string; digits: RegExp; tollfree: RegExp; premium: RegExp; trunk: string }>
> = {
  cz: { code: "420", digits: /^\d{9}$/, tollfree: /^800/, premium: /^(?:90\d|81|84|83|976)/, trunk: "" },
  sk: { code: "421", digits: /^\d{9}$/, tollfree: /^800/, premium: /^(?:900|98|97|85)/, trunk: "0" },
  pl: { code: "48", digits: /^\d{9}$/, tollfree: /^80[0-9]/, premium: /^(?:70|30|40)/, trunk: "" },
};

const emergency = new Set(["112", "150", "155", "156", "158", "159", "997", "998", "999", "986"]);
/** Harmonised European numbers of social value (116 111 helps children) and directory enquiries. */
const short = /^(?:116\d{3}|118\d{1,3}|12\d{2,3}|13\d{2,3}|14\d{3}|1[0-9]{3})$/;

/** Where calls are sent to be billed: satellites, shared-cost and the islands of premium-rate fraud. */
const riskyAbroad =
  /^\+(?:87|88[1238]|979|808|53|222|224|225|231|232|239|240|241|252|257|265|269|291|371|374|375|387|501|509|592|597|670|672|674|675|676|677|678|679|68\d|69\d|960|967|992|993|1(?:242|246|264|268|284|340|345|441|473|649|664|721|758|767|784|809|829|849|868|869|876))/;

/** A number as E.164, or as it is for short codes; undefined = nothing that can be dialled. */
export const normalise = (text: string, plan: Plan): string | undefined => {
  const bare = text.replaceAll(/[\s().\-/]/g, "");
  if (emergency.has(bare) || short.test(bare)) return bare;
  const international = bare.startsWith("+") ? bare : bare.startsWith("00") ? `+${bare.slice(2)}` : undefined;
  if (international !== undefined) return /^\+[1-9]\d{5,14}$/.test(international) ? international : undefined;
  const { code, digits, trunk } = plans[plan];
  const national = trunk !== "" && bare.startsWith(trunk) ? bare.slice(trunk.length) : bare;
  return digits.test(national) ? `+${code}${national}` : undefined;
};

/** What a normalised number costs and means, seen from our country. */
export const kindOf = (number: string, plan: Plan): NumberKind => {
  if (emergency.has(number)) return "emergency";
  if (short.test(number)) return "short";
  if (!/^\+[1-9]\d{5,14}$/.test(number)) return "invalid";
  const own = plans[plan];
  for (const { code, premium, tollfree } of Object.values(plans)) {
    if (!number.startsWith(`+${code}`)) continue;
    const national = number.slice(1 + code.length);
    const home = code === own.code;
    if (premium.test(national)) return home ? "premium" : "international-premium";
    if (home) return tollfree.test(national) ? "tollfree" : "ordinary";
  }
  return riskyAbroad.test(number) ? "international-premium" : "international";
};
