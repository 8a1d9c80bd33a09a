// The one table of permissions: which role may do what. Core enforces it at every call, docs/permissions.md and the test matrix are made from it.

import { ROLES } from "../../conduit/accounts.ts";
import type { Role, ownRoutes } from "../../conduit/accounts.ts";
import type { PeopleRoutes } from "../../conduit/people.ts";
import type { InputOf } from "../../conduit/route.ts";

export type Operation = keyof PeopleRoutes;
export type OwnOperation = keyof typeof ownRoutes;

/** The cases of an operation that need more than the operation itself. */
export interface Stricter<Input> {
  readonly applies: (input: Input) => boolean;
  readonly role: Role;
  readonly needsFresh?: true;
  /** What the cases are, to be read after "with". */
  readonly en: string;
  readonly de: string;
}

export interface Permission<Input = never> {
  /** The least role that may; those above it may too [U4.1.2a]. */
  readonly role: Role;
  /** Asks for a proof of the last five minutes [U4.7c], which no token has. */
  readonly needsFresh?: true;
  /** A page repeats it by itself, so it keeps no session from being idle [U4.8.2e]. */
  readonly isWatching?: true;
  readonly stricter?: Stricter<Input>;
}

type Table = { readonly [Name in Operation]: Permission<InputOf<PeopleRoutes[Name]>> };

const WATCHED = { role: "customer", isWatching: true } as const;
const CUSTOMER = { role: "customer" } as const;
/** Log data and diagnostics are read from this role on [U4.1.3f]. */
export const LEAST_FOR_LOGS = "service";
const SERVICE = { role: LEAST_FOR_LOGS } as const;
const MANAGER = { role: "manager" } as const;
const MANAGER_PROVED = { role: "manager", needsFresh: true } as const;
const ADMINISTRATOR = { role: "systemadministrator" } as const;
/** Credentials, roles, trust anchors, zones and configuration. */
const ADMINISTRATOR_PROVED = { role: "systemadministrator", needsFresh: true } as const;

export const PERMISSIONS: Table = {
  status: WATCHED,
  standing: WATCHED,
  values: WATCHED,
  detections: SERVICE,
  acceptDetections: MANAGER,

  assets: CUSTOMER,
  asset: CUSTOMER,
  acceptAsset: {
    role: "service",
    stricter: { applies: ({ credentials }) => credentials !== undefined, role: "systemadministrator", needsFresh: true, en: "credentials, which send a secret to the machine", de: "Zugangsdaten, die der Maschine ein Geheimnis senden" },
  },
  refuseAsset: SERVICE,
  forgetAsset: SERVICE,
  importAssets: {
    role: "manager",
    stricter: { applies: ({ lines }) => lines.some(({ pin }) => pin !== undefined), role: "systemadministrator", needsFresh: true, en: "pins, which say what certificate is trusted", de: "Fingerabdrücken, die sagen, welchem Zertifikat vertraut wird" },
  },
  enrolAsset: ADMINISTRATOR_PROVED,
  disenrolAsset: ADMINISTRATOR_PROVED,
  machineCa: SERVICE,
  renewMachineCa: ADMINISTRATOR_PROVED,

  secretNames: ADMINISTRATOR,
  setSecret: ADMINISTRATOR_PROVED,
  deleteSecret: ADMINISTRATOR_PROVED,

  network: SERVICE,
  confirmNetwork: ADMINISTRATOR_PROVED,
  tryNetwork: ADMINISTRATOR_PROVED,

  configuration: ADMINISTRATOR,
  checkConfiguration: ADMINISTRATOR,
  setConfiguration: ADMINISTRATOR_PROVED,
  reload: ADMINISTRATOR_PROVED,

  pageCertificate: CUSTOMER,
  requestPageCertificate: ADMINISTRATOR_PROVED,
  installPageCertificate: ADMINISTRATOR_PROVED,
  removePageCertificate: ADMINISTRATOR_PROVED,
  renewPeopleCa: ADMINISTRATOR_PROVED,

  contacts: CUSTOMER,
  accounts: SERVICE,
  createAccount: { role: "service", needsFresh: true },
  changeAccount: MANAGER_PROVED,
  deleteAccount: MANAGER_PROVED,
  resetPassword: MANAGER_PROVED,
  resetSecondFactor: MANAGER_PROVED,
  unlockAccount: MANAGER_PROVED,
  sessions: MANAGER,
  endSession: MANAGER,
  tokens: MANAGER,
  createToken: MANAGER_PROVED,
  deleteToken: MANAGER,
  serviceWindows: MANAGER,
  openServiceWindow: MANAGER_PROVED,
  closeServiceWindow: MANAGER,

  audit: SERVICE,
  verifyAudit: MANAGER,

  tasks: { role: "service", isWatching: true },
  task: { role: "service", isWatching: true },
  orderTask: SERVICE,
  approveTask: MANAGER,
  cancelTask: SERVICE,
  taskResult: SERVICE,
};

/** What everybody may about themself. */
export interface OwnPermission {
  /** The steps before `open` in which it leads on. */
  readonly steps: readonly ("change-password" | "enrol-second-factor")[];
  readonly needsFresh?: true;
  readonly isWatching?: true;
  /** A token may as well; else only the person in a session. */
  readonly byToken?: true;
}

const ALWAYS = ["change-password", "enrol-second-factor"] as const;

export const OWN_PERMISSIONS: { readonly [Name in OwnOperation]: OwnPermission } = {
  me: { steps: ALWAYS, isWatching: true, byToken: true },
  logout: { steps: ALWAYS },
  reauthenticate: { steps: ALWAYS },
  changePassword: { steps: ["change-password"] },
  beginSecondFactor: { steps: ["enrol-second-factor"], needsFresh: true },
  confirmSecondFactor: { steps: ["enrol-second-factor"], needsFresh: true },
  removeSecondFactor: { steps: [], needsFresh: true },
  renewRecoveryCodes: { steps: [], needsFresh: true },
};

export const OPERATIONS = Object.keys(PERMISSIONS) as readonly Operation[];
export const OWN_OPERATIONS = Object.keys(OWN_PERMISSIONS) as readonly OwnOperation[];

/** What this input of the operation needs. */
export function neededFor(operation: Operation, input: unknown): Pick<Permission, "role" | "needsFresh" | "isWatching"> {
  // Sound: the conduit checked the input by the operation's own schema.
  const permission = PERMISSIONS[operation] as Permission<unknown>;
  const { stricter } = permission;
  return stricter?.applies(input) === true ? stricter : permission;
}

/** 0 for the role with the fewest rights. */
export function rankOf(role: Role): number {
  return ROLES.indexOf(role);
}

export function hasRights(role: Role, least: Role): boolean {
  return rankOf(role) >= rankOf(least);
}
