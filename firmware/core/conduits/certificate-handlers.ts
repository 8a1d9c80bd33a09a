// Core's side of the page's certificate.

import { Fault } from "../../../drivers/contract/fault.ts";
import { isPageName } from "../../config/page-section.ts";
import type { CoreParts } from "../parts.ts";
import { isAddress } from "../pki/names.ts";
import type { PeopleHandlers } from "./people-operations.ts";

export function makeCertificateHandlers({ page }: Pick<CoreParts, "page">): Pick<PeopleHandlers, "pageCertificate" | "requestPageCertificate" | "installPageCertificate" | "removePageCertificate" | "renewPeopleCa"> {
  return {
    pageCertificate: async () => ({ certificate: await page.describe() }),
    requestPageCertificate: async ({ names }, { actor }) => {
      const wrong = names.find((name) => !isPageName(name) && !isAddress(name));
      if (wrong !== undefined) throw new Fault("INPUT_INVALID", `"${wrong.slice(0, 80)}" is neither a host name nor an address`, { remedy: "Write host names in lower-case letters, without https:// and port." });
      return { certificate: await page.request([...new Set(names)], actor) };
    },
    installPageCertificate: async ({ chain }, { actor }) => ({ certificate: await page.install(chain, actor) }),
    removePageCertificate: async (_, { actor }) => ({ certificate: await page.remove(actor) }),
    renewPeopleCa: async (_, { actor }) => ({ certificate: await page.renewCa(actor) }),
  };
}
