// Shows that `weir simulate` says what is wrong with its options, by option and file.

import { weir } from "../../support/gateway.ts";
import { startChild } from "../../support/child.ts";
import { assert, suite } from "../../support/suite.ts";

const gateway = ["--publish", "gateway", "--gateway", "mqtts://127.0.0.1:8883"];

suite("weir simulate", (test) => {
  const cases: Readonly<Record<string, { readonly args: readonly string[]; readonly says: RegExp }>> = {
    "a CA that is not there": { args: ["machine", ...gateway, "--credentials", "none.json", "--gateway-ca", "/no/ca.pem"], says: /\/no\/ca\.pem: --gateway-ca: the file cannot be read \(ENOENT\)/ },
    "no credentials": { args: ["machine", ...gateway], says: /--credentials: .*`weir assets enrol`/ },
    "a gateway that is no MQTT": { args: ["machine", "--publish", "gateway", "--gateway", "http://127.0.0.1/"], says: /--gateway: .*mqtts:\/\/192\.0\.2\.1:8883/ },
    "a key that is not there": { args: ["cloud", "--tls-key", "/no/key.pem", "--tls-certificate", "/no/certificate.pem"], says: /\/no\/key\.pem: --tls-key: the file cannot be read/ },
  };
  for (const [what, { args, says }] of Object.entries(cases)) {
    test(`refuses ${what} with exit 2, the place and the remedy`, async ({ defer }) => {
      const child = startChild(defer, process.execPath, [weir, "simulate", ...args]);
      const { code } = await child.exited;
      assert.is(code, 2);
      assert.match(child.output(), says);
      assert.not.match(child.output(), /\n {4}at /);
    });
  }
});
