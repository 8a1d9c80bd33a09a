// docs/conditions.md and docs/conditions.de.md: every health condition, from the catalogue that log, status and web page speak from.

import { describeCondition } from "../../firmware/core/health/catalogue.ts";
import { CONDITION_CODES, LANGUAGES, SEVERITY_OF, type ConditionCode, type Language } from "../../firmware/core/health/condition-codes.ts";
import { markdownNotice, type GeneratedFile } from "./generated-file.ts";

interface Words {
  readonly title: string;
  readonly intro: string;
  readonly cause: string;
  readonly effect: string;
  readonly remedy: string;
  readonly severity: Readonly<Record<(typeof SEVERITY_OF)[ConditionCode], string>>;
  readonly detail: string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: "Health conditions",
    intro: "What `weir status`, the log and the web page can say about the gateway's health. A condition stands until its cause is gone.",
    cause: "Cause",
    effect: "Effect",
    remedy: "Remedy",
    severity: { error: "error", warning: "warning", info: "information" },
    detail: "details of the case",
  },
  de: {
    title: "Zustandsmeldungen",
    intro: "Was `weir status`, das Protokoll und die Webseite über den Zustand des Gateways sagen können. Eine Meldung steht, bis ihre Ursache behoben ist.",
    cause: "Ursache",
    effect: "Wirkung",
    remedy: "Abhilfe",
    severity: { error: "Fehler", warning: "Warnung", info: "Hinweis" },
    detail: "Einzelheiten des Falls",
  },
};

export const conditionFiles: readonly GeneratedFile[] = LANGUAGES.map((language) => ({
  path: language === "en" ? "docs/conditions.md" : `docs/conditions.${language}.md`,
  write: () => writeConditions(language),
}));

function writeConditions(language: Language): string {
  const words = WORDS[language];
  const entries = CONDITION_CODES.toSorted().map((code) => {
    const text = describeCondition(code, "…", `(${words.detail})`, language);
    return `## ${code}\n\n**${text.title}** (${words.severity[SEVERITY_OF[code]]})\n\n- ${words.cause}: ${text.cause}\n- ${words.effect}: ${text.effect}\n- ${words.remedy}: ${text.remedy}\n`;
  });
  return `${markdownNotice("firmware/core/health")}\n\n# ${words.title}\n\n${words.intro}\n\n${entries.join("\n")}`;
}
