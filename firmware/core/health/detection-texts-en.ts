// The conditions of detection in English.

import type { ConditionText, DetectionCode } from "./condition-codes.ts";

export const englishDetectionTexts: Readonly<Record<DetectionCode, ConditionText>> = {
  DETECTION_GATEWAY_ADDRESS_CLAIMED: {
    title: "Somebody uses the gateway's own address on {subject}",
    cause: "MAC and address: {detail}.",
    effect: "Machines of this network may send their data to him instead of the gateway. TLS keeps it unread; machines without encryption are at his mercy.",
    remedy: "Find the device with this MAC at the switch and disconnect it. If it is a mistake, give it another address.",
  },
  DETECTION_ADDRESS_CONTESTED: {
    title: "Two devices use the same address on {subject}",
    cause: "{detail}.",
    effect: "Readings of this machine may come from somebody else, or not at all. It is an attack (ARP or neighbour spoofing) or an address that was given twice.",
    remedy: "Find the device with this MAC at the switch. Disconnect what does not belong there; correct an address that was given twice.",
  },
  DETECTION_DISCOVERY_FORGED: {
    title: "Somebody answers for machines on {subject}",
    cause: "WS-Discovery from {detail}.",
    effect: "False machines may be offered for acceptance. What comes from an address outside the segment is dropped.",
    remedy: "Accept no machine that was found meanwhile before you have seen its nameplate. Find the sender at the switch.",
  },
  DETECTION_ZONE_OUTWARDS: {
    title: "A part of the gateway wanted out where it may not",
    cause: "{detail}.",
    effect: "The packets were dropped. The configuration names a destination that it does not open (a machine outside its segment, a name without `network.dns`), or there is a defect, or somebody has taken over this part.",
    remedy: "Look at the destination and compare the time with changes of the configuration. If neither explains it, take the gateway off the network, keep its logs and call your service partner.",
  },
  DETECTION_SCAN: {
    title: "Somebody looks for open doors on {subject}",
    cause: "{detail}.",
    effect: "Nothing was let through.",
    remedy: "Find the device with this address. If nobody of your people scans, treat it as taken over.",
  },
  DETECTION_CALLS_OUTWARDS: {
    title: "A machine on {subject} calls outwards",
    cause: "{detail}.",
    effect: "The gateway forwards nothing: the packets were dropped.",
    remedy: "A machine that looks for updates or time has a wrong setting: correct it. Any other machine that calls outwards is suspect.",
  },
  DETECTION_TOO_MANY_SOURCES: {
    title: "More senders on {subject} than can be told apart",
    cause: "Kind and number: {detail}.",
    effect: "The packets are dropped or limited. Single senders of this kind are not told while it lasts, and a new device may go unnoticed.",
    remedy: "Somebody forges addresses, as a rule. Find the port of the switch that the packets come from.",
  },
  DETECTION_FLOOD: {
    title: "A sender on {subject} sends too much",
    cause: "{detail}.",
    effect: "What is too much is dropped; the others are served.",
    remedy: "Find the device with this address. It is broken or taken over.",
  },
  DETECTION_FALSE_SOURCE: {
    title: "Packets with false addresses come from {subject}",
    cause: "{detail}.",
    effect: "They are dropped.",
    remedy: "A device with a wrong address or without one from DHCP: correct it. Else somebody forges addresses.",
  },
  DETECTION_ADDRESS_CHANGED: {
    title: "Another device has taken an address on {subject}",
    cause: "MAC, address and former MAC: {detail}.",
    effect: "Readings under this address come from another device than before.",
    remedy: "If a device was replaced, accept it with `weir detections accept`. Else find the device with this MAC at the switch.",
  },
  DETECTION_NEW_DEVICE: {
    title: "A new device speaks on {subject}",
    cause: "MAC and address: {detail}.",
    effect: "It reaches the gateway's declared ports of this network and nothing else.",
    remedy: "If it belongs there, accept it with `weir detections accept`. Else find it at the switch.",
  },
  DETECTION_DEVICE_MOVED: {
    title: "A device on {subject} has another address than before",
    cause: "{detail}.",
    effect: "Where the configuration names its address, it is not read any more.",
    remedy: "Correct the configuration, or give the device its address back.",
  },
  DETECTION_DENIED: {
    title: "Somebody on {subject} tries what is not allowed",
    cause: "{detail}.",
    effect: "Nothing was let through.",
    remedy: "If it shall pass, declare it in the configuration; `weir firewall explain` says what is missing. Else correct the sender.",
  },
};
