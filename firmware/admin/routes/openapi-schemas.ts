// The schemas that the description of the API calls by a name, and those that only the API has.

import Type from "typebox";
import type { TObject, TProperties, TSchema } from "typebox";
import { NameplateSchema } from "../../../drivers/contract/identity.ts";
import { ReadingSchema } from "../../../drivers/contract/reading.ts";
import { AccountSchema, MeSchema, ServiceWindowSchema, SessionSchema, TokenSchema } from "../../conduit/accounts.ts";
import { AssetEntrySchema, AssetLineSchema } from "../../conduit/assets.ts";
import { AuditRecordSchema } from "../../conduit/audit.ts";
import { PageCertificateSchema } from "../../conduit/certificates.ts";
import { NetworkReportSchema } from "../../conduit/network.ts";
import { ConditionSchema, DetectionSchema, StandingSchema, StatusSchema } from "../../conduit/status.ts";
import { TaskSchema } from "../../conduit/tasks.ts";
import { closed } from "../../conduit/words.ts";
import { FAULT_CODES } from "../../../drivers/contract/fault.ts";

export const NAMED_SCHEMAS: ReadonlyMap<TSchema, string> = new Map<TSchema, string>([
  [AccountSchema, "Account"],
  [AssetEntrySchema, "Asset"],
  [AssetLineSchema, "AssetLine"],
  [AuditRecordSchema, "AuditRecord"],
  [ConditionSchema, "Condition"],
  [DetectionSchema, "Detection"],
  [MeSchema, "Me"],
  [NameplateSchema, "Nameplate"],
  [NetworkReportSchema, "Network"],
  [PageCertificateSchema, "PageCertificate"],
  [ReadingSchema, "Reading"],
  [ServiceWindowSchema, "ServiceWindow"],
  [SessionSchema, "Session"],
  [StandingSchema, "Standing"],
  [StatusSchema, "Status"],
  [TaskSchema, "Task"],
  [TokenSchema, "Token"],
]);

/** RFC 9457. */
export const PROBLEM_SCHEMA = closed({
  type: Type.Literal("about:blank"),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.Enum(FAULT_CODES),
  remedy: Type.Optional(Type.String()),
  where: Type.Optional(Type.String()),
});

/** The session itself goes into the cookie. */
const SESSION_REPLY = closed({ outcome: Type.Literal("session"), csrf: Type.String() });

export function sessionReply(operation: string): TSchema {
  return operation === "login" ? Type.Union([SESSION_REPLY, closed({ outcome: Type.Literal("code-needed") })]) : SESSION_REPLY;
}

export function withoutSession(reply: TSchema): TSchema {
  const { session: _, ...members } = membersOf(reply);
  return closed(members);
}

export function withPicture(reply: TSchema): TSchema {
  return closed({ ...membersOf(reply), picture: Type.String({ description: "SVG of the QR code." }) });
}

function membersOf(reply: TSchema): TProperties {
  // Sound: the replies that are changed here are objects.
  return (reply as TObject).properties;
}
