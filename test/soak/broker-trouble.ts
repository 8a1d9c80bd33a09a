// What happens to a soak's broker under load: it is stopped in the middle of everything, or killed and started again.

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { Mosquitto } from "../support/mosquitto.ts";

export type Trouble = "pause" | "kill";

const shortestMs = 200;
const longestMs = 2500;

/** One trouble of 0.2 to 2.5 s; `chance` is in [0, 1). Resolves when the broker serves again. */
export async function troubleBroker(broker: Mosquitto, trouble: Trouble, chance: number, say: (line: string) => void): Promise<void> {
  const ms = Math.round(shortestMs + chance * (longestMs - shortestMs));
  say(trouble === "pause" ? `broker stopped (SIGSTOP) for ${ms} ms` : `broker killed (SIGKILL) and away for ${ms} ms`);
  if (trouble === "pause") broker.pause();
  else await broker.kill();
  await systemClock.sleep(ms, new AbortController().signal);
  if (trouble === "pause") broker.resume();
  else await broker.restart(new AbortController().signal);
}
