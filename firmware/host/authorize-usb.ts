// The verb that lets the kernel use an attached device or not (Documentation/usb/authorization.rst).

import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import { USB_PLACE } from "../conduit/host.ts";
import { errorCode } from "../runtime/error-code.ts";

const PLACE = new RegExp(USB_PLACE);

/** `device` is its place on the bus (`1-1.4`). Throws NOT_FOUND when none is there. */
export function authorizeUsb(sysfs: string, device: string, authorized: boolean): void {
  if (!PLACE.test(device)) throw new Fault("INPUT_INVALID", `${JSON.stringify(device.slice(0, 40))} is no place of a USB device`, { where: "usb" });
  const path = join(sysfs, "bus/usb/devices", device, "authorized");
  try {
    // Only what is there already, and no link at its end.
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      writeSync(descriptor, authorized ? "1" : "0");
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw new Fault("NOT_FOUND", "there is no USB device at this place", { where: path, remedy: "Attach it and look for its place again.", cause: error });
    throw new Fault("ACCESS_DENIED", `the kernel refuses (${errorCode(error) ?? "unknown"})`, { where: path, cause: error });
  }
}
