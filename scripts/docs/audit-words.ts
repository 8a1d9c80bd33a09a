// The words of docs/audit.md around its tables, in both languages.

import type { Language } from "../../firmware/core/health/condition-codes.ts";

interface Words {
  readonly title: string;
  readonly intro: string;
  readonly actions: string;
  readonly columns: readonly [string, string, string];
  readonly required: string;
  readonly requiredColumns: readonly [string, string];
  readonly notYet: string;
}

const EN: Words = {
  title: "The audit log",
  intro: `Who did what on the gateway, when, from where, with what result. Read by the roles service, manager and systemadministrator (\`weir audit list\`, the page, the API); nobody can
change or delete an entry: there is no such operation.

## Fields

| field | what it is |
| --- | --- |
| \`number\` | from 1 on, without gaps, never given twice |
| \`time\`, \`timeQuality\` | wall time (UTC), and how sure it is: \`synchronised\` by NTP, \`free\` running, \`unknown\` |
| \`uptimeMs\` | since the start of the core process: order and distance of entries stay known when the clock jumps |
| \`zone\`, \`actor\`, \`source\` | the zone somebody came through (\`local\`: the \`weir\` command), the account, \`token NAME\`, \`stranger\`, or a part of the gateway, and their address |
| \`action\`, \`target\`, \`result\` | what, on what, and whether it was \`done\`, \`refused\` or \`failed\` |
| \`detail\` | what else there is to know; never a secret, and never a name that nobody has, since people type passwords there |

What strangers fail at is gathered: the first failure of a kind from an address at once, then one entry a minute at most with \`count\`, \`first\` and \`last\`; at most 20 new addresses a
minute have an entry of their own at once, and beyond 128 addresses they are \`others\`. No failure is missing from the counts of entries that were written; a crash may lose those of the last minute.

## Whether it is whole

Each entry carries a mark: HMAC-SHA-256 over all its fields, the mark and the key's id of the entry before, with a key derived from the vault's. The last entry, and after a deletion the place where
the log begins, are sealed with the same key. \`weir audit verify\` walks through all of it, ends with 1 and names the first broken number: \`altered\`, \`missing\`, \`swapped\`, \`cut-start\`, \`cut-end\`.
The gateway does so itself at each start and before each deletion (condition AUDIT_CHAIN_BROKEN).

A log that was put back to an older state of its own is whole by itself. Its end is therefore kept elsewhere too: in state.db, compared at each start (condition AUDIT_ROLLED_BACK), and in the
cloud's retained status document (\`"audit": {"number", "chain"}\`, at least hourly while there are new entries). Who put back the whole data directory is found out by that alone:

    weir audit verify --known NUMBER:CHAIN

ends with 1 where the log does not go through this mark. It does not protect against whoever has the vault's key, nor against an entry that was never written.

## How long it is kept

Entries are deleted 62 days after they were made: none shall be older than 67 [U4.8-15], and five days are for a gateway that was off, or in doubt of its clock, when it was time. One that was off for
longer deletes them when it runs again and has been sure of its clock for a day. It counts the gateway's running time; wall time only while the clock is synchronised and has not jumped for a day. A clock
that jumps deletes nothing by itself. Where the clock is never synchronised, time in which the gateway is off does not count. More than 200,000 entries push out the oldest.

Before that they are written to \`audit-export/\` in the data directory as JSON lines with their marks (mode 0600, at most 64 files and 64 MiB, the oldest goes first; \`audit.export-removed\`). An
export goes before its newest entry is 67 days old too, and after a gateway was off, four days after it was written. Whoever must keep entries longer fetches them there, or has a log collector (docs/plant.md). Where there is no room for an export and no collector
has the entries, they are deleted all the same when they are due, and AUDIT_NOT_EXPORTED says so.

A full disk does not end the log: 1 MiB is its own, some 2,000 entries (condition AUDIT_ON_RESERVE). After that AUDIT_NOT_WRITTEN stands, and the gateway goes on with its work.

## A copy

\`weir audit export --output FILE\` writes all entries as JSON lines, oldest first; that is recorded itself. Filters: \`--from\`, \`--until\`, \`--actor\`, \`--action\`, \`--result\`, \`--text\`.`,
  actions: "Actions",
  columns: ["action", "what happened", "detail"],
  required: "What is asked for, and where it is",
  requiredColumns: ["requirement", "actions"],
  notYet: "Writes to machines, updates, backups and remote panels are recorded when the gateway can do them.",
};

