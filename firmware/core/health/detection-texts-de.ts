// The conditions of detection in German.

import type { ConditionText, DetectionCode } from "./condition-codes.ts";

export const germanDetectionTexts: Readonly<Record<DetectionCode, ConditionText>> = {
  DETECTION_GATEWAY_ADDRESS_CLAIMED: {
    title: "Jemand benutzt auf {subject} die eigene Adresse des Gateways",
    cause: "MAC und Adresse: {detail}.",
    effect: "Maschinen dieses Netzes senden ihre Daten womöglich ihm statt dem Gateway. Mit TLS kann er sie nicht lesen; Maschinen ohne Verschlüsselung sind ihm ausgeliefert.",
    remedy: "Suchen Sie am Switch das Gerät mit dieser MAC und trennen Sie es ab. Ist es ein Versehen, geben Sie ihm eine andere Adresse.",
  },
  DETECTION_ADDRESS_CONTESTED: {
    title: "Zwei Geräte benutzen auf {subject} dieselbe Adresse",
    cause: "{detail}.",
    effect: "Messwerte dieser Maschine kommen womöglich von jemand anderem oder gar nicht. Es ist ein Angriff (ARP- oder Nachbar-Spoofing) oder eine doppelt vergebene Adresse.",
    remedy: "Suchen Sie am Switch das Gerät mit dieser MAC. Trennen Sie ab, was dort nicht hingehört; berichtigen Sie eine doppelt vergebene Adresse.",
  },
  DETECTION_DISCOVERY_FORGED: {
    title: "Jemand antwortet auf {subject} im Namen von Maschinen",
    cause: "WS-Discovery von {detail}.",
    effect: "Womöglich werden falsche Maschinen zur Annahme angeboten. Was von einer Adresse außerhalb des Segments kommt, wird verworfen.",
    remedy: "Nehmen Sie keine inzwischen gefundene Maschine an, bevor Sie ihr Typenschild gesehen haben. Suchen Sie den Absender am Switch.",
  },
  DETECTION_ZONE_OUTWARDS: {
    title: "Ein Teil des Gateways wollte hinaus, wo er nicht darf",
    cause: "{detail}.",
    effect: "Die Pakete wurden verworfen. Die Konfiguration nennt ein Ziel, das sie nicht öffnet (eine Maschine außerhalb ihres Segments, einen Namen ohne `network.dns`), oder es ist ein Fehler, oder jemand hat diesen Teil übernommen.",
    remedy: "Sehen Sie nach dem Ziel und vergleichen Sie die Zeit mit Änderungen der Konfiguration. Erklärt es beides nicht, nehmen Sie das Gateway vom Netz, bewahren Sie seine Protokolle und rufen Sie den Servicepartner.",
  },
  DETECTION_SCAN: {
    title: "Jemand sucht auf {subject} nach offenen Türen",
    cause: "{detail}.",
    effect: "Nichts wurde durchgelassen.",
    remedy: "Suchen Sie das Gerät mit dieser Adresse. Sucht niemand von Ihren Leuten, behandeln Sie es als übernommen.",
  },
  DETECTION_CALLS_OUTWARDS: {
    title: "Eine Maschine auf {subject} ruft nach außen",
    cause: "{detail}.",
    effect: "Das Gateway leitet nichts weiter: Die Pakete wurden verworfen.",
    remedy: "Eine Maschine, die Updates oder die Zeit sucht, ist falsch eingestellt: Berichtigen Sie das. Jede andere, die nach außen ruft, ist verdächtig.",
  },
  DETECTION_TOO_MANY_SOURCES: {
    title: "Auf {subject} senden mehr, als unterschieden werden können",
    cause: "Art und Zahl: {detail}.",
    effect: "Die Pakete werden verworfen oder begrenzt. Einzelne Absender dieser Art werden solange nicht genannt, und ein neues Gerät kann unbemerkt bleiben.",
    remedy: "In der Regel fälscht jemand Adressen. Suchen Sie den Anschluss des Switches, von dem die Pakete kommen.",
  },
  DETECTION_FLOOD: {
    title: "Ein Absender auf {subject} sendet zu viel",
    cause: "{detail}.",
    effect: "Was zu viel ist, wird verworfen; die anderen werden bedient.",
    remedy: "Suchen Sie das Gerät mit dieser Adresse. Es ist defekt oder übernommen.",
  },
  DETECTION_FALSE_SOURCE: {
    title: "Von {subject} kommen Pakete mit falschen Adressen",
    cause: "{detail}.",
    effect: "Sie werden verworfen.",
    remedy: "Ein Gerät mit falscher Adresse oder ohne Adresse von DHCP: Berichtigen Sie es. Sonst fälscht jemand Adressen.",
  },
  DETECTION_ADDRESS_CHANGED: {
    title: "Ein anderes Gerät hat auf {subject} eine Adresse übernommen",
    cause: "MAC, Adresse und frühere MAC: {detail}.",
    effect: "Messwerte unter dieser Adresse kommen von einem anderen Gerät als bisher.",
    remedy: "Wurde ein Gerät getauscht, bestätigen Sie es mit `weir detections accept`. Sonst suchen Sie am Switch das Gerät mit dieser MAC.",
  },
  DETECTION_NEW_DEVICE: {
    title: "Ein neues Gerät meldet sich auf {subject}",
    cause: "MAC und Adresse: {detail}.",
    effect: "Es erreicht die für dieses Netz freigegebenen Ports des Gateways und sonst nichts.",
    remedy: "Gehört es dorthin, bestätigen Sie es mit `weir detections accept`. Sonst suchen Sie es am Switch.",
  },
  DETECTION_DEVICE_MOVED: {
    title: "Ein Gerät auf {subject} hat eine andere Adresse als bisher",
    cause: "{detail}.",
    effect: "Wo die Konfiguration seine Adresse nennt, wird es nicht mehr gelesen.",
    remedy: "Berichtigen Sie die Konfiguration, oder geben Sie dem Gerät seine Adresse zurück.",
  },
  DETECTION_DENIED: {
    title: "Jemand auf {subject} versucht, was nicht erlaubt ist",
    cause: "{detail}.",
    effect: "Nichts wurde durchgelassen.",
    remedy: "Soll es durchkommen, erlauben Sie es in der Konfiguration; `weir firewall explain` sagt, was fehlt. Sonst berichtigen Sie den Absender.",
  },
};
