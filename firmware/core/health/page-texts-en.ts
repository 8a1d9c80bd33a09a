// The conditions of the web page, in English.

import type { ConditionText, PageCode } from "./condition-codes.ts";

export const englishPageTexts: Readonly<Record<PageCode, ConditionText>> = {
  PAGE_NOT_SERVED: {
    title: "The web page cannot be opened",
    cause: "{detail}",
    effect: "Nobody can administer the gateway with a browser. Machines, outbox, cloud and the `weir` command are not affected. The gateway tries again every few seconds.",
    remedy: "Remove the cause that is named. Where another program has the port, end it or give the page another one: `network.admin.port`, or `page.port` where there is no `network.admin`. Without a page: `page.enabled: false`.",
  },
  PAGE_CERTIFICATE_ENDS: {
    title: "The certificate of the web page ends soon",
    cause: "It was issued by the plant's certificate authority. {detail}",
    effect: "From then on browsers refuse the page.",
    remedy: "Make a request with `weir page request`, have it signed by the plant's authority and upload the certificate with `weir page install`. Or go back to the gateway's own with `weir page remove`.",
  },
  PAGE_CERTIFICATE_OVER: {
    title: "The certificate of the web page is over",
    cause: "It was issued by the plant's certificate authority. {detail}",
    effect: "It is still shown, and browsers refuse the page. The `weir` command works.",
    remedy: "Make a request with `weir page request`, have it signed by the plant's authority and upload the certificate with `weir page install`. Or go back to the gateway's own with `weir page remove`. If the gateway's clock is wrong, set it right.",
  },
  PAGE_NAME_UNNAMED: {
    title: "The web page's certificate does not name {subject}",
    cause: "When the gateway's certificate authority for people was made, this name was not foreseen: it may name only what it was made for. {detail}",
    effect: "Whoever opens the page by it is warned by the browser, even where the authority is known to it.",
    remedy: "Make a new authority with `weir ca renew --people` and give it to the browsers that know the present one; or use a certificate of the plant (`weir page request`).",
  },
};
