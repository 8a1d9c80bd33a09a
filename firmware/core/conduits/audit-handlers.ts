// Core's side of the audit log.

import { WrittenReply } from "../../runtime/conduit-server.ts";
import { writeRecord } from "../audit/audit-pages.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";
import { writeItems } from "./written.ts";

export function makeAuditHandlers({ auditLog, trail, turns }: CoreParts): Pick<PeopleHandlers, "audit" | "verifyAudit"> {
  return {
    audit: async ({ export: isExport = false, ...query }, { actor, signal }) => {
      if (isExport) {
        const { limit: _, ...filters } = query;
        trail.record({ actor, action: "audit.exported", target: "audit.db", result: "done", detail: filters });
      }
      const { entries, hasMore } = await auditLog.page(query, signal);
      return new WrittenReply('{"records":[', ...(await writeItems(entries, writeRecord, turns, signal)), `],"hasMore":${String(hasMore)}}`);
    },
    verifyAudit: async ({ known }, { signal }) => {
      const { checked, unverifiable, broken } = await auditLog.verify(signal, known);
      return { checked, unverifiable, ...auditLog.ends(), broken: broken ?? null, head: auditLog.head };
    },
  };
}
