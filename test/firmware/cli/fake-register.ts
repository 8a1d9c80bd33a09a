// Core's side of the local conduit as far as the register goes: entries from memory, and what was asked of it.

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Fault } from "../../../drivers/contract/fault.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import type { AssetEntry, AssetLine, assetRoutes } from "../../../firmware/conduit/assets.ts";
import type { InputOf, ReplyOf } from "../../../firmware/conduit/route.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { answerAll, serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { startChild } from "../../support/child.ts";
import type { Child } from "../../support/child.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

export const WEIR = new URL("../../../firmware/cli/weir.ts", import.meta.url).pathname;
export const FINGERPRINT = "3fa19c22".repeat(8);

export interface FakeRegister {
  readonly dataDir: string;
  readonly asked: (readonly [string, unknown])[];
  /** Lines of every import that was not dry. */
  readonly taken: (readonly AssetLine[])[];
  /** Runs the real command on it. */
  weir(...args: readonly string[]): Child;
}

export interface FakeOptions {
  readonly problems?: ReplyOf<typeof assetRoutes.importAssets>["problems"];
  /** How many entries it gives out at once, whatever is asked. */
  readonly page?: number;
  /** What changes between the look and the decision. */
  readonly seenLater?: string;
}

/** Serves until the test ends. */
export async function serveRegister(defer: Defer, entries: readonly AssetEntry[], { problems = [], page = 100, seenLater }: FakeOptions = {}): Promise<FakeRegister> {
  const dataDir = makeTempDir(defer);
  const asked: (readonly [string, unknown])[] = [];
  const taken: (readonly AssetLine[])[] = [];
  const find = (key: string): AssetEntry => {
    const entry = entries.find((one) => one.key === key);
    if (entry === undefined) throw new Fault("NOT_FOUND", "there is no such asset");
    return entry;
  };
  const note = (route: string, input: unknown): void => void asked.push([route, input]);
  const socket = conduitSocket(dataDir, "local");
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const refuse = (): never => {
    throw new Fault("NOT_SUPPORTED", "not part of this register");
  };
  const server = await serveConduit(
    localConduit,
    {
      ...answerAll(localConduit, refuse),
      assets: ({ after }) => {
        const sorted = entries.filter(({ key }) => after === undefined || key > after).sort((a, b) => (a.key < b.key ? -1 : 1));
        return { assets: sorted.slice(0, page), hasMore: sorted.length > page };
      },
      asset: ({ key, limit }) => ({ asset: find(key), history: [{ at: "2026-01-01T00:00:00.000Z", kind: "found", actor: "field", detail: "announced itself" }].slice(0, limit) }),
      acceptAsset: (input) => {
        note("acceptAsset", input);
        const entry = find(input.key);
        if (input.seen !== (seenLater ?? entry.seen)) throw new Fault("IDENTITY_CHANGED", "digest differs");
        return { asset: { ...entry, state: "accepted" as const, name: input.name ?? "made-name", key: input.name ?? "made-name" } };
      },
      refuseAsset: (input) => {
        note("refuseAsset", input);
        return { asset: { ...find(input.key), state: "refused" as const } };
      },
      forgetAsset: (input) => {
        note("forgetAsset", input);
        find(input.key);
        return {};
      },
      importAssets: (input: InputOf<typeof assetRoutes.importAssets>) => {
        note("importAssets", input);
        if (!input.dryRun && problems.length === 0) taken.push(input.lines);
        return { added: input.lines.length, changed: 0, same: 0, problems };
      },
    },
    { socket, log: silentLog },
  );
  defer(() => server.close());
  return { dataDir, asked, taken, weir: (...args) => startChild(defer, process.execPath, [WEIR, ...args, "--data", dataDir]) };
}

/** A machine as it was found; `change` says what is different. */
export function entryOf(key: string, change: Partial<AssetEntry> = {}): AssetEntry {
  return {
    key,
    id: null,
    name: null,
    state: "pending",
    origin: "found",
    driver: "miko",
    url: "https://192.0.2.7:8443/miko/",
    address: "192.0.2.7",
    segment: "cutting",
    endpoint: "urn:uuid:00000000-0000-4000-8000-000000000001",
    presence: "present",
    nameplate: { manufacturer: "Weir", model: "Press", serialNumber: "4711" },
    certificate: { fingerprint: FINGERPRINT, subject: "CN=4711", issuer: "CN=maker", notAfter: "2036-01-01T00:00:00.000Z" },
    changes: [],
    reason: null,
    link: "not assigned",
    via: null,
    points: 0,
    equipment: {},
    enrolled: [],
    note: null,
    firstSeen: "2026-01-01T00:00:00.000Z",
    lastSeen: "2026-01-02T00:00:00.000Z",
    pin: null,
    seen: "digest-of-what-was-shown",
    ...change,
  };
}
