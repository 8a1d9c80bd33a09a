// The snapshot of the gateway.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";

export async function takeGatewaySnapshot(_core: CoreParts, _file: string, _progress: (progress: number, doing: string) => void, _signal: AbortSignal): Promise<{ readonly name: string; readonly words: string }> {
  return Promise.reject(new Fault("NOT_SUPPORTED", "the snapshot of the gateway comes later"));
}