const DE: Words = {
  title: "Das Prüfprotokoll",
  intro: `Wer hat auf dem Gateway was getan, wann, von wo, mit welchem Ergebnis. Lesen können es die Rollen Service, Manager und Systemadministrator (\`weir audit list\`, die Seite, die
Programmierschnittstelle); niemand kann einen Eintrag ändern oder löschen: Es gibt keinen solchen Vorgang.

## Felder

| Feld | Bedeutung |
| --- | --- |
| \`number\` | ab 1, lückenlos, nie zweimal vergeben |
| \`time\`, \`timeQuality\` | Uhrzeit (UTC) und wie sicher sie ist: \`synchronised\` durch NTP, \`free\` freilaufend, \`unknown\` unbekannt |
| \`uptimeMs\` | seit dem Start des Kernprozesses: Reihenfolge und Abstand bleiben bekannt, wenn die Uhr springt |
| \`zone\`, \`actor\`, \`source\` | die Zone, durch die jemand kam (\`local\`: der Befehl \`weir\`), das Konto, \`token NAME\`, \`stranger\` (Fremder) oder ein Teil des Gateways, und die Adresse |
| \`action\`, \`target\`, \`result\` | was, woran, und ob es \`done\` (getan), \`refused\` (abgewiesen) oder \`failed\` (gescheitert) ist |
| \`detail\` | was es sonst zu wissen gibt; nie ein Geheimnis und nie ein Name, den niemand hat, denn dort werden auch Kennwörter eingetippt |

Fehlversuche Fremder werden gesammelt: der erste einer Art von einer Adresse sofort, danach höchstens ein Eintrag je Minute mit \`count\`, \`first\` und \`last\`; höchstens 20 neue Adressen je Minute haben
sofort einen eigenen Eintrag, und jenseits von 128 Adressen heißen sie \`others\`. In den geschriebenen Zahlen fehlt kein Fehlversuch; ein Absturz kann die der letzten Minute kosten.

## Ob es unversehrt ist

Jeder Eintrag trägt eine Marke: HMAC-SHA-256 über alle seine Felder, die Marke und die Schlüsselkennung des Eintrags davor, mit einem Schlüssel, der aus dem des Tresors abgeleitet ist. Der letzte Eintrag
und, nach einer Löschung, der Anfang sind mit demselben Schlüssel versiegelt. \`weir audit verify\` geht alles durch, endet mit 1 und nennt die erste schadhafte Nummer: \`altered\` (verändert), \`missing\` (fehlt),
\`swapped\` (vertauscht), \`cut-start\` (am Anfang abgeschnitten), \`cut-end\` (am Ende abgeschnitten). Das Gateway tut dies selbst bei jedem Start und vor jeder Löschung (Meldung AUDIT_CHAIN_BROKEN).

Ein Protokoll, das auf einen eigenen früheren Stand zurückgesetzt wurde, ist in sich unversehrt. Sein Ende steht deshalb noch anderswo: in state.db, verglichen bei jedem Start (Meldung AUDIT_ROLLED_BACK),
und im Statusdokument der Cloud (\`"audit": {"number", "chain"}\`, mindestens stündlich, solange es neue Einträge gibt). Wer das ganze Datenverzeichnis zurückgelegt hat, den verrät nur dies:

    weir audit verify --known NUMMER:MARKE

endet mit 1, wenn das Protokoll nicht durch diese Marke geht. Es schützt nicht vor dem, der den Schlüssel des Tresors hat, und nicht vor einem Eintrag, der nie geschrieben wurde.

## Wie lange es aufbewahrt wird

Einträge werden 62 Tage nach ihrer Entstehung gelöscht: Keiner soll älter als 67 Tage werden [U4.8-15], und fünf Tage bleiben für ein Gateway, das zur rechten Zeit aus war oder seiner Uhr nicht traute. War es
länger aus, so löscht es sie, wenn es wieder läuft und einen Tag lang seiner Uhr sicher war. Gezählt wird die Laufzeit des Gateways; die Uhrzeit nur, solange die Uhr abgeglichen ist und einen Tag lang nicht
gesprungen ist. Eine Uhr, die springt, löscht allein nichts. Wo die Uhr nie abgeglichen ist, zählt Zeit nicht, in der das Gateway aus ist. Mehr als 200.000 Einträge verdrängen die ältesten.

Vorher werden sie nach \`audit-export/\` im Datenverzeichnis geschrieben, als JSON-Zeilen mit ihren Marken (Rechte 0600, höchstens 64 Dateien und 64 MiB, die älteste geht zuerst; \`audit.export-removed\`). Auch
eine solche Datei geht, bevor ihr jüngster Eintrag 67 Tage alt ist, und nachdem ein Gateway aus war, vier Tage nachdem sie geschrieben wurde. Wer Einträge länger aufbewahren muss, holt sie dort ab oder hat einen Protokollsammler (docs/plant.de.md). Fehlt der Platz zum Ausleiten und hat kein
Sammler die Einträge, so werden sie dennoch gelöscht, wenn es so weit ist, und AUDIT_NOT_EXPORTED sagt es.

Ein voller Datenträger beendet das Protokoll nicht: 1 MiB gehört ihm selbst, etwa 2.000 Einträge (Meldung AUDIT_ON_RESERVE). Danach steht AUDIT_NOT_WRITTEN, und das Gateway arbeitet weiter.

## Eine Kopie

\`weir audit export --output DATEI\` schreibt alle Einträge als JSON-Zeilen, die ältesten zuerst; das wird selbst aufgezeichnet. Filter: \`--from\`, \`--until\`, \`--actor\`, \`--action\`, \`--result\`, \`--text\`.`,
  actions: "Vorgänge",
  columns: ["Vorgang", "was geschehen ist", "Einzelheiten"],
  required: "Was gefordert ist und wo es steht",
  requiredColumns: ["Anforderung", "Vorgänge"],
  notYet: "Schreiben an Maschinen, Aktualisierungen, Sicherungen und Fernbedienung werden aufgezeichnet, sobald das Gateway sie kann.",
};

export const AUDIT_WORDS: Readonly<Record<Language, Words>> = { en: EN, de: DE };
