// The roles of accounts and the groups of people in a plant.

/** From the one with the fewest rights; each has those of the ones before it [U4.1.2a]. */
export const ROLES = ["customer", "analyst", "service", "manager", "systemadministrator"] as const;
export type Role = (typeof ROLES)[number];

/** Groups of people in a plant [K2.1.11]; each presets a role. */
export const GROUPS = ["operators", "set-up", "engineering", "quality-management", "maintenance", "administration"] as const;
export type Group = (typeof GROUPS)[number];
