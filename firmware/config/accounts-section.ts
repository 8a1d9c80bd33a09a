// The section `accounts` of the configuration: what stands before the login, who needs a second factor, and what the plant's groups may.

import Type from "typebox";
import type { Static } from "typebox";
import { GROUPS, ROLES, type Group, type Role } from "./roles.ts";

const closed = { additionalProperties: false, default: {} } as const;

const BANNER = "For authorised persons only. What is done here is recorded.\nNur für Befugte. Was hier geschieht, wird aufgezeichnet.";

/** Least rights first: who sets up or operates machines manages none of the gateway's people. */
const PRESETS: Readonly<Record<Group, Role>> = { operators: "customer", "set-up": "customer", engineering: "analyst", "quality-management": "analyst", maintenance: "service", administration: "systemadministrator" };

const preset = (group: Group) => Type.Enum(ROLES, { default: PRESETS[group], description: `Role of new accounts of the group ${group}.` });

export const AccountsSchema = Type.Object(
  {
    banner: Type.String({ maxLength: 4096, default: BANNER, description: "Text that stands before the login; empty for none." }),
    secondFactor: Type.Array(Type.Enum(ROLES, { description: "A role." }), {
      maxItems: ROLES.length,
      default: ["systemadministrator", "service"],
      description: "Roles whose accounts must have a second factor, an authenticator app: without one they can do nothing but set it up. Others may have one.",
    }),
    groups: Type.Object(
      // Sound: each group is there with the schema of a role.
      Object.fromEntries(GROUPS.map((group) => [group, preset(group)])) as Record<Group, ReturnType<typeof preset>>,
      { ...closed, description: "The role that an account of each of the plant's groups is made with." },
    ),
  },
  { ...closed, description: "The accounts of people." },
);
export type AccountsSettings = Static<typeof AccountsSchema>;
