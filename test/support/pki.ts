// A certificate authority made when the test runs, by openssl: nothing of it is ever kept.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Defer } from "./attempt.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface Issued {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface IssueOptions {
  /** `DNS:name` or `IP:address`; `DNS:localhost,IP:127.0.0.1` unless said. */
  readonly names?: string;
  /** Validity relative to now, in days; -1 to 30 unless said. */
  readonly fromDays?: number;
  readonly toDays?: number;
}

export interface Pki {
  readonly ca: string;
  readonly caFile: string;
  issue(commonName: string, options?: IssueOptions): Issued;
  /** Revokes it and writes the list of all revoked; returns the list's file. */
  revoke(issued: Issued): string;
}

/** Declare `needs: ["openssl"]`. The folder is gone at the test's end. */
export function makePki(defer: Defer, name = "Test CA"): Pki {
  const folder = makeTempDir(defer);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  writeFileSync(join(folder, "ca.cnf"), CA_CONFIG);
  writeFileSync(join(folder, "index.txt"), "");
  writeFileSync(join(folder, "serial"), "01\n");
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", `/CN=${name}`);
  let count = 0;
  return {
    ca: readFileSync(join(folder, "ca.pem"), "utf8"),
    caFile: join(folder, "ca.pem"),
    issue: (commonName, { names = "DNS:localhost,IP:127.0.0.1", fromDays = -1, toDays = 30 } = {}) => {
      count += 1;
      const [request, keyFile, certificateFile, extensions] = ["csr", "key", "pem", "ext"].map((kind) => join(folder, `${count}.${kind}`)) as [string, string, string, string];
      writeFileSync(extensions, `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      openssl("req", "-new", ...newKey, "-keyout", keyFile, "-out", request, "-subj", `/CN=${commonName}`);
      openssl("ca", "-batch", "-config", "ca.cnf", "-notext", "-in", request, "-out", certificateFile, "-extfile", extensions, "-startdate", stamp(fromDays), "-enddate", stamp(toDays));
      return { certificate: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8"), certificateFile, keyFile };
    },
    revoke: ({ certificateFile }) => {
      openssl("ca", "-config", "ca.cnf", "-revoke", certificateFile);
      openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem");
      return join(folder, "crl.pem");
    },
  };
}

const CA_CONFIG = `[ca]
default_ca = test
[test]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_crl_days = 30
unique_subject = no
policy = any
[any]
commonName = supplied
`;

/** As `openssl ca` wants it: YYYYMMDDHHMMSSZ. */
function stamp(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
}
