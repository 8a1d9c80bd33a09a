// A whole number on the command line.

import { InvalidArgumentError } from "commander";

/** For an option that takes at least 1; what is too much is for core to say. */
export function readWhole(text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError("Give a whole number of at least 1.");
  return value;
}
