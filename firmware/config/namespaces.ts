// Which Linux network namespace a segment's interface lies in: where cells share a subnet, each has a namespace and a field process of its own.

export const NAMESPACE_NAME = "^[a-z0-9][a-z0-9-]{0,14}$";
export const NAMESPACE_NAME_WORDS = "lower-case letters, digits and `-`, at most 15";

/** What is needed of a configuration. */
export interface Ports {
  readonly network?: { readonly field: readonly { readonly segment: string; readonly namespace?: string }[] };
}

/** Undefined for the gateway's own (default) namespace, which is also that of a machine without a segment and of a segment without a port. */
export function namespaceOf({ network }: Ports, segment: string | undefined): string | undefined {
  return network?.field.find((port) => port.segment === segment)?.namespace;
}

/** All that the configuration names besides the default one: each once, in alphabetical order. */
export function namespacesOf({ network }: Ports): readonly string[] {
  return [...new Set((network?.field ?? []).flatMap(({ namespace }) => namespace ?? []))].sort();
}
