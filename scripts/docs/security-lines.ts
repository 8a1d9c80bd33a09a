// The lines of the security requirements that Weir answers to, and for each whether a test shows it, what it waits for, or why it does not apply.

export interface SecurityLine {
  /** As the names of tests begin. */
  readonly ids: readonly string[];
  readonly title: string;
  /** What the product lacks for it yet; a line without it and without `notApplicable` must have a test. */
  readonly comesWith?: string;
  /** Shown by the tests of these. */
  readonly sameAs?: readonly string[];
  /** Shown by reading it. */
  readonly document?: string;
  /** Why it does not apply. */
  readonly notApplicable?: string;
}

export interface SecurityPart {
  readonly title: string;
  readonly lines: readonly SecurityLine[];
}

const UPDATES = "signed updates, which do not exist yet";
const IMAGE = "the appliance's image, which does not exist yet";
const BACKUPS = "backups, which do not exist yet";
const RADIO = "the technician's radio link, which does not exist yet";

const line = (ids: string, title: string, more: Omit<SecurityLine, "ids" | "title"> = {}): SecurityLine => ({ ids: ids.split(", "), title, ...more });

export const SECURITY_PARTS: readonly SecurityPart[] = [
  {
    title: "IEC 62443-4-2, security level 2",
    lines: [
      line("CR 1.1", "Every person is identified, uniquely; administrators by a second factor too"),
      line("CR 1.2", "Programs and devices are identified"),
      line("CR 1.3, CR 1.4, CR 1.5", "Accounts, names and what proves them have a life: made, given out, changed, blocked, deleted; no default credential"),
      line("CR 1.7", "Passwords are strong enough"),
      line("CR 1.8, CR 1.9", "Certificates are issued and checked: expired, for another host, of another authority, self-signed are refused"),
      line("CR 1.10", "A refused login tells nothing: the same words and time for whoever it was"),
      line("CR 1.11", "Failed logins lock the account for 30 minutes"),
      line("CR 1.12", "A notice stands before the login"),
      line("CR 1.14", "Symmetric keys are long enough and of good origin"),
      line("CR 2.1", "Who may do what is fixed by role, and enforced at every call"),
      line("CR 2.2, NDR 1.6", "Use of radio is controlled", { comesWith: RADIO }),
      line("CR 2.5", "A session that is not used is locked"),
      line("CR 2.6", "A session ends by time, and by an administrator"),
      line("CR 2.7", "So many sessions at a time and no more"),
      line("CR 2.8", "What happens is recorded: each event once, with time, result and who"),
      line("CR 2.9, CR 2.10", "Room for the audit log is kept; a failure to write is told and stops nothing"),
      line("CR 2.11", "Records have a time, and say how sure it is"),
      line("CR 2.12", "Who did it cannot be altered afterwards"),
      line("EDR 2.4", "Mobile code", { notApplicable: "There is no code that is loaded into the product: no plug-ins, no scripts; profiles are data." }),
      line("EDR 2.13", "Diagnostic interfaces of the hardware are closed", { comesWith: IMAGE }),
      line("CR 3.1", "What is sent cannot be altered on its way: TLS 1.2 or 1.3"),
      line("EDR 3.2", "Foreign programs do not run"),
      line("CR 3.3", "The security functions check themselves", { comesWith: "`weir selftest`, which does not exist yet" }),
      line("CR 3.4", "Altered software and data are noticed", { comesWith: `${IMAGE}; the databases are checked today (docs/reliability.md)` }),
      line("CR 3.5", "Everything that comes in is checked"),
      line("CR 3.6", "Outputs go to a safe state", { notApplicable: "The product has no digital outputs." }),
      line("CR 3.7", "Errors tell no secrets and no insides"),
      line("CR 3.8", "Sessions cannot be guessed, fixed, stolen by another page or used after their end"),
      line("CR 3.9", "The audit log is protected: nobody deletes, few read"),
      line("EDR 3.10", "Updates are authentic", { comesWith: UPDATES }),
      line("EDR 3.11", "Tampering with the case", { notApplicable: "There is no tamper input unless a GPIO is wired, which the product does not use." }),
      line("EDR 3.12, EDR 3.13", "Roots of trust of supplier and owner", { comesWith: UPDATES }),
      line("EDR 3.14", "The boot is whole", { comesWith: IMAGE }),
      line("CR 4.1", "Secrets are readable nowhere"),
      line("CR 4.2", "What is given away holds nothing any more", { comesWith: "factory reset, which comes with the appliance's image" }),
      line("CR 4.3", "Cryptography is approved"),
      line("CR 5.1, NDR 5.2", "Networks are kept apart; what is not declared does not pass, and is counted"),
      line("NDR 1.13", "Nothing is open to untrusted networks"),
      line("NDR 5.3", "Messages from person to person", { notApplicable: "The product carries none." }),
      line("CR 6.1", "The audit log can be read by those who may"),
      line("CR 6.2", "What happens is told to whoever watches: syslog over TLS"),
      line("CR 7.1, CR 7.2", "Floods and hostile peers stop no telemetry, and memory stays bounded"),
      line("CR 7.3, CR 7.4", "Backup and recovery", { comesWith: BACKUPS }),
      line("CR 7.6", "Settings of network and security are known and checked"),
      line("CR 7.7", "Nothing runs or listens that is not needed"),
      line("CR 7.8", "What it is made of can be listed", { comesWith: "the list of components (SBOM), which comes with the image; devices are listed by `weir assets export`" }),
    ],
  },
  {
    title: "ETSI EN 303 645",
    lines: [
      line("5.1-1", "No universal default password", { sameAs: ["CR 1.3", "CR 1.4", "CR 1.5"] }),
      line("5.1-4, 5.1-5", "Credentials are easily changed; guessing them is slow", { sameAs: ["CR 1.7", "CR 1.11"] }),
      line("5.2-1", "How to report a weakness is public", { document: "SECURITY.md" }),
      line("5.3-1, 5.3-2, 5.3-3, 5.3-4, 5.3-5, 5.3-6, 5.3-7, 5.3-9, 5.3-10", "Software is updated, securely and by itself if wanted", { comesWith: UPDATES }),
      line("5.3-13", "How long there are updates is public", { comesWith: "the first release" }),
      line("5.4-1, 5.4-4", "Secrets are stored securely, and none is shared by devices", { sameAs: ["CR 4.1", "CR 1.5"] }),
      line("5.5-1, 5.5-5", "Communication is secure; who configures proves themself", { sameAs: ["CR 3.1", "CR 1.1"] }),
      line("5.6-1, 5.6-2, 5.6-3, 5.6-4, 5.6-5, 5.6-6, 5.6-7, 5.6-8, 5.6-9", "What can be attacked is small", { sameAs: ["CR 7.7", "NDR 1.13"] }),
      line("5.7-1", "Software is verified", { comesWith: IMAGE }),
      line("5.8-1", "Personal data in transit is protected", { sameAs: ["CR 3.1"] }),
      line("5.9-1, 5.9-2, 5.9-3", "Outages of network and power are survived (REL-2 to REL-5, docs/reliability.md)", { document: "docs/reliability.md" }),
      line("5.10-1", "Telemetry is examined for anomalies", { document: "docs/detections.md" }),
      line("5.11-1", "Users can delete their data", { sameAs: ["CR 1.5"] }),
      line("5.12-1", "Installing is easy", { document: "README.md" }),
      line("5.13-1", "Input is validated", { sameAs: ["CR 3.5"] }),
    ],
  },
  {
    title: "EU Cyber Resilience Act, Annex I, part I (2)",
    lines: [
      line("CRA (a)", "No known exploitable weakness", { comesWith: "the gate over the list of components (SBOM), which comes with the image" }),
      line("CRA (b)", "Secure by default, and back to that state", { comesWith: "factory reset, which comes with the appliance's image; nothing is open by default (CR 7.7)" }),
      line("CRA (c)", "Security updates", { comesWith: UPDATES }),
      line("CRA (d)", "Unauthorised access is prevented and reported", { sameAs: ["CR 2.1", "CR 2.8"] }),
      line("CRA (e)", "Confidentiality", { sameAs: ["CR 4.1", "CR 3.1"] }),
      line("CRA (f)", "Integrity, and damage is reported", { sameAs: ["CR 2.12", "CR 3.1"] }),
      line("CRA (g)", "Only the data that is needed", { comesWith: "anonymised cloud payloads, which do not exist yet" }),
      line("CRA (h)", "Availability, also under attack", { sameAs: ["CR 7.1", "CR 7.2"] }),
      line("CRA (i)", "Other networks are not harmed: amplification of WS-Discovery (docs/threat-model.md)", { sameAs: ["K2.2.3"] }),
      line("CRA (j)", "What can be attacked is small", { sameAs: ["CR 7.7", "NDR 1.13"] }),
      line("CRA (k)", "The impact of an incident is limited: one process per zone", { sameAs: ["CR 5.1", "NDR 5.2"] }),
      line("CRA (l)", "Security events are recorded", { sameAs: ["CR 2.8", "CR 6.1"] }),
      line("CRA (m)", "Data is wiped, and taken along, securely", { comesWith: "factory reset and backups, which do not exist yet" }),
    ],
  },
  {
    title: "NIST SP 800-82r3 and BSI (IND.1, IND.2.1, IND.3.2, NET.3.2, OPS.1.1.5, TR-02102-2)",
    lines: [
      line("Zones, deny by default, no direct path between OT and Internet", "What is not declared does not pass", { sameAs: ["CR 5.1", "NDR 5.2"] }),
      line("Removable media", "Only what is named is opened", { comesWith: "the zone for attached hardware, which does not exist yet" }),
      line("Remote access", "Started from inside, for a time, recorded, with a second factor, and approved anew after a restart", { sameAs: ["K2.1.9b"] }),
      line("Backups are tested", "A backup is restored as a drill", { comesWith: BACKUPS }),
      line("Logging", "Events are recorded and told to a collector", { sameAs: ["CR 2.8", "CR 6.2"] }),
      line("TLS", "1.2 or 1.3 with approved suites", { sameAs: ["CR 3.1", "CR 4.3"] }),
      line("Fail-safe", "The gateway is never needed for production: it reads only, and a dead gateway stops no machine", { document: "docs/threat-model.md" }),
    ],
  },
];
