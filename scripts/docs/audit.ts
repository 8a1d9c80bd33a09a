// docs/audit.md and docs/audit.de.md: what the audit log holds and promises, with each action from the table of the code.

import { ACTION_TEXTS } from "../../firmware/core/audit/action-texts.ts";
import type { ActionText } from "../../firmware/core/audit/action-texts.ts";
import { LANGUAGES, type Language } from "../../firmware/core/health/condition-codes.ts";
import { AUDIT_WORDS } from "./audit-words.ts";
import { markdownNotice, type GeneratedFile } from "./generated-file.ts";

/** U4.8.1 and U4.8.2, where a gateway has a side of it, with the actions that record it. */
const REQUIRED: readonly (readonly [requirement: string, actions: readonly string[]])[] = [
  ["U4.8.1 login", ["session.started", "login.refused"]],
  ["U4.8.1 users", ["account.created", "account.changed", "account.deleted"]],
  ["U4.8.1 devices", ["asset.accepted", "asset.refused", "asset.suspended", "asset.moved", "asset.forgotten", "machine.enrolled", "machine.disenrolled"]],
  ["U4.8.1 password reset", ["account.password-reset", "account.password-changed"]],
  ["U4.8.1 tasks", ["task.ordered", "task.approved", "task.cancelled", "task.ended"]],
  ["U4.8.1 export, download", ["audit.exported", "task.fetched"]],
  ["U4.8.1 import", ["assets.imported"]],
  ["U4.8.2a", ["session.started", "session.proved", "login.refused", "account.locked", "access.denied"]],
  ["U4.8.2b", ["accounts.reset", "account.password-reset"]],
  ["U4.8.2d", ["configuration.applied", "firewall.changed", "network.changed", "secret.set", "machine-ca.made", "page-certificate.installed", "account.second-factor-set"]],
  ["U4.8.2e", ["session.ended"]],
];

export const auditFiles: readonly GeneratedFile[] = LANGUAGES.map((language) => ({
  path: language === "en" ? "docs/audit.md" : `docs/audit.${language}.md`,
  write: () => writeAudit(language),
}));

function writeAudit(language: Language): string {
  const words = AUDIT_WORDS[language];
  const actions = Object.entries(ACTION_TEXTS).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const rows = actions.map(([action, text]) => `| \`${action}\` | ${text[language]} | ${writeDetail(text)} |`);
  const required = REQUIRED.map(([requirement, names]) => `| ${requirement} | ${names.map((name) => `\`${name}\``).join(", ")} |`);
  return [
    markdownNotice("firmware/core/audit"),
    `# ${words.title}`,
    words.intro,
    `## ${words.actions}`,
    [`| ${words.columns.join(" | ")} |`, "| --- | --- | --- |", ...rows].join("\n"),
    `## ${words.required}`,
    [`| ${words.requiredColumns.join(" | ")} |`, "| --- | --- |", ...required].join("\n"),
    words.notYet,
    "",
  ].join("\n\n").trimEnd().concat("\n");
}

function writeDetail({ detail }: ActionText): string {
  return detail.map((member) => `\`${member}\``).join(", ");
}
