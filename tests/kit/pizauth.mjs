// pizauth.mjs VERSION: reads accounts as JSON ([{name, client_id, client_secret, token_uri, refresh_token}]; without a
// refresh token nobody is logged in), writes to standard output what `pizauth dump` (1.0 to 1.1) gives for them.
// With CUT=N in the environment the last N octets are missing inside of what is encrypted.
import { createCipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

const KEY = '66a247a85e48cfecaaed9b36eba97d5350d4286375097a44eeffb9c4546b65a3';
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; };
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
const text = (s) => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
const optional = (s) => (s === undefined ? Buffer.from([0]) : Buffer.concat([Buffer.from([1]), text(s)]));
const list = (items) => Buffer.concat([u64(items.length), ...items]);
const moment = () => Buffer.concat([u64(Math.floor(Date.now() / 1000)), u32(5)]);

const accounts = JSON.parse(readFileSync(0, 'utf8')).map((a) => Buffer.concat([
    text(a.name), text('https://auth.example.test/'), list([Buffer.concat([text('login_hint'), text(a.name)])]),
    text(a.client_id), optional(a.client_secret), text('http://localhost/'), list([text('mail'), text('offline_access')]),
    text(a.token_uri),
    a.refresh_token === undefined ? u32(0)
        : Buffer.concat([u32(1), text('an-access-token'), moment(), moment(), optional(a.refresh_token)]),
]));
let plain = Buffer.concat([u64(process.argv[2] ?? 1), list(accounts)]);
plain = plain.subarray(0, plain.length - Number(process.env.CUT ?? 0));
const nonce = process.env.NONCE ? Buffer.from(process.env.NONCE, 'hex') : randomBytes(12);
const cipher = createCipheriv('chacha20-poly1305', Buffer.from(KEY, 'hex'), nonce, { authTagLength: 16 });
process.stdout.write(Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
