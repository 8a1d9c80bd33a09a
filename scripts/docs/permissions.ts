// docs/permissions.md and docs/permissions.de.md: which role may do what, from the table that core enforces.

import { ROLES } from "../../firmware/config/roles.ts";
import { hasRights, OPERATIONS, OWN_OPERATIONS, OWN_PERMISSIONS, PERMISSIONS } from "../../firmware/core/accounts/permissions.ts";
import type { Operation, Permission } from "../../firmware/core/accounts/permissions.ts";
import { LANGUAGES, type Language } from "../../firmware/core/health/condition-codes.ts";
import { markdownNotice, type GeneratedFile } from "./generated-file.ts";
import { OPERATION_WORDS, OWN_WORDS } from "./permission-words.ts";

interface Words {
  readonly title: string;
  readonly intro: string;
  readonly own: string;
  readonly columns: readonly string[];
  readonly ownColumns: readonly string[];
  readonly withCases: string;
  readonly yes: string;
}

const EN: Words = {
  title: "Permissions",
  intro: `Core asks this table at every call, whatever the web page or the API let through (\`firmware/core/accounts/permissions.ts\`). Each role has the rights of those before it. Whoever
reaches the local conduit (the \`weir\` command as the gateway's own user) owns the gateway and may everything.

- **Password again**: only within five minutes of a proof (login, or \`reauthenticate\`). A token never has one, so what asks for it is not for tokens.
- A **service** account, and a token of the role service, does all this only inside a service window that a manager or systemadministrator of the plant opened, for a purpose, a time and,
  if they want, certain operations. A restart of the gateway ends it.
- A **token** does what its role and its scope allow, and never more than its owner may at that moment.
- Nobody gives, takes or takes over more rights than they have: a manager has a say over service, analyst and customer; service makes customers; a systemadministrator has a say over all.
  Nobody resets their own password or second factor; the last systemadministrator who can log in is neither deleted, locked out nor lowered.
- Conditions of detection, like all log data, are shown from the role service on.`,
  own: "Everybody, about themself",
  columns: ["operation", "what it does", ...ROLES, "password again"],
  ownColumns: ["operation", "what it does", "password again", "by token"],
  withCases: "with",
  yes: "yes",
};

const DE: Words = {
  title: "Rechte",
  intro: `Core fragt diese Tabelle bei jedem Aufruf, was auch immer Webseite oder API durchließen (\`firmware/core/accounts/permissions.ts\`). Jede Rolle hat die Rechte derer vor ihr. Wer die lokale
Leitung erreicht (der Befehl \`weir\` als Benutzer des Gateways), dem gehört das Gateway, und er darf alles.

- **Passwort erneut**: nur binnen fünf Minuten nach einem Nachweis (Anmeldung oder \`reauthenticate\`). Ein Token hat nie einen; was danach fragt, ist also nichts für Token.
- Ein **service**-Konto und ein Token der Rolle service tun all das nur innerhalb eines Servicefensters, das ein manager oder systemadministrator des Werks geöffnet hat: zu einem Zweck, für eine Zeit
  und, wenn sie wollen, für bestimmte Vorgänge. Ein Neustart des Gateways beendet es.
- Ein **Token** tut, was seine Rolle und sein Umfang erlauben, und nie mehr, als sein Eigentümer in diesem Augenblick darf.
- Niemand gibt, nimmt oder übernimmt mehr Rechte, als er hat: ein manager bestimmt über service, analyst und customer; service legt Kunden an; ein systemadministrator bestimmt über alle.
  Niemand setzt das eigene Passwort oder den eigenen zweiten Faktor zurück; der letzte systemadministrator, der sich anmelden kann, wird weder gelöscht noch ausgesperrt noch herabgesetzt.
- Meldungen der Angriffserkennung werden, wie alle Protokolldaten, ab der Rolle service gezeigt.`,
  own: "Jeder über sich selbst",
  columns: ["Vorgang", "was er tut", ...ROLES, "Passwort erneut"],
  ownColumns: ["Vorgang", "was er tut", "Passwort erneut", "mit Token"],
  withCases: "mit",
  yes: "ja",
};

export const permissionFiles: readonly GeneratedFile[] = LANGUAGES.map((language) => ({
  path: language === "en" ? "docs/permissions.md" : `docs/permissions.${language}.md`,
  write: () => writePermissions(language),
}));

function writePermissions(language: Language): string {
  const words = language === "en" ? EN : DE;
  const people = OPERATIONS.flatMap((name) => rowsOf(name, words, language));
  const own = OWN_OPERATIONS.map((name) => [code(name), OWN_WORDS[name][language], OWN_PERMISSIONS[name].needsFresh === true ? words.yes : "", OWN_PERMISSIONS[name].byToken === true ? words.yes : ""]);
  return `${markdownNotice("firmware/core/accounts/permissions.ts")}\n\n# ${words.title}\n\n${words.intro}\n\n${table(words.columns, people)}\n## ${words.own}\n\n${table(words.ownColumns, own)}`;
}

function rowsOf(name: Operation, words: Words, language: Language): string[][] {
  const permission: Permission = PERMISSIONS[name];
  const { stricter } = permission;
  const row = (first: string, says: string, { role, needsFresh }: Pick<Permission, "role" | "needsFresh">): string[] => [first, says, ...ROLES.map((one) => (hasRights(one, role) ? "●" : "")), needsFresh === true ? words.yes : ""];
  const plain = row(code(name), OPERATION_WORDS[name][language], permission);
  return stricter === undefined ? [plain] : [plain, row("", `${words.withCases} ${stricter[language]}`, stricter)];
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function code(name: string): string {
  return `\`${name}\``;
}
