// The conditions of the web page, in German.

import type { ConditionText, PageCode } from "./condition-codes.ts";

export const germanPageTexts: Readonly<Record<PageCode, ConditionText>> = {
  PAGE_NOT_SERVED: {
    title: "Die Webseite ist nicht erreichbar",
    cause: "{detail}",
    effect: "Niemand kann das Gateway mit einem Browser verwalten. Maschinen, Ausgangsspeicher, Cloud und der Befehl `weir` sind nicht betroffen. Das Gateway versucht es alle paar Sekunden wieder.",
    remedy: "Beseitigen Sie die genannte Ursache. Hat ein anderes Programm den Port, beenden Sie es oder geben Sie der Seite einen anderen: `network.admin.port`, oder `page.port`, wo es kein `network.admin` gibt. Ohne Seite: `page.enabled: false`.",
  },
  PAGE_CERTIFICATE_ENDS: {
    title: "Das Zertifikat der Webseite läuft bald ab",
    cause: "Es wurde von der Zertifizierungsstelle des Werks ausgestellt. {detail}",
    effect: "Danach lehnen Browser die Seite ab.",
    remedy: "Erzeugen Sie mit `weir page request` einen Antrag, lassen Sie ihn von der Stelle des Werks unterschreiben und laden Sie das Zertifikat mit `weir page install` hoch. Oder kehren Sie mit `weir page remove` zum eigenen des Gateways zurück.",
  },
  PAGE_CERTIFICATE_OVER: {
    title: "Das Zertifikat der Webseite ist abgelaufen",
    cause: "Es wurde von der Zertifizierungsstelle des Werks ausgestellt. {detail}",
    effect: "Es wird weiter gezeigt, und Browser lehnen die Seite ab. Der Befehl `weir` funktioniert.",
    remedy: "Erzeugen Sie mit `weir page request` einen Antrag, lassen Sie ihn von der Stelle des Werks unterschreiben und laden Sie das Zertifikat mit `weir page install` hoch. Oder kehren Sie mit `weir page remove` zum eigenen des Gateways zurück. Geht die Uhr des Gateways falsch, stellen Sie sie.",
  },
  PAGE_NAME_UNNAMED: {
    title: "Das Zertifikat der Webseite nennt {subject} nicht",
    cause: "Als die Zertifizierungsstelle des Gateways für Menschen erzeugt wurde, war dieser Name nicht vorgesehen: Sie darf nur nennen, wofür sie erzeugt wurde. {detail}",
    effect: "Wer die Seite so aufruft, wird vom Browser gewarnt, auch wo er die Stelle kennt.",
    remedy: "Erzeugen Sie mit `weir ca renew --people` eine neue Stelle und geben Sie sie den Browsern, die die jetzige kennen; oder verwenden Sie ein Zertifikat des Werks (`weir page request`).",
  },
};
