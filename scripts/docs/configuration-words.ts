// The words around the settings in the configuration reference, in English and German.

import type { SettingKind } from "../../firmware/config/list-settings.ts";

export interface ReferenceWords {
  readonly title: string;
  readonly intro: string;
  readonly driver: string;
  readonly to: string;
  readonly required: string;
  /** Setting, type, default, unit, meaning. */
  readonly columns: readonly string[];
  readonly kinds: Readonly<Record<Exclude<SettingKind, "choice">, string>>;
  readonly units: Readonly<Record<string, string>>;
}

export const englishWords: ReferenceWords = {
  title: "Configuration",
  intro: `The configuration is one YAML file (\`weir.yaml\`). Every setting has a default where one makes sense: an empty file is a
configuration. Unknown settings are refused; \`weir check\` tells every fault with its line and what to do.
An example with comments is [examples/weir.yaml](examples/weir.yaml). Editors that know JSON Schema complete and check settings
with [schema/weir.schema.json](schema/weir.schema.json).

- A **duration** is a number with \`ms\`, \`s\`, \`min\`, \`h\` or \`d\` (\`30s\`, \`4h\`, \`30d\`); a number alone means milliseconds.
- A **secret** is written as a reference, \`password: {secret: cloud-password}\`, and stored with \`weir secret set cloud-password\`.
  A secret itself never stands in the configuration.
- \`[]\` stands for each item of a list.
- A changed file is applied while Weir runs; what waits for a restart is named by the condition CONFIG_NEEDS_RESTART
  ([conditions.md](conditions.md)). A file with a fault changes nothing.`,
  driver: "Driver",
  to: "to",
  required: "required",
  columns: ["Setting", "Type", "Default", "Unit", "Meaning"],
  kinds: { group: "group", list: "list", secret: "reference to a secret", duration: "duration", text: "text", integer: "whole number", number: "number", boolean: "`true`, `false`" },
  units: { duration: "" },
};

export const germanWords: ReferenceWords = {
  title: "Konfiguration",
  intro: `Die Konfiguration ist eine YAML-Datei (\`weir.yaml\`). Jede Einstellung hat einen Vorgabewert, wo es einen sinnvollen gibt: Auch eine
leere Datei ist eine Konfiguration. Unbekannte Einstellungen werden abgelehnt; \`weir check\` nennt jeden Fehler mit seiner Zeile und Abhilfe.
Ein kommentiertes Beispiel ist [examples/weir.yaml](examples/weir.yaml). Editoren, die JSON Schema verstehen, ergänzen und prüfen
Einstellungen mit [schema/weir.schema.json](schema/weir.schema.json).

- Eine **Dauer** ist eine Zahl mit \`ms\`, \`s\`, \`min\`, \`h\` oder \`d\` (\`30s\`, \`4h\`, \`30d\`); eine Zahl allein bedeutet Millisekunden.
- Ein **Geheimnis** wird als Verweis geschrieben, \`password: {secret: cloud-password}\`, und mit \`weir secret set cloud-password\` abgelegt.
  Das Geheimnis selbst steht nie in der Konfiguration.
- \`[]\` steht für jeden Eintrag einer Liste.
- Eine geänderte Datei gilt im laufenden Betrieb; was auf einen Neustart wartet, nennt die Meldung CONFIG_NEEDS_RESTART
  ([conditions.de.md](conditions.de.md)). Eine fehlerhafte Datei ändert nichts.`,
  driver: "Treiber",
  to: "bis",
  required: "Pflicht",
  columns: ["Einstellung", "Art", "Vorgabe", "Einheit", "Bedeutung"],
  kinds: { group: "Gruppe", list: "Liste", secret: "Verweis auf ein Geheimnis", duration: "Dauer", text: "Text", integer: "ganze Zahl", number: "Zahl", boolean: "`true`, `false`" },
  units: { duration: "", bytes: "Byte", fraction: "Anteil", seconds: "Sekunden", milliseconds: "Millisekunden", readings: "Messwerte", messages: "Nachrichten", "readings/s": "Messwerte/s" },
};
