// Argon2id, as PHC strings: what is kept of a password.

import { argon2, randomBytes, timingSafeEqual } from "node:crypto";

/** OWASP's first choice for Argon2id with little memory: 19 MiB, two passes. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=1\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43,86})$/;

/** One that no password has, and that takes as long to check as any: for those who have none. */
export const NOBODYS_PASSWORD = writePhc(MEMORY_KIB, PASSES, randomBytes(SALT_BYTES), randomBytes(TAG_BYTES));

/** Takes some 60 ms of a thread of the pool and 19 MiB. To be called through the queue alone. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return writePhc(MEMORY_KIB, PASSES, salt, await derive(password, salt, MEMORY_KIB, PASSES, TAG_BYTES));
}

/** Whether this is the password behind the PHC string. As costly as `hashPassword`; false for a string that is none of ours. */
export async function isPassword(phc: string, password: string): Promise<boolean> {
  const [, memory, passes, salt = "", tag = ""] = PHC.exec(phc) ?? [];
  if (memory === undefined || passes === undefined) return false;
  const expected = Buffer.from(tag, "base64");
  const derived = await derive(password, Buffer.from(salt, "base64"), Number(memory), Number(passes), expected.length);
  return timingSafeEqual(expected, derived);
}

/** Two ways to type the same letters are the same password (NIST SP 800-63B §3.1.1.2). */
function derive(password: string, salt: Buffer, memory: number, passes: number, tagLength: number): Promise<Buffer> {
  const message = Buffer.from(password.normalize("NFKC"), "utf8");
  return new Promise((resolve, reject) => {
    argon2("argon2id", { message, nonce: salt, parallelism: 1, tagLength, memory, passes }, (error, derived) => {
      message.fill(0);
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}

function writePhc(memory: number, passes: number, salt: Buffer, tag: Buffer): string {
  const plain = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=${memory},t=${passes},p=1$${plain(salt)}$${plain(tag)}`;
}
