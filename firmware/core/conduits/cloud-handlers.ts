// Core's side of the cloud conduit: the link that is asked for, leases and verdicts, inventory and figures.

import type { LeaseHead, cloudConduit } from "../../conduit/cloud.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import { WrittenBytes, type Call, type Handlers } from "../../runtime/conduit-server.ts";
import { rememberAnswers } from "../../runtime/remembered-answers.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { CLOUD } from "../cloud-state.ts";
import { writeInventory } from "../inventory/inventory-document.ts";
import type { CoreParts } from "../parts.ts";
import { makeNameJudge } from "./cloud-names.ts";
import { makeCloudTaskHandlers } from "./cloud-tasks.ts";
import { reviewCloud } from "./review-link.ts";

/** More than the requests that a cloud zone has in flight; a lease has at most some MiB. */
const REMEMBERED_LEASES = 32;
/** How long readings refused by the cloud stay a condition. */
const REJECTED_SHOWN_MS = 60 * 60_000;
/** The inventory is written when it has been quiet for so long, or at the latest after: a start with 2,000 machines is not 2,000 documents. */
const QUIET_MS = 1000;
const LATEST_MS = 10_000;

const NOTHING = new Uint8Array(0);

export function makeCloudHandlers(core: CoreParts): Handlers<typeof cloudConduit> {
  const { cloud, configuration, outbox, revisions, secrets } = core;
  const leases = rememberAnswers<{ readonly head: LeaseHead; readonly body: Uint8Array }>(REMEMBERED_LEASES);
  const recall = ({ identity }: Call): void => {
    if (cloud.recall(identity?.epoch) !== undefined) reviewCloud(core);
  };
  return {
    link: async ({ after, waitMs }, { signal }) => {
      await revisions.link.wait(after, waitMs, signal);
      const { cloud: link = null, log, network } = configuration.current;
      return { revision: revisions.link.value, logLevel: log.level, gateway: core.gateway, version: core.version, link, secrets: secrets.textsFor(link), nameServers: [...(network?.dns?.servers ?? [])] };
    },
    admitName: makeNameJudge(core),
    lease: (request, call) => {
      recall(call);
      return leases.answer(call.identity, () => cloud.destination().lease(request, holderOf(call), call.signal));
    },
    settle: async ({ stream, accepted, rejected, kept }, call) => {
      recall(call);
      await cloud.destination().settle({ stream, accepted, rejected, kept }, holderOf(call));
      const [first] = rejected;
      if (first !== undefined) core.fading.note("READINGS_REJECTED", CLOUD, first.reason, REJECTED_SHOWN_MS);
      return {};
    },
    inventory: (asked, { signal }) => giveInventory(core, asked, signal),
    document: (told) => noteDocument(core, told),
    ...makeCloudTaskHandlers(core),
    alive: (alive) => {
      core.zones.alive(CLOUD, alive);
      return {};
    },
    figures: () => ({ ...outbox.figures(CLOUD), audit: core.auditLog.head }),
    state: (report, { identity }) => {
      cloud.tell(report, identity?.epoch);
      reviewCloud(core);
      return {};
    },
  };
}

function noteDocument({ conditions }: CoreParts, { document, fault }: InputOf<typeof cloudConduit.document>): ReplyOf<typeof cloudConduit.document> {
  if (fault === undefined) conditions.clear("CLOUD_DOCUMENT_REFUSED", document);
  else conditions.raise("CLOUD_DOCUMENT_REFUSED", document, fault.message);
  return {};
}

function holderOf({ identity }: Call): string {
  if (identity === undefined) throw new Fault("INPUT_INVALID", "leases and verdicts need an epoch and a request number");
  return identity.epoch;
}

type Inventory = ReplyOf<typeof cloudConduit.inventory>;

async function giveInventory({ clock, gateway, register, revisions, turns }: CoreParts, { after, waitMs }: InputOf<typeof cloudConduit.inventory>, signal: AbortSignal): Promise<Inventory | WrittenBytes<Inventory["head"]>> {
  await revisions.inventory.wait(after, waitMs, signal);
  if (after === revisions.inventory.value) return { head: { revision: after, digest: "" }, body: NOTHING };
  if (after !== 0) await settleDown({ clock, revisions }, signal);
  // The revision from before: what changes while it is written makes the next poll answer at once.
  const revision = revisions.inventory.value;
  const { pieces, digest } = await writeInventory(gateway, register, turns, signal);
  return new WrittenBytes({ revision, digest }, pieces);
}

async function settleDown({ clock, revisions }: Pick<CoreParts, "clock" | "revisions">, signal: AbortSignal): Promise<void> {
  const startedMs = clock.uptimeMs();
  for (let before = 0; before !== revisions.inventory.value && clock.uptimeMs() - startedMs < LATEST_MS; ) {
    before = revisions.inventory.value;
    await clock.sleep(QUIET_MS, signal);
  }
}
