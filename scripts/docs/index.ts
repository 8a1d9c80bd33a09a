// Every document that is generated. Who adds one adds its entry here; the test and `make docs` follow this list.

import { asyncApiFile } from "./asyncapi.ts";
import { auditFiles } from "./audit.ts";
import { conditionFiles } from "./conditions.ts";
import { configurationFiles } from "./configuration-reference.ts";
import { detectionsFile } from "./detections.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { firewallFile } from "./firewall-reference.ts";
import { schemaFiles } from "./json-schema-files.ts";
import { openApiFile } from "./openapi.ts";
import { permissionFiles } from "./permissions.ts";
import { securityTestsFile } from "./security-tests.ts";

export const GENERATED: readonly GeneratedFile[] = [...configurationFiles, ...schemaFiles, asyncApiFile, openApiFile, ...conditionFiles, firewallFile, detectionsFile, ...permissionFiles, securityTestsFile, ...auditFiles];
