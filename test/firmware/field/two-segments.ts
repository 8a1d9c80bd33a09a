// A whole gateway (`weir start`) in the searcher's place, between machine segments that are network namespaces of their own.

import { randomUUID } from "node:crypto";
import type { AssetEntry } from "../../../firmware/conduit/assets.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import { openConduit, type ConduitClient } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startGateway, until, weir, writeConfiguration, type GatewayUnderTest } from "../../support/gateway.ts";
import type { Child } from "../../support/child.ts";
import type { TestContext } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { Cells } from "./discovery/wire.ts";

export interface GatewayBetween {
  readonly gateway: GatewayUnderTest;
  readonly folder: string;
  readonly local: ConduitClient<typeof localConduit>;
  /** The register, all of it. */
  list(): Promise<readonly AssetEntry[]>;
  /** Until an entry is as it should be; rejects with the register. */
  entry(what: string, isSo: (entry: AssetEntry) => boolean, limitMs?: number): Promise<AssetEntry>;
  /** Runs the command `weir` against it; resolves with its output, whatever its code. */
  weir(...words: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>;
}

export function startBetween(context: TestContext, cells: Cells, configuration: object): GatewayBetween {
  const { defer, signal } = context;
  const folder = makeTempDir(defer);
  writeConfiguration(folder, configuration);
  const gateway = startGateway(context, { folder, namespace: cells.namespace("searcher") });
  const local = openConduit(localConduit, { socket: conduitSocket(gateway.dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => local.close());
  const list = async (): Promise<readonly AssetEntry[]> => (await local.call("assets", { limit: 100 }, signal)).assets;
  return {
    gateway,
    folder,
    local,
    list,
    entry: async (what, isSo, limitMs) => {
      let last: readonly AssetEntry[] = [];
      try {
        await until(what, signal, async () => (last = await list()).some(isSo), limitMs);
      } catch (error) {
        throw new Error(`${String(error)}\n${JSON.stringify(last)}\n${gateway.child.output().slice(-4000)}`, { cause: error });
      }
      return last.find(isSo) as AssetEntry;
    },
    weir: async (...words) => {
      const child = cells.start("searcher", process.execPath, [weir, ...words, "--data", gateway.dataDir]);
      const { code } = await child.exited;
      return { code, output: child.output() };
    },
  };
}

/** A simulated machine that can be found; resolves when it is ready. `index` makes its serial number `A100<index>`. */
export async function startSimulated({ signal }: TestContext, cells: Cells, cell: string, host: string, index: number, ...more: readonly string[]): Promise<Child> {
  const child = cells.start(cell, process.execPath, [weir, "simulate", "machine", "--host", host, "--port", "8080", "--first", String(index), "--rate", "1", "--discoverable", ...more]);
  await child.line(/"machine":/, signal);
  return child;
}
