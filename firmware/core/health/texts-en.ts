// The conditions in English.

import { englishAuditTexts } from "./audit-texts-en.ts";
import type { ConditionCode, ConditionText } from "./condition-codes.ts";
import { englishDetectionTexts } from "./detection-texts-en.ts";
import { englishIngestTexts } from "./ingest-texts-en.ts";
import { englishPageTexts } from "./page-texts-en.ts";
import { plantEnglish } from "./plant-texts-en.ts";
import { englishTaskTexts } from "./task-texts-en.ts";

export const englishTexts: Readonly<Record<ConditionCode, ConditionText>> = {
  OUTBOX_SET_ASIDE: {
    title: "The outbox was damaged and set aside",
    cause: "{detail}",
    effect: "What is readable of it is sent under its old stream and numbers; new readings go to a new stream. What is not readable is told to the receiver as a gap with the reason `damaged` and is lost unless the file can be repaired.",
    remedy: "Keep the file that is named here and send it to your service partner. Check the storage medium: a damaged database is often its first sign.",
  },
  OUTBOX_RECOVERING: {
    title: "Readings are being recovered from a damaged outbox",
    cause: "{detail}",
    effect: "New readings are accepted and sent as usual; recovered ones follow as backlog.",
    remedy: "Nothing to do. Do not switch the gateway off until this has gone.",
  },
  OUTBOX_DROPPING: {
    title: "Readings are dropped because the outbox has reached its limit",
    cause: "{detail}",
    effect: "The oldest readings are deleted before they were sent. The receiver is told exactly which ones by a gap record.",
    remedy: "Restore the connection to {subject}, or give the outbox more space or age in the configuration.",
  },
  STORAGE_FULL: {
    title: "The storage is full",
    cause: "{detail}",
    effect: "No new reading is accepted. Machines keep what they can keep themselves.",
    remedy: "Free space on the file system of the data directory; acceptance resumes by itself.",
  },
  WAL_HELD: {
    title: "A foreign program holds a database open",
    cause: "{detail}",
    effect: "The write-ahead log of {subject} cannot be emptied and grows.",
    remedy: "End the program that reads the database file (a viewer, a backup by copy). Use `weir backup` instead of copying the file.",
  },
  STATE_SET_ASIDE: {
    title: "The state database was damaged and set aside",
    cause: "{detail}",
    effect: "Machines are identified anew, last values start empty. No reading in the outbox is affected.",
    remedy: "Check the storage medium. The file named here can be deleted once the machines are connected again.",
  },
  AUDIT_SET_ASIDE: {
    title: "The audit log was damaged and set aside",
    cause: "{detail}",
    effect: "A new audit log has begun. Entries before it are only in the file named here.",
    remedy: "Keep the file as evidence. Find out whether the storage medium failed or somebody changed the file.",
  },
  AUDIT_CHAIN_BROKEN: {
    title: "The audit log was altered",
    cause: "{detail}",
    effect: "Entries from there on cannot be trusted as evidence.",
    remedy: "Keep a copy of audit.db, find out who had access to the gateway, and treat this as a security incident.",
  },
  AUDIT_NOT_WRITTEN: {
    title: "The audit log cannot be written",
    cause: "{detail}",
    effect: "The gateway keeps working, but what happens is not recorded.",
    remedy: "Free space on the file system of the data directory and check the rights of audit.db.",
  },
  VAULT_SET_ASIDE: {
    title: "The vault was damaged and set aside",
    cause: "{detail}",
    effect: "All secrets are gone. Machines and cloud that need one cannot be reached.",
    remedy: "Set the secrets again with `weir secret set NAME`. Check the storage medium.",
  },
  VAULT_KEY_UNUSABLE: {
    title: "The key of the vault cannot be used",
    cause: "{detail}",
    effect: "No secret can be read or set. Machines and cloud that need one cannot be reached; everything else works.",
    remedy: "Put the right key file back with owner and mode as named, and restart. Without it, delete vault.key and vault.db and set the secrets again.",
  },
  SECRET_UNREADABLE: {
    title: "The secret {subject} cannot be decrypted",
    cause: "{detail}",
    effect: "Whoever needs this secret cannot connect.",
    remedy: "Set it again with `weir secret set {subject}`. If nobody changed key or database, check the storage medium.",
  },
  SECRET_MISSING: {
    title: "The secret {subject} is not set",
    cause: "The configuration refers to it: {detail}",
    effect: "Whoever needs this secret cannot connect.",
    remedy: "Set it with `weir secret set {subject}`.",
  },
  MACHINE_CA_UNUSABLE: {
    title: "The certificate authority of the machines cannot be used",
    cause: "{detail}",
    effect: "Machines cannot connect to the gateway over TLS where the endpoint has no certificate yet, and none can be enrolled. Machines that the gateway itself connects to are not affected.",
    remedy: "Remove the cause that is named. If what the vault held is lost for good, make a new authority with `weir ca renew` and enrol the machines anew.",
  },
  MACHINE_CA_REPLACED: {
    title: "Machines must be given the new certificate authority",
    cause: "The certificate authority of the machines was made anew, on order or because the vault was lost. Enrolled with a former one: {detail}.",
    effect: "These machines refuse the gateway's new certificate, and certificates that the former authority gave them are not taken any more.",
    remedy: "For each of them: `weir assets enrol NAME`, and put what it prints and the new authority (`weir ca export`) into the machine. `weir assets disenrol NAME` for one that shall not publish any more.",
  },
  INGEST_ADDRESS_UNNAMED: {
    title: "The ingest endpoint's certificate cannot name {subject}",
    cause: "The certificate authority of the machines may name private addresses and those of the segments that were configured when it was made. {detail} is neither.",
    effect: "Machines that check the certificate refuse to connect to this address over TLS.",
    remedy: "Make a new authority with `weir ca renew`, which takes in the segments of today, and enrol the machines anew; or let machines reach the gateway at a private address.",
  },
  CONFIG_BROKEN: {
    title: "The configuration has faults and is not used",
    cause: "{detail}",
    effect: "The gateway works on with the last configuration that was good.",
    remedy: "Correct the lines that are named. `weir check` shows all of them.",
  },
  CONFIG_NEEDS_RESTART: {
    title: "Part of the configuration waits for a restart",
    cause: "Changed, but read only at start: {detail}",
    effect: "The gateway works on with the former values of these settings.",
    remedy: "Restart Weir when it suits. No accepted reading is lost by a restart.",
  },
  ASSET_LOST: {
    title: "No connection to {subject}",
    cause: "{detail}",
    effect: "Its points are marked bad. What the machine keeps meanwhile is fetched when it is back.",
    remedy: "Check that the machine is switched on and its network cable and address are right. The gateway keeps trying.",
  },
  ASSET_DENIED: {
    title: "{subject} and the gateway do not trust each other",
    cause: "{detail}",
    effect: "The machine is not read and no credentials are sent to it.",
    remedy: "Make sure that this is the right machine, then correct its certificate, pin or credentials in the configuration.",
  },
  ASSET_MISCONFIGURED: {
    title: "{subject} cannot be read as configured",
    cause: "{detail}",
    effect: "The machine is not read.",
    remedy: "Correct the section of this machine in the configuration.",
  },
  ASSET_STOPPED: {
    title: "The driver of {subject} was stopped",
    cause: "{detail}",
    effect: "The machine is not read. Other machines are not affected.",
    remedy: "Save the configuration or restart Weir to try again. If it happens again, send the log to your service partner.",
  },
  ASSET_CHANGED: {
    title: "Another machine answers behind {subject}",
    cause: "{detail}",
    effect: "The new machine is read under its own identity; the former one stays in the register as no longer assigned.",
    remedy: "If the machine was exchanged, nothing. If not, find out what answers at this address.",
  },
  ASSET_TWICE: {
    title: "The machine behind {subject} is configured twice",
    cause: "{detail}",
    effect: "It is read once; the readings that come by the second way are set apart.",
    remedy: "Remove one of the two sections from the configuration, or correct its address.",
  },
  ASSETS_PENDING: {
    title: "Machines wait to be accepted",
    cause: "{detail} found on the {subject} and neither accepted by a rule nor looked at by a person.",
    effect: "They are not read.",
    remedy: "`weir assets list` shows them; accept or refuse each with `weir assets accept` and `weir assets refuse`.",
  },
  ASSET_SUSPENDED: {
    title: "The machine {subject} is not what was accepted",
    cause: "{detail}",
    effect: "It is read no more, and its points are bad, until a person has looked.",
    remedy: "Find out at the machine what was exchanged. `weir assets show {subject}` tells what changed; `weir assets accept {subject}` takes it up again as it is now, `weir assets refuse {subject}` keeps it out.",
  },
  ASSET_IMPOSTOR: {
    title: "Somebody else claims to be the machine {subject}",
    cause: "It is announced from {detail} too, and what shows itself there is not what was accepted, or the machine is connected elsewhere.",
    effect: "None on the machine: it is read where it was accepted. The other one waits, and is not read.",
    remedy: "Find out what stands at that address. If the machine was moved or exchanged, `weir assets list` shows the other one to be accepted.",
  },
  FOUND_TOO_MANY: {
    title: "More is found on segment {subject} than can wait",
    cause: "At most 2,000 found machines wait to be looked at, and 32 of one address; more come, for example from {detail}.",
    effect: "What came later is not listed. Nothing that was accepted, refused or waits already is pushed out.",
    remedy: "Find out who announces so many. `weir assets list` shows what waits; `weir assets forget` takes away what is of no use.",
  },
  PUBLISH_URL_REFUSED: {
    title: "{subject} points to an address that is not allowed",
    cause: "{detail}",
    effect: "The gateway does not connect there. The machine is read by requests only.",
    remedy: "Correct the publish address in the machine, or add its network to `segment` if it is meant to be there.",
  },
  ASSET_ADVISORY: {
    title: "{subject} works with a restriction",
    cause: "{detail}",
    effect: "The machine is read, but not completely.",
    remedy: "Correct what is named.",
  },
  PAYLOADS_QUARANTINED: {
    title: "Data was set apart",
    cause: "{detail}",
    effect: "It was acknowledged to its source and is not sent on. The quarantine is bounded: the oldest makes room.",
    remedy: "Check the profile of the machine, and that the machine is configured and accepted.",
  },
  CLOUD_LOST: {
    title: "No connection to the cloud",
    cause: "{detail}",
    effect: "Readings wait in the outbox and are sent when the connection is back.",
    remedy: "Check the Internet connection, the proxy and the firewall of the plant. The gateway keeps trying.",
  },
  CLOUD_REFUSED: {
    title: "The cloud and the gateway do not trust each other",
    cause: "{detail}",
    effect: "Readings wait in the outbox until this is corrected.",
    remedy: "Check certificate, host name, validity dates and credentials on both sides, and the time of the gateway.",
  },
  CLOUD_MISCONFIGURED: {
    title: "The cloud link cannot be used as configured",
    cause: "{detail}",
    effect: "Readings wait in the outbox until this is corrected.",
    remedy: "Correct the section `cloud` of the configuration.",
  },
  CLOUD_STOPPED: {
    title: "The cloud link was stopped",
    cause: "{detail}",
    effect: "Readings wait in the outbox.",
    remedy: "Save the configuration or restart Weir to try again. If it happens again, send the log to your service partner.",
  },
  CLOUD_NAME_LEADS_INWARDS: {
    title: "The cloud's name {subject} leads into a network of the company",
    cause: "{detail}",
    effect: "The gateway does not connect there. A connection that stands goes on, and a new one is made to addresses of this name that lie outside, if there are any.",
    remedy: "Check the DNS server: somebody may want the readings to go elsewhere. If the broker or the proxy is in the company's own network, write its address instead of a name.",
  },
  CLOUD_NAME_UNRESOLVED: {
    title: "The cloud's name {subject} cannot be resolved",
    cause: "{detail}",
    effect: "Readings are sent all the same: the gateway uses the addresses that it knew before, for a day if DNS is silent, for some minutes if DNS says that there are none.",
    remedy: "Check `network.dns`, the DNS server and the name in the section `cloud` of the configuration.",
  },
  CLOUD_DOCUMENT_REFUSED: {
    title: "The cloud does not take the document `{subject}`",
    cause: "{detail}",
    effect: "Readings are sent all the same. The platform knows the machines or the state of the gateway only as they were when it took the document last.",
    remedy: "Let the broker take larger or retained messages: the inventory has some 5 KB per machine of 50 points, 10 MB for 2,000. Check that the gateway may publish to its own topics.",
  },
  READINGS_REJECTED: {
    title: "The cloud refused readings",
    cause: "{detail}",
    effect: "They are kept apart and not sent again.",
    remedy: "Ask the operator of the cloud platform for the reason; compare the formats and limits.",
  },
  ZONE_CRASH_LOOP: {
    title: "The process {subject} keeps ending",
    cause: "{detail}",
    effect: "It is started again with growing pauses. What it does happens late or not at all; nothing accepted is lost.",
    remedy: "Send the log to your service partner. A restart of the gateway may help for a while.",
  },
  ZONE_NOT_STARTED: {
    title: "The process {subject} does not run",
    cause: "{detail}",
    effect: "The machines of its network namespace are not read. Everything else works.",
    remedy: "Make the network namespace and start its process; docs/topologies/shared-subnets.md says how. It is noticed by itself.",
  },
  NETWORK_ON_TRIAL: {
    title: "A change of the {subject} is on trial",
    cause: "{detail}",
    effect: "Unless somebody confirms it in time, what held before returns by itself, so that a wrong change cuts nobody off for good.",
    remedy: "If you can still reach everything, confirm it with `weir network confirm`. If not, wait.",
  },
  NETWORK_CHANGE_RETURNED: {
    title: "A change of the {subject} was not confirmed and is undone",
    cause: "{detail}",
    effect: "The configuration says one thing and the gateway does another: what was confirmed before is in force.",
    remedy: "Correct the configuration or take the change back; or try it again with `weir network try` and confirm it with `weir network confirm`.",
  },
  FIREWALL_NOT_APPLIED: {
    title: "The {subject} could not be set up as configured",
    cause: "{detail}",
    effect: "What was in force before still is. Before the first success nothing passes in or out.",
    remedy: "Correct the configuration where the cause names it; `weir check` and `weir firewall show` help. Where it names none, send the log to your service partner.",
  },
  ...englishAuditTexts,
  ...englishDetectionTexts,
  ...englishIngestTexts,
  ...englishPageTexts,
  ...plantEnglish,
  ...englishTaskTexts,
};
