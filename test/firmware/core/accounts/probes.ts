// For each operation an input that whoever may do it gets past the guard with, and that does no harm: what it names is not there.

import type { ownRoutes } from "../../../../firmware/conduit/accounts.ts";
import type { PeopleRoutes } from "../../../../firmware/conduit/people.ts";
import type { Contract, InputOf } from "../../../../firmware/conduit/route.ts";

type Inputs<Routes extends Contract> = { readonly [Name in keyof Routes]: InputOf<Routes[Name]> };

const NOBODY = { name: "nobody" };
const NO_TASK = { id: "11111111-1111-4111-8111-111111111111" };
const NOTHING = {};

export const PROBES: Inputs<PeopleRoutes> = {
  status: NOTHING,
  standing: { after: 0, waitMs: 0 },
  values: { after: 0, waitMs: 0 },
  detections: { limit: 1 },
  acceptDetections: NOTHING,
  assets: { limit: 1 },
  asset: { key: "nobody", limit: 0 },
  acceptAsset: { key: "nobody", seen: "" },
  refuseAsset: { key: "nobody" },
  forgetAsset: { key: "nobody" },
  importAssets: { lines: [], dryRun: true },
  enrolAsset: { key: "nobody", by: "password" },
  disenrolAsset: { key: "nobody" },
  machineCa: NOTHING,
  renewMachineCa: NOTHING,
  secretNames: NOTHING,
  setSecret: { name: "probe", text: "probe" },
  deleteSecret: { name: "nobody" },
  network: NOTHING,
  confirmNetwork: { changes: [] },
  tryNetwork: NOTHING,
  configuration: NOTHING,
  checkConfiguration: { text: "" },
  setConfiguration: { text: "", basedOn: "another" },
  reload: NOTHING,
  pageCertificate: NOTHING,
  requestPageCertificate: { names: ["not a name"] },
  installPageCertificate: { chain: "none" },
  removePageCertificate: NOTHING,
  renewPeopleCa: NOTHING,
  contacts: NOTHING,
  accounts: NOTHING,
  createAccount: { name: "local", role: "customer" },
  changeAccount: { ...NOBODY, phone: "" },
  deleteAccount: NOBODY,
  resetPassword: NOBODY,
  resetSecondFactor: NOBODY,
  unlockAccount: NOBODY,
  sessions: NOTHING,
  endSession: { id: "none" },
  tokens: NOTHING,
  createToken: { name: "probe", role: "customer", scope: ["nothing"], days: 1 },
  deleteToken: NOBODY,
  serviceWindows: NOTHING,
  openServiceWindow: { account: null, purpose: " ", scope: [], minutes: 1 },
  closeServiceWindow: { id: "none" },
  audit: { limit: 1 },
  verifyAudit: NOTHING,
  tasks: { limit: 1 },
  task: NO_TASK,
  orderTask: { kind: "asset-snapshot", target: "nobody" },
  approveTask: NO_TASK,
  cancelTask: NO_TASK,
  taskResult: { ...NO_TASK, offset: 0 },
};

export const OWN_PROBES: Inputs<typeof ownRoutes> = {
  me: NOTHING,
  logout: NOTHING,
  reauthenticate: { password: "wrong" },
  changePassword: { current: "wrong", next: "wrong" },
  beginSecondFactor: NOTHING,
  confirmSecondFactor: { code: "0" },
  removeSecondFactor: NOTHING,
  renewRecoveryCodes: NOTHING,
};

/** The cases that need more, each with the words that the matrix has for it. */
export const STRICTER_PROBES = [
  { row: "acceptAsset with credentials", name: "acceptAsset", input: { key: "nobody", seen: "", credentials: { user: "weir", secret: "probe" } } },
  { row: "importAssets with a pin", name: "importAssets", input: { lines: [{ name: "nobody", pin: "" }], dryRun: true } },
] as const;
