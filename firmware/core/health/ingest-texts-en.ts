// The conditions of the ingest endpoint, and of peers that are no machine of ours, in English.

import type { ConditionText, IngestCode } from "./condition-codes.ts";

export const englishIngestTexts: Readonly<Record<IngestCode, ConditionText>> = {
  INGEST_PLAIN: {
    title: "Machines may publish unencrypted: {subject}",
    cause: "`ingestPlain` is switched on there. {detail}",
    effect: "Whoever can listen in this machine network reads passwords and values, and can then publish in a machine's place. What is acknowledged is durable all the same.",
    remedy: "Let the machines publish by TLS (`ingestTls`) and remove `ingestPlain`; enrol anew those whose password went unencrypted (`weir assets enrol`). Where machines cannot speak TLS, keep others out of this network.",
  },
  INGEST_CLOSED: {
    title: "The gateway does not listen for machines: {subject}",
    cause: "{detail}",
    effect: "Machines that publish there do not reach the gateway and keep what they can keep themselves. The gateway tries again every few seconds.",
    remedy: "Check cable and addresses of the interface in `network.field`, and that no other program has the port.",
  },
  INGEST_FULL: {
    title: "Machines publish more than can be made durable",
    cause: "{detail}",
    effect: "The gateway reads more slowly and machines wait with what they have. Nothing acknowledged is lost.",
    remedy: "If this stays, find the machine that publishes too much, or give the gateway faster storage.",
  },
  INGEST_REFUSED: {
    title: "A client is not let in, or does what it may not: {subject}",
    cause: "{detail}",
    effect: "Nothing of it is taken. If it is a machine of yours, its values are missing.",
    remedy: "If it is a machine of yours, enrol it with `weir assets enrol` and set at it what that gives out. If not, find out who is there.",
  },
  PEER_FAULTY: {
    title: "Something in a machine network does not keep to the rules: {subject}",
    cause: "{detail}",
    effect: "Its connections are ended or its messages dropped. Other machines are not affected.",
    remedy: "Find out which device has this address and whether it is faulty, wrongly set up, or not what it should be.",
  },
};
