// Routes of the API: the gateway itself, its configuration and network, what it found and wrote down, and tasks.

import { row } from "./api-route.ts";

const CONFIGURATION_MS = 60_000;
/** The whole chain of 67 days. */
const VERIFICATION_MS = 120_000;

export const GATEWAY_TABLE = [
  row("status", "GET", "/status", "How the gateway stands: zones, outbox, assets, conditions."),
  row("standing", "GET", "/standing", "The same without assets; waits up to `waitMs` for a change after the revision `after`.", { defaults: { after: 0, waitMs: 0 } }),
  row("detections", "GET", "/detections", "What detection found, newest first.", { defaults: { limit: 100 } }),
  row("acceptDetections", "POST", "/detections/acceptance", "What was found has been seen, and is right."),
  row("network", "GET", "/network", "How firewall and network stand against the configuration."),
  row("confirmNetwork", "POST", "/network/confirmation", "Keeps what is on trial."),
  row("tryNetwork", "POST", "/network/trial", "Puts on trial again what returned or was refused."),
  row("configuration", "GET", "/configuration", "The configuration's text; `digest` names it."),
  row("checkConfiguration", "POST", "/configuration/check", "What a text would change and what is wrong with it; changes nothing.", { mayTakeMs: CONFIGURATION_MS }),
  row("setConfiguration", "PUT", "/configuration", "Writes and applies the configuration.", { mayTakeMs: CONFIGURATION_MS }),
  row("reload", "POST", "/configuration/reload", "Reads the configuration's file again and applies it.", { mayTakeMs: CONFIGURATION_MS }),
  row("secretNames", "GET", "/secrets", "Names of the secrets."),
  row("setSecret", "PUT", "/secrets/{name}", "Sets a secret; nobody reads it again."),
  row("deleteSecret", "DELETE", "/secrets/{name}", "Deletes a secret."),
  row("pageCertificate", "GET", "/page-certificate", "The certificate that browsers see, and the CA above it."),
  row("requestPageCertificate", "POST", "/page-certificate/request", "A new key and a request for the plant's CA.", { status: 201 }),
  row("installPageCertificate", "PUT", "/page-certificate", "Installs the plant's certificate for the key that was requested."),
  row("removePageCertificate", "DELETE", "/page-certificate", "Goes back to the gateway's own certificate."),
  row("renewPeopleCa", "POST", "/ca/people", "A new CA for people in place of the former one.", { status: 201 }),
  row("audit", "GET", "/audit", "The audit log, newest first; with `after` oldest first. The next page is `before` the last number.", { defaults: { limit: 100 } }),
  row("verifyAudit", "POST", "/audit/verification", "Walks the whole chain of the audit log.", { mayTakeMs: VERIFICATION_MS }),
  row("tasks", "GET", "/tasks", "Tasks, newest first.", { defaults: { limit: 50 } }),
  row("task", "GET", "/tasks/{id}", "One task."),
  row("orderTask", "POST", "/tasks", "Orders a task; with the same `id` it is the same task.", { status: 201 }),
  row("approveTask", "POST", "/tasks/{id}/approval", "Gives the consent that a task waits for."),
  row("cancelTask", "POST", "/tasks/{id}/cancellation", "Cancels a task."),
  row("taskResult", "GET", "/tasks/{id}/result", "What a task brought, as a file.", { answer: "download", hidden: ["offset"], defaults: { offset: 0 }, mayTakeMs: CONFIGURATION_MS }),
] as const;
