// What the thread that issues certificates is asked for, and what it answers.

import type { FaultReport } from "../../../drivers/contract/fault.ts";

/** Two PEM texts; the key in PKCS#8. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface AuthorityOrder {
  readonly kind: "authority";
  /** The organisation of everything that the CA issues. */
  readonly gateway: string;
  readonly domain: string;
  readonly subnets: readonly string[];
}

export interface ServerOrder {
  readonly kind: "server";
  readonly authority: KeyPair;
  readonly gateway: string;
  readonly domain: string;
  readonly addresses: readonly string[];
}

export interface MachineOrder {
  readonly kind: "machine";
  readonly authority: KeyPair;
  readonly gateway: string;
  /** Becomes the common name. */
  readonly name: string;
  readonly domain: string;
  /** PEM of a PKCS#10 request, from which the public key is taken and nothing else. Without it the key is made here. */
  readonly request?: string;
}

/** The CA that people's browsers are given. It may name these hosts and what lies below them, and addresses of these subnets. */
export interface PeopleAuthorityOrder {
  readonly kind: "people-authority";
  readonly gateway: string;
  readonly hosts: readonly string[];
  readonly subnets: readonly string[];
}

export interface PageOrder {
  readonly kind: "page";
  readonly authority: KeyPair;
  readonly gateway: string;
  /** Host names and addresses. */
  readonly names: readonly string[];
}

/** A key for the page, and a PKCS#10 request for another CA. */
export interface PageRequestOrder {
  readonly kind: "page-request";
  readonly gateway: string;
  readonly names: readonly string[];
}

export type Order = AuthorityOrder | ServerOrder | MachineOrder | PeopleAuthorityOrder | PageOrder | PageRequestOrder;

export interface Issued {
  /** PEM: the certificate; of a request, the request. */
  readonly certificate: string;
  /** Present where the key was made here. */
  readonly key?: string;
}

export type Answer = { readonly issued: Issued } | { readonly fault: FaultReport };
