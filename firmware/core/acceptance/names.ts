// What a machine is called by when nobody gave it a name.

import type { Nameplate } from "../../../drivers/contract/identity.ts";

export const ASSET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Room for `-` and a number. */
const MOST_OF_OWN = 56;

/** From its serial number, else its model: only what a name may have, and not one that is taken. */
export function nameFor(nameplate: Nameplate | null, isTaken: (name: string) => boolean): string {
  const own = [nameplate?.serialNumber, nameplate?.model].map((text) => plain(text ?? "")).find((text) => text !== "") ?? "machine";
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? own : `${own}-${count}`;
    if (!isTaken(name)) return name;
  }
}

function plain(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, MOST_OF_OWN)
    .replace(/[-.]+$/, "");
}
