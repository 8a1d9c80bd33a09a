// The import rules of the house (ARCHITECTURE.md, "Rooms"); test/scripts/layers.test.ts shows that each of them fires.

const zone = "(?:core|field|devices|plant|admin|cloud|host)";
const insideZone = `^firmware/(${zone})/`;
const product = "^(?:drivers|firmware)/";

/** What a room may import of ours; npm packages and Node's own modules are not its business. */
const room = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: "error",
  from,
  to: { path: "^(?:drivers|firmware|scripts|test)/", pathNot: allowed },
});

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      comment: "A cycle, type imports counted, means that neither file can be understood, tested or replaced alone.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    room(
      "contract-is-a-leaf",
      "drivers/contract is what drivers and gateway agree on; a driver written elsewhere needs nothing but it.",
      { path: "^drivers/contract/" },
      "^drivers/contract/",
    ),
    room(
      "protocol-is-a-leaf",
      "firmware/protocol holds codecs that several rooms speak; beyond the contract's words (Fault, Clock) it knows nothing of a gateway.",
      { path: "^firmware/protocol/" },
      ["^firmware/protocol/", "^drivers/contract/"],
    ),
    room(
      "driver-knows-only-its-protocol",
      "A driver knows nothing of the appliance and of other drivers, so that one can be added, tried or removed alone.",
      { path: "^drivers/([^/]+)/", pathNot: "^drivers/contract/" },
      ["^drivers/$1/", "^drivers/contract/", "^firmware/protocol/"],
    ),
    room(
      "driver-lists-only-drivers",
      "drivers/index.ts and drivers/schemas.ts list what the driver folders export and nothing else.",
      { path: "^drivers/[^/]+\\.ts$" },
      "^drivers/",
    ),
    {
      name: "schemas-load-no-driver",
      comment: "Core, admin and `weir check` read the drivers' configurations; no transport or native module may come into those processes with them.",
      severity: "error",
      from: { path: "^drivers/schemas\\.ts$" },
      to: { path: "^drivers/(?:index\\.ts$|[^/]+/(?:driver|transport)\\.ts$)", reachable: true },
    },
    {
      name: "drivers-only-at-the-root",
      comment: "Only the processes of field and devices run drivers; their composition roots alone see which drivers there are.",
      severity: "error",
      from: { path: product, pathNot: "^firmware/(?:field|devices)/main\\.ts$" },
      to: { path: "^drivers/index\\.ts$" },
    },
    room(
      "config-is-below-the-zones",
      "firmware/config is read by every zone; it may know the drivers' schemas, the firewall that is made from it (a leaf), and no zone.",
      { path: "^firmware/config/" },
      ["^firmware/config/", "^firmware/protocol/firewall/", "^drivers/contract/", "^drivers/schemas\\.ts$"],
    ),
    room(
      "conduit-is-a-contract",
      "firmware/conduit is all that two zones share; what it imports comes into both.",
      { path: "^firmware/conduit/" },
      ["^firmware/conduit/", "^firmware/config/", "^drivers/contract/"],
    ),
    room(
      "runtime-is-below-the-zones",
      "firmware/runtime carries any zone and therefore knows none.",
      { path: "^firmware/runtime/" },
      ["^firmware/runtime/", "^firmware/conduit/", "^firmware/config/", "^firmware/protocol/", "^drivers/contract/"],
    ),
    room(
      "zone-imports-no-other-zone",
      "Zones are separate processes that meet only in their conduit (IEC 62443-3-3 SR 5.1); shared code would be a way around it.",
      { path: insideZone, pathNot: "^firmware/(?:field|devices)/main\\.ts$" },
      [`^firmware/$1/`, "^firmware/(?:conduit|config|runtime|protocol)/", "^drivers/contract/", "^drivers/schemas\\.ts$"],
    ),
    room(
      "root-imports-no-other-zone",
      "The composition roots of field and devices are bound like their zones; they see the list of drivers besides.",
      { path: "^firmware/(field|devices)/main\\.ts$" },
      [`^firmware/$1/`, "^firmware/(?:conduit|config|runtime|protocol)/", "^drivers/contract/", "^drivers/schemas\\.ts$", "^drivers/index\\.ts$"],
    ),
    room(
      "simulator-shares-nothing-with-the-zones",
      "A simulated machine or cloud that used a zone's code would agree with its mistakes.",
      { path: "^firmware/simulator/" },
      ["^firmware/simulator/", "^firmware/(?:runtime|protocol)/", "^drivers/contract/"],
    ),
    {
      name: "nothing-imports-the-command-line",
      comment: "firmware/cli puts the parts together; a part that imported it would depend on everything.",
      severity: "error",
      from: { path: "^(?:drivers|firmware|scripts)/", pathNot: "^firmware/cli/" },
      to: { path: "^firmware/cli/" },
    },
    {
      name: "product-imports-no-test-or-script",
      comment: "What runs on the appliance is in drivers and firmware; scripts and test are not shipped.",
      severity: "error",
      from: { path: product },
      to: { path: "^(?:test|scripts)/" },
    },
    {
      name: "product-needs-no-development-package",
      comment: "Development dependencies are not on the appliance.",
      severity: "error",
      from: { path: product },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "(?:^|/)node_modules/@types/" },
    },
    {
      name: "no-network-in-core-and-host",
      comment: "Core decides and remembers, host changes the system: neither may reach a network, not even by mistake.",
      severity: "error",
      from: { path: "^firmware/(?:core|host)/" },
      to: { path: "^(?:node:)?(?:http|https|http2|net|tls|dgram|dns|dns/promises)$|(?:^|/)node_modules/(?:mqtt|undici|aedes)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "uvu-only-through-the-suite",
      comment: "uvu as it comes passes on forgotten runs, leftover `only` and throwing hooks; test/support/suite.ts makes that impossible.",
      severity: "error",
      from: { pathNot: "^test/support/(?:suite|assert)\\.ts$" },
      to: { path: "(?:^|/)node_modules/uvu/" },
    },
    {
      name: "no-unresolvable-import",
      comment: "An import that does not resolve escapes every other rule.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-undeclared-package",
      comment: "A package that package.json does not name is there by accident and may go with the next update.",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    moduleSystems: ["es6", "cjs"],
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"], extensions: [".ts", ".mjs", ".js", ".cjs", ".json", ".d.ts"] },
  },
};
