// Every health condition Weir can raise, declared once; log, status, web interface and audit speak of it by its code.

import type { ConditionCode, ConditionText, Language } from "./condition-codes.ts";
import { germanTexts } from "./texts-de.ts";
import { englishTexts } from "./texts-en.ts";

const TEXTS: Readonly<Record<Language, Readonly<Record<ConditionCode, ConditionText>>>> = { en: englishTexts, de: germanTexts };

/** The condition in words, with subject and detail filled in. The detail (a fault's words) stays in the language it came in. */
export function describeCondition(code: ConditionCode, subject: string, detail: string, language: Language): ConditionText {
  const text = TEXTS[language][code];
  const fill = (template: string): string => template.replace(/\{(subject|detail)\}/g, (_, name: string) => (name === "subject" ? subject : detail)).trim();
  return { title: fill(text.title), cause: fill(text.cause), effect: fill(text.effect), remedy: fill(text.remedy) };
}
