// Zustände der eigenen Systeme des Werks, auf Deutsch.

import type { ConditionText } from "./condition-codes.ts";

export const plantGerman: Readonly<Record<"DIRECTORY_LOST" | "SYSLOG_LOST", ConditionText>> = {
  DIRECTORY_LOST: {
    title: "Der Verzeichnisdienst des Werks kann nicht gefragt werden",
    cause: "{detail}",
    effect: "Wer dort sein Konto hat, kann sich nicht anmelden. Lokale Konten können es; wer angemeldet ist, bleibt es.",
    remedy: "Den Verzeichnisserver und den Abschnitt `plant.directory` der Konfiguration prüfen.",
  },
  SYSLOG_LOST: {
    title: "Der Protokollsammler des Werks nimmt das Audit-Protokoll nicht an",
    cause: "{detail}",
    effect: "Einträge des Audit-Protokolls warten im Gateway und werden gesendet, wenn er zurück ist, solange sie aufbewahrt werden.",
    remedy: "Den Sammler und den Abschnitt `plant.syslog` der Konfiguration prüfen.",
  },
};
