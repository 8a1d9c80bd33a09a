// The conditions in German.

import { germanAuditTexts } from "./audit-texts-de.ts";
import type { ConditionCode, ConditionText } from "./condition-codes.ts";
import { germanDetectionTexts } from "./detection-texts-de.ts";
import { germanIngestTexts } from "./ingest-texts-de.ts";
import { germanPageTexts } from "./page-texts-de.ts";
import { plantGerman } from "./plant-texts-de.ts";
import { germanTaskTexts } from "./task-texts-de.ts";

export const germanTexts: Readonly<Record<ConditionCode, ConditionText>> = {
  OUTBOX_SET_ASIDE: {
    title: "Der Ausgangsspeicher war beschädigt und wurde beiseitegelegt",
    cause: "{detail}",
    effect: "Was darin lesbar ist, wird unter seinem alten Strom und seinen alten Nummern gesendet; neue Messwerte kommen in einen neuen Strom. Was nicht lesbar ist, erfährt der Empfänger als Lücke mit dem Grund `damaged`; es ist verloren, wenn sich die Datei nicht reparieren lässt.",
    remedy: "Bewahren Sie die genannte Datei auf und geben Sie sie dem Servicepartner. Prüfen Sie den Datenträger: Eine beschädigte Datenbank ist oft sein erstes Zeichen.",
  },
  OUTBOX_RECOVERING: {
    title: "Messwerte werden aus einem beschädigten Ausgangsspeicher gerettet",
    cause: "{detail}",
    effect: "Neue Messwerte werden wie gewohnt angenommen und gesendet; die geretteten folgen als Rückstand.",
    remedy: "Nichts zu tun. Schalten Sie das Gateway nicht aus, bis diese Meldung verschwunden ist.",
  },
  OUTBOX_DROPPING: {
    title: "Messwerte werden verworfen, weil der Ausgangsspeicher seine Grenze erreicht hat",
    cause: "{detail}",
    effect: "Die ältesten Messwerte werden gelöscht, bevor sie gesendet wurden. Der Empfänger erfährt durch einen Lückensatz genau, welche.",
    remedy: "Stellen Sie die Verbindung zu {subject} wieder her, oder erlauben Sie dem Ausgangsspeicher in der Konfiguration mehr Platz oder Alter.",
  },
  STORAGE_FULL: {
    title: "Der Speicher ist voll",
    cause: "{detail}",
    effect: "Neue Messwerte werden nicht angenommen. Die Maschinen behalten, was sie selbst behalten können.",
    remedy: "Schaffen Sie Platz im Dateisystem des Datenverzeichnisses; die Annahme geht von selbst weiter.",
  },
  WAL_HELD: {
    title: "Ein fremdes Programm hält eine Datenbank offen",
    cause: "{detail}",
    effect: "Das Schreibprotokoll von {subject} kann nicht geleert werden und wächst.",
    remedy: "Beenden Sie das Programm, das die Datenbankdatei liest (Betrachter, Sicherung durch Kopieren). Verwenden Sie `weir backup`, statt die Datei zu kopieren.",
  },
  STATE_SET_ASIDE: {
    title: "Die Zustandsdatenbank war beschädigt und wurde beiseitegelegt",
    cause: "{detail}",
    effect: "Die Maschinen werden neu erkannt, letzte Werte beginnen leer. Messwerte im Ausgangsspeicher sind nicht betroffen.",
    remedy: "Prüfen Sie den Datenträger. Die genannte Datei kann gelöscht werden, sobald die Maschinen wieder verbunden sind.",
  },
  AUDIT_SET_ASIDE: {
    title: "Das Prüfprotokoll war beschädigt und wurde beiseitegelegt",
    cause: "{detail}",
    effect: "Ein neues Prüfprotokoll hat begonnen. Ältere Einträge stehen nur in der genannten Datei.",
    remedy: "Bewahren Sie die Datei als Beweis auf. Klären Sie, ob der Datenträger versagt hat oder jemand die Datei verändert hat.",
  },
  AUDIT_CHAIN_BROKEN: {
    title: "Das Prüfprotokoll wurde verändert",
    cause: "{detail}",
    effect: "Den Einträgen ab dieser Stelle ist als Beweis nicht zu trauen.",
    remedy: "Bewahren Sie eine Kopie von audit.db auf, klären Sie, wer Zugang zum Gateway hatte, und behandeln Sie dies als Sicherheitsvorfall.",
  },
  AUDIT_NOT_WRITTEN: {
    title: "Das Prüfprotokoll kann nicht geschrieben werden",
    cause: "{detail}",
    effect: "Das Gateway arbeitet weiter, aber was geschieht, wird nicht aufgezeichnet.",
    remedy: "Schaffen Sie Platz im Dateisystem des Datenverzeichnisses und prüfen Sie die Rechte von audit.db.",
  },
  VAULT_SET_ASIDE: {
    title: "Der Tresor war beschädigt und wurde beiseitegelegt",
    cause: "{detail}",
    effect: "Alle Geheimnisse sind verloren. Maschinen und Cloud, die eines brauchen, sind nicht erreichbar.",
    remedy: "Setzen Sie die Geheimnisse mit `weir secret set NAME` neu. Prüfen Sie den Datenträger.",
  },
  VAULT_KEY_UNUSABLE: {
    title: "Der Schlüssel des Tresors ist nicht verwendbar",
    cause: "{detail}",
    effect: "Kein Geheimnis kann gelesen oder gesetzt werden. Maschinen und Cloud, die eines brauchen, sind nicht erreichbar; alles andere arbeitet.",
    remedy: "Legen Sie die richtige Schlüsseldatei mit dem genannten Besitzer und Modus zurück und starten Sie neu. Ohne sie: vault.key und vault.db löschen und die Geheimnisse neu setzen.",
  },
  SECRET_UNREADABLE: {
    title: "Das Geheimnis {subject} lässt sich nicht entschlüsseln",
    cause: "{detail}",
    effect: "Wer dieses Geheimnis braucht, kann sich nicht verbinden.",
    remedy: "Setzen Sie es mit `weir secret set {subject}` neu. Hat niemand Schlüssel oder Datenbank verändert, prüfen Sie den Datenträger.",
  },
  SECRET_MISSING: {
    title: "Das Geheimnis {subject} ist nicht gesetzt",
    cause: "Die Konfiguration verweist darauf: {detail}",
    effect: "Wer dieses Geheimnis braucht, kann sich nicht verbinden.",
    remedy: "Setzen Sie es mit `weir secret set {subject}`.",
  },
  MACHINE_CA_UNUSABLE: {
    title: "Die Zertifizierungsstelle der Maschinen ist nicht verwendbar",
    cause: "{detail}",
    effect: "Maschinen können sich nicht über TLS mit dem Gateway verbinden, solange der Empfangspunkt kein Zertifikat hat, und keine kann eingeschrieben werden. Maschinen, zu denen das Gateway selbst die Verbindung aufbaut, sind nicht betroffen.",
    remedy: "Beseitigen Sie die genannte Ursache. Ist der Inhalt des Tresors endgültig verloren, erzeugen Sie mit `weir ca renew` eine neue Stelle und schreiben Sie die Maschinen neu ein.",
  },
  MACHINE_CA_REPLACED: {
    title: "Maschinen brauchen die neue Zertifizierungsstelle",
    cause: "Die Zertifizierungsstelle der Maschinen wurde neu erzeugt, auf Anweisung oder weil der Tresor verloren war. Mit einer früheren eingeschrieben: {detail}.",
    effect: "Diese Maschinen lehnen das neue Zertifikat des Gateways ab, und Zertifikate der früheren Stelle werden nicht mehr angenommen.",
    remedy: "Für jede von ihnen: `weir assets enrol NAME`, und das Ausgegebene samt der neuen Stelle (`weir ca export`) in die Maschine eintragen. `weir assets disenrol NAME` für eine, die nicht mehr senden soll.",
  },
  INGEST_ADDRESS_UNNAMED: {
    title: "Das Zertifikat des Empfangspunkts kann {subject} nicht nennen",
    cause: "Die Zertifizierungsstelle der Maschinen darf private Adressen nennen und die der Segmente, die bei ihrer Erzeugung konfiguriert waren. {detail} ist weder das eine noch das andere.",
    effect: "Maschinen, die das Zertifikat prüfen, verbinden sich über TLS nicht mit dieser Adresse.",
    remedy: "Erzeugen Sie mit `weir ca renew` eine neue Stelle, die die heutigen Segmente aufnimmt, und schreiben Sie die Maschinen neu ein; oder lassen Sie die Maschinen das Gateway unter einer privaten Adresse erreichen.",
  },
  CONFIG_BROKEN: {
    title: "Die Konfiguration hat Fehler und wird nicht verwendet",
    cause: "{detail}",
    effect: "Das Gateway arbeitet mit der letzten guten Konfiguration weiter.",
    remedy: "Berichtigen Sie die genannten Zeilen. `weir check` zeigt sie alle.",
  },
  CONFIG_NEEDS_RESTART: {
    title: "Ein Teil der Konfiguration wartet auf einen Neustart",
    cause: "Geändert, wird aber nur beim Start gelesen: {detail}",
    effect: "Das Gateway arbeitet bei diesen Einstellungen mit den früheren Werten weiter.",
    remedy: "Starten Sie Weir neu, wenn es passt. Durch einen Neustart geht kein angenommener Messwert verloren.",
  },
  ASSET_LOST: {
    title: "Keine Verbindung zu {subject}",
    cause: "{detail}",
    effect: "Die Messpunkte gelten als schlecht. Was die Maschine inzwischen aufhebt, wird nachgeholt.",
    remedy: "Prüfen Sie, ob die Maschine eingeschaltet ist und Netzwerkkabel und Adresse stimmen. Das Gateway versucht es weiter.",
  },
  ASSET_DENIED: {
    title: "{subject} und das Gateway vertrauen einander nicht",
    cause: "{detail}",
    effect: "Die Maschine wird nicht gelesen, und es werden ihr keine Zugangsdaten gesendet.",
    remedy: "Vergewissern Sie sich, dass es die richtige Maschine ist, und berichtigen Sie dann Zertifikat, Fingerabdruck oder Zugangsdaten in der Konfiguration.",
  },
  ASSET_MISCONFIGURED: {
    title: "{subject} lässt sich so, wie konfiguriert, nicht lesen",
    cause: "{detail}",
    effect: "Die Maschine wird nicht gelesen.",
    remedy: "Berichtigen Sie den Abschnitt dieser Maschine in der Konfiguration.",
  },
  ASSET_STOPPED: {
    title: "Der Treiber von {subject} wurde angehalten",
    cause: "{detail}",
    effect: "Die Maschine wird nicht gelesen. Andere Maschinen sind nicht betroffen.",
    remedy: "Speichern Sie die Konfiguration oder starten Sie Weir neu, um es wieder zu versuchen. Geschieht es erneut, geben Sie das Protokoll dem Servicepartner.",
  },
  ASSET_CHANGED: {
    title: "Hinter {subject} antwortet eine andere Maschine",
    cause: "{detail}",
    effect: "Die neue Maschine wird unter ihrer eigenen Identität gelesen; die frühere bleibt als nicht mehr zugeordnet im Verzeichnis.",
    remedy: "Wurde die Maschine getauscht, ist nichts zu tun. Wenn nicht, klären Sie, was unter dieser Adresse antwortet.",
  },
  ASSET_TWICE: {
    title: "Die Maschine hinter {subject} ist doppelt konfiguriert",
    cause: "{detail}",
    effect: "Sie wird einmal gelesen; was auf dem zweiten Weg kommt, wird beiseitegelegt.",
    remedy: "Entfernen Sie einen der beiden Abschnitte aus der Konfiguration, oder berichtigen Sie seine Adresse.",
  },
  ASSETS_PENDING: {
    title: "Maschinen warten darauf, angenommen zu werden",
    cause: "In den Segmenten gefunden und weder von einer Regel angenommen noch von einem Menschen angesehen: {detail}.",
    effect: "Sie werden nicht gelesen.",
    remedy: "`weir assets list` zeigt sie; nehmen Sie jede mit `weir assets accept` an oder lehnen Sie sie mit `weir assets refuse` ab.",
  },
  ASSET_SUSPENDED: {
    title: "Die Maschine {subject} ist nicht mehr, was angenommen wurde",
    cause: "{detail}",
    effect: "Sie wird nicht mehr gelesen, und ihre Punkte sind schlecht, bis ein Mensch hingesehen hat.",
    remedy: "Klären Sie an der Maschine, was getauscht wurde. `weir assets show {subject}` sagt, was sich geändert hat; `weir assets accept {subject}` nimmt sie so wieder auf, wie sie jetzt ist, `weir assets refuse {subject}` hält sie draußen.",
  },
  ASSET_IMPOSTOR: {
    title: "Jemand anderes gibt sich als die Maschine {subject} aus",
    cause: "Sie wird auch von {detail} gemeldet, und was sich dort zeigt, ist nicht, was angenommen wurde, oder die Maschine ist anderswo verbunden.",
    effect: "Keine auf die Maschine: Sie wird dort gelesen, wo sie angenommen wurde. Die andere wartet und wird nicht gelesen.",
    remedy: "Klären Sie, was unter dieser Adresse steht. Wurde die Maschine umgesetzt oder getauscht, zeigt `weir assets list` die andere zum Annehmen.",
  },
  FOUND_TOO_MANY: {
    title: "Im Segment {subject} wird mehr gefunden, als warten kann",
    cause: "Höchstens 2.000 gefundene Maschinen warten darauf, angesehen zu werden, und 32 von einer Adresse; es kommen mehr, zum Beispiel von {detail}.",
    effect: "Was später kam, wird nicht aufgeführt. Nichts, was angenommen oder abgelehnt ist oder schon wartet, wird verdrängt.",
    remedy: "Klären Sie, wer so viele meldet. `weir assets list` zeigt, was wartet; `weir assets forget` entfernt, was nicht gebraucht wird.",
  },
  PUBLISH_URL_REFUSED: {
    title: "{subject} verweist auf eine nicht erlaubte Adresse",
    cause: "{detail}",
    effect: "Das Gateway verbindet sich nicht dorthin. Die Maschine wird nur durch Abfragen gelesen.",
    remedy: "Berichtigen Sie die Publish-Adresse in der Maschine, oder nehmen Sie ihr Netz in `segment` auf, wenn sie dort stehen soll.",
  },
  ASSET_ADVISORY: {
    title: "{subject} arbeitet mit einer Einschränkung",
    cause: "{detail}",
    effect: "Die Maschine wird gelesen, aber nicht vollständig.",
    remedy: "Berichtigen Sie, was genannt ist.",
  },
  PAYLOADS_QUARANTINED: {
    title: "Daten wurden beiseitegelegt",
    cause: "{detail}",
    effect: "Sie wurden der Quelle bestätigt und werden nicht weitergesendet. Der Platz ist begrenzt: Das Älteste weicht.",
    remedy: "Prüfen Sie das Profil der Maschine, und ob die Maschine konfiguriert und angenommen ist.",
  },
  CLOUD_LOST: {
    title: "Keine Verbindung zur Cloud",
    cause: "{detail}",
    effect: "Messwerte warten im Ausgangsspeicher und werden gesendet, sobald die Verbindung wieder steht.",
    remedy: "Prüfen Sie Internetverbindung, Proxy und Firewall des Werks. Das Gateway versucht es weiter.",
  },
  CLOUD_REFUSED: {
    title: "Cloud und Gateway vertrauen einander nicht",
    cause: "{detail}",
    effect: "Messwerte warten im Ausgangsspeicher, bis das berichtigt ist.",
    remedy: "Prüfen Sie auf beiden Seiten Zertifikat, Rechnername, Gültigkeit und Zugangsdaten, und die Uhrzeit des Gateways.",
  },
  CLOUD_MISCONFIGURED: {
    title: "Die Verbindung zur Cloud ist so, wie konfiguriert, nicht möglich",
    cause: "{detail}",
    effect: "Messwerte warten im Ausgangsspeicher, bis das berichtigt ist.",
    remedy: "Berichtigen Sie den Abschnitt `cloud` der Konfiguration.",
  },
  CLOUD_STOPPED: {
    title: "Die Verbindung zur Cloud wurde angehalten",
    cause: "{detail}",
    effect: "Messwerte warten im Ausgangsspeicher.",
    remedy: "Speichern Sie die Konfiguration oder starten Sie Weir neu, um es wieder zu versuchen. Geschieht es erneut, geben Sie das Protokoll dem Servicepartner.",
  },
  CLOUD_NAME_LEADS_INWARDS: {
    title: "Der Name {subject} der Cloud führt in ein Netz des Unternehmens",
    cause: "{detail}",
    effect: "Das Gateway verbindet sich dorthin nicht. Eine bestehende Verbindung läuft weiter, und eine neue führt zu den Adressen dieses Namens, die außerhalb liegen, falls es solche gibt.",
    remedy: "Prüfen Sie den DNS-Server: Vielleicht will jemand die Messwerte umleiten. Steht der Broker oder der Proxy im eigenen Netz des Unternehmens, tragen Sie statt des Namens seine Adresse ein.",
  },
  CLOUD_NAME_UNRESOLVED: {
    title: "Der Name {subject} der Cloud lässt sich nicht auflösen",
    cause: "{detail}",
    effect: "Messwerte werden trotzdem gesendet: Das Gateway nutzt die Adressen, die es zuvor kannte, einen Tag lang, wenn DNS schweigt, einige Minuten lang, wenn DNS sagt, dass es keine gibt.",
    remedy: "Prüfen Sie `network.dns`, den DNS-Server und den Namen im Abschnitt `cloud` der Konfiguration.",
  },
  CLOUD_DOCUMENT_REFUSED: {
    title: "Die Cloud nimmt das Dokument `{subject}` nicht an",
    cause: "{detail}",
    effect: "Messwerte werden trotzdem gesendet. Die Plattform kennt Maschinen oder Zustand des Gateways nur so, wie sie das Dokument zuletzt angenommen hat.",
    remedy: "Lassen Sie den Broker größere oder beständige (retained) Nachrichten annehmen: Das Verzeichnis hat etwa 5 KB je Maschine mit 50 Messpunkten, 10 MB bei 2.000. Prüfen Sie, ob das Gateway auf seine eigenen Topics schreiben darf.",
  },
  READINGS_REJECTED: {
    title: "Die Cloud hat Messwerte abgelehnt",
    cause: "{detail}",
    effect: "Sie sind beiseitegelegt und werden nicht noch einmal gesendet.",
    remedy: "Fragen Sie den Betreiber der Cloud-Plattform nach dem Grund; vergleichen Sie Formate und Grenzen.",
  },
  ZONE_CRASH_LOOP: {
    title: "Der Prozess {subject} endet immer wieder",
    cause: "{detail}",
    effect: "Er wird mit wachsenden Pausen neu gestartet. Was er tut, geschieht verspätet oder gar nicht; nichts Angenommenes geht verloren.",
    remedy: "Geben Sie das Protokoll dem Servicepartner. Ein Neustart des Gateways kann für eine Weile helfen.",
  },
  ZONE_NOT_STARTED: {
    title: "Der Prozess {subject} läuft nicht",
    cause: "{detail}",
    effect: "Die Maschinen seines Netz-Namensraums werden nicht gelesen. Alles andere arbeitet.",
    remedy: "Richten Sie den Netz-Namensraum ein und starten Sie seinen Prozess; docs/topologies/shared-subnets.md sagt, wie. Es wird von selbst bemerkt.",
  },
  NETWORK_ON_TRIAL: {
    title: "Eine Änderung ({subject}) gilt auf Probe",
    cause: "{detail}",
    effect: "Bestätigt sie niemand rechtzeitig, kehrt von selbst zurück, was vorher galt: Eine falsche Änderung sperrt niemanden auf Dauer aus.",
    remedy: "Ist alles noch erreichbar, bestätigen Sie sie mit `weir network confirm`. Wenn nicht, warten Sie.",
  },
  NETWORK_CHANGE_RETURNED: {
    title: "Eine Änderung ({subject}) wurde nicht bestätigt und ist zurückgenommen",
    cause: "{detail}",
    effect: "Die Konfiguration sagt etwas anderes, als das Gateway tut: Es gilt, was zuletzt bestätigt war.",
    remedy: "Berichtigen Sie die Konfiguration oder nehmen Sie die Änderung zurück; oder versuchen Sie sie erneut mit `weir network try` und bestätigen Sie sie mit `weir network confirm`.",
  },
  FIREWALL_NOT_APPLIED: {
    title: "Die Einstellung ({subject}) konnte nicht wie konfiguriert angewandt werden",
    cause: "{detail}",
    effect: "Es gilt weiter, was vorher galt. Vor dem ersten Erfolg geht nichts hinein oder hinaus.",
    remedy: "Berichtigen Sie die Konfiguration, wo der Grund sie nennt; `weir check` und `weir firewall show` helfen. Nennt er sie nicht, geben Sie das Protokoll dem Servicepartner.",
  },
  ...germanAuditTexts,
  ...germanDetectionTexts,
  ...germanIngestTexts,
  ...germanPageTexts,
  ...plantGerman,
  ...germanTaskTexts,
};
