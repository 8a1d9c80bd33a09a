// The conditions of the ingest endpoint, and of peers that are no machine of ours, in German.

import type { ConditionText, IngestCode } from "./condition-codes.ts";

export const germanIngestTexts: Readonly<Record<IngestCode, ConditionText>> = {
  INGEST_PLAIN: {
    title: "Maschinen dürfen unverschlüsselt senden: {subject}",
    cause: "`ingestPlain` ist dort eingeschaltet. {detail}",
    effect: "Wer in diesem Maschinennetz mithören kann, liest Passwörter und Werte und kann danach anstelle einer Maschine senden. Was bestätigt wird, ist trotzdem dauerhaft gespeichert.",
    remedy: "Lassen Sie die Maschinen über TLS senden (`ingestTls`) und entfernen Sie `ingestPlain`; schreiben Sie die neu ein, deren Passwort unverschlüsselt lief (`weir assets enrol`). Wo Maschinen kein TLS können, halten Sie andere aus diesem Netz fern.",
  },
  INGEST_CLOSED: {
    title: "Der Empfangspunkt für Maschinen ist geschlossen: {subject}",
    cause: "{detail}",
    effect: "Maschinen, die dorthin senden, erreichen das Gateway nicht und behalten, was sie selbst behalten können. Das Gateway versucht es alle paar Sekunden wieder.",
    remedy: "Prüfen Sie Kabel und Adressen der Schnittstelle in `network.field`, und ob ein anderes Programm den Port hat.",
  },
  INGEST_FULL: {
    title: "Maschinen senden mehr, als dauerhaft gespeichert werden kann",
    cause: "{detail}",
    effect: "Das Gateway liest langsamer, und die Maschinen warten mit dem, was sie haben. Nichts Bestätigtes geht verloren.",
    remedy: "Wenn das bleibt, suchen Sie die Maschine, die zu viel sendet, oder geben Sie dem Gateway einen schnelleren Datenträger.",
  },
  INGEST_REFUSED: {
    title: "Ein Gerät wird nicht eingelassen oder tut, was es nicht darf: {subject}",
    cause: "{detail}",
    effect: "Nichts davon wird angenommen. Ist es eine Ihrer Maschinen, fehlen ihre Werte.",
    remedy: "Ist es eine Ihrer Maschinen, schreiben Sie sie mit `weir assets enrol` ein und hinterlegen Sie an ihr, was der Befehl ausgibt. Wenn nicht, finden Sie heraus, wer dort ist.",
  },
  PEER_FAULTY: {
    title: "Etwas in einem Maschinennetz hält sich nicht an die Regeln: {subject}",
    cause: "{detail}",
    effect: "Seine Verbindungen werden beendet oder seine Nachrichten verworfen. Andere Maschinen sind nicht betroffen.",
    remedy: "Finden Sie heraus, welches Gerät diese Adresse hat und ob es fehlerhaft, falsch eingestellt oder nicht das ist, was es sein soll.",
  },
};
