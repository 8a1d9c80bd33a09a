// The headers that every answer carries, whatever it says and whoever wrote it.

import { isIP } from "node:net";

/** Nothing but what the page itself brings, nothing inline, nobody frames it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const UNUSED_FEATURES = ["accelerometer", "bluetooth", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"];

const ALWAYS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "permissions-policy": UNUSED_FEATURES.map((feature) => `${feature}=()`).join(", "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "origin-agent-cluster": "?1",
  "x-permitted-cross-domain-policies": "none",
  "cache-control": "no-store",
};

/** Two years, this host alone: the plant's other hosts are not ours to bind. */
const HSTS = "max-age=63072000";

/**
 * Lower-case names. `host` is the name that was asked, undefined where none was understood. HSTS only where browsers of the plant trust the chain, and never
 * for an address: whoever could not get past a warning any more would be locked out of the gateway (RFC 6797 §8.1.1, §8.4).
 */
export function securityHeaders(isTrusted: boolean, host: string | undefined): Readonly<Record<string, string>> {
  const isName = host !== undefined && host !== "localhost" && isIP(host) === 0;
  return isTrusted && isName ? { ...ALWAYS, "strict-transport-security": HSTS } : ALWAYS;
}
