// The conditions of the audit log's keeping, in German.

import type { ConditionText } from "./condition-codes.ts";

export const germanAuditTexts = {
  AUDIT_ROLLED_BACK: {
    title: "Das Prüfprotokoll steht nicht dort, wo es war",
    cause: "{detail}",
    effect: "Einträge wurden weggenommen, oder eine ältere Kopie des Protokolls oder des ganzen Datenverzeichnisses wurde zurückgelegt. Neue Einträge beginnen hinter der letzten bekannten Nummer.",
    remedy: "Bewahren Sie eine Kopie des Datenverzeichnisses auf, vergleichen Sie mit dem Protokollsammler und mit der Marke im Statusdokument der Cloud (`weir audit verify --known NUMMER:MARKE`), und behandeln Sie dies als Sicherheitsvorfall, sofern Sie es nicht selbst wiederhergestellt haben.",
  },
  AUDIT_ON_RESERVE: {
    title: "Das Prüfprotokoll lebt von seiner Reserve",
    cause: "Der Datenträger ist voll. {detail}",
    effect: "Einträge werden noch geschrieben: Für etwa 2.000 ist eigener Platz da. Danach wird nicht mehr aufgezeichnet, was geschieht.",
    remedy: "Schaffen Sie Platz im Dateisystem des Datenverzeichnisses. Die Reserve entsteht dann von selbst neu.",
  },
  AUDIT_NOT_EXPORTED: {
    title: "Einträge des Prüfprotokolls wurden gelöscht, die niemand hat",
    cause: "{detail}",
    effect: "Diese Einträge hatten ihr Alter oder das Protokoll seine Größe erreicht, und für ihre Ausleitung fehlte der Platz. Kein Protokollsammler hat sie.",
    remedy: "Schaffen Sie Platz im Dateisystem des Datenverzeichnisses, oder richten Sie einen Protokollsammler ein (`plant.syslog`).",
  },
} as const satisfies Readonly<Record<string, ConditionText>>;
