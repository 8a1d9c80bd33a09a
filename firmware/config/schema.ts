// The whole configuration as one schema: type, default, check, admin form, editor support and reference text at once.

import Type from "typebox";
import { AcceptanceSchema, type AcceptanceRule } from "./acceptance-section.ts";
import { AccountsSchema, type AccountsSettings } from "./accounts-section.ts";
import { AssetsSchema, type AssetSettings } from "./assets-section.ts";
import { CloudSchema, type CloudLink } from "./cloud-section.ts";
import { ContactsSchema, type ContactsSettings } from "./contacts-section.ts";
import { EquipmentSchema, type EquipmentSettings } from "./equipment-section.ts";
import { GatewaySchema, type GatewaySettings } from "./gateway-section.ts";
import { LogSchema, type LogSettings } from "./log-section.ts";
import { NetworkSchema, type NetworkSettings } from "./network-section.ts";
import { PlantSchema, type PlantSettings } from "./plant-section.ts";
import { OutboxSchema, type OutboxSettings } from "./outbox-section.ts";
import { PageSchema, type PageConfiguration } from "./page-section.ts";
import { SegmentsSchema, type Segment } from "./segments-section.ts";

export const ConfigurationSchema = Type.Object(
  {
    gateway: GatewaySchema,
    equipment: EquipmentSchema,
    segments: SegmentsSchema,
    assets: AssetsSchema,
    acceptance: AcceptanceSchema,
    network: Type.Optional(NetworkSchema),
    cloud: Type.Optional(CloudSchema),
    plant: Type.Optional(PlantSchema),
    outbox: OutboxSchema,
    log: LogSchema,
    page: PageSchema,
    accounts: AccountsSchema,
    contacts: ContactsSchema,
  },
  { additionalProperties: false, default: {}, description: "Configuration of Weir, the software of an industrial edge gateway." },
);

/** The loaded configuration: complete with defaults, durations in milliseconds, each asset's driver told apart, frozen all through. */
export interface Configuration {
  readonly gateway: Readonly<GatewaySettings>;
  readonly equipment: Readonly<EquipmentSettings>;
  readonly segments: readonly Readonly<Segment>[];
  readonly assets: readonly Readonly<AssetSettings>[];
  readonly acceptance: readonly Readonly<AcceptanceRule>[];
  /** Undefined where nobody said which port leads where: the firewall then lets nothing pass. */
  readonly network?: Readonly<NetworkSettings>;
  /** Undefined where no uplink is configured. */
  readonly cloud?: Readonly<CloudLink>;
  /** Undefined where the gateway has nothing to do with the plant's own systems. */
  readonly plant?: Readonly<PlantSettings>;
  readonly outbox: Readonly<OutboxSettings>;
  readonly log: Readonly<LogSettings>;
  readonly page: Readonly<PageConfiguration>;
  readonly accounts: Readonly<AccountsSettings>;
  readonly contacts: Readonly<ContactsSettings>;
}
