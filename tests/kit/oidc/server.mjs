// server.mjs DIRECTORY: the authorization server of the end-to-end tests, a real oidc-provider behind https.
//
// Reads   DIRECTORY/ca/server.pem and server.key (ca.sh), DIRECTORY/clients.json (an array of RFC 7591 clients);
//         with a file DIRECTORY/registration clients may register themselves (RFC 7591).
// Writes  DIRECTORY/address once it answers: the public port and the inner port, a line each.
//
// Two listeners on the loopback address, one provider behind both. The public one is the issuer, what the
// programs under test see. The inner one is what the mail server asks (introspection) and what a test steers;
// it stays up when the test takes the public one down. Only the inner one answers:
//   GET  /test/count[?grant_type=T][&outcome=ok|error]    token requests so far, a number
//   GET  /test/set?name=value...    ttl (seconds an access token lives), size (octets of an access token, 0: as short
//                                   as is safe), delay (milliseconds by which a reply of the token endpoint is held
//                                   back after it was made), public (up | down), mailbox
//                                   (whose mail the token of client credentials is for)
//   GET  /test/secrets              every token this server has ever issued, one a line
//
// POST /service/token is for service accounts (service.mjs); counted as grant_type=jwt-bearer.
//
// Refresh tokens rotate at every use; a used one that comes again ends the grant with all its tokens.
// Access tokens are opaque, and their introspection names the user as `sub`, and for
// alice@example.test a mailbox of others as `shared`. The forms for login and consent are
// oidc-provider's own: any password will do. The log names no token.
import { generateKeyPairSync, randomBytes, randomFillSync, webcrypto } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import Provider, { errors } from 'oidc-provider';
import { answerService } from './service.mjs';
import { Store } from './store.mjs';

const DAY = 24 * 3600;
const directory = process.argv[2];
const settings = { ttl: 3600, size: 0, delay: 0, public: 'up', mailbox: 'alice@example.test' };
const requests = [];
const secrets = new Set();

// Long tokens want more random octets at a time than the 65,536 that the standard of this function allows.
webcrypto.getRandomValues = (array) => randomFillSync(array);

// oidc-provider takes a secret in the header or in the form from either kind of client; RFC 6749 section 2.3.1
// lets a server insist on what was registered, and strict servers find clients that send the wrong one.
function insistOnRegisteredMethod(ctx) {
    const method = ctx.oidc.client.clientAuthMethod;
    const sent = ctx.headers.authorization !== undefined ? 'client_secret_basic'
        : ctx.oidc.params.client_secret !== undefined ? 'client_secret_post'
        : ctx.oidc.params.client_assertion !== undefined ? 'private_key_jwt' : 'none';
    if (sent !== method) throw new errors.InvalidClient(`${ctx.oidc.client.clientId} authenticates by ${method}`);
}

// oidc-provider verifies the signature, whom it is for and that it comes once; Microsoft also wants to know by which
// certificate, and that it does not live for long.
function insistOnCertificate(ctx, claims, header, client) {
    const known = client.jwks.keys.map((key) => key['x5t#S256']);
    if (header.alg !== 'PS256' || header.typ !== 'JWT' || !known.includes(header['x5t#S256'])) {
        throw new errors.InvalidClientAuth('not signed as it should be');
    }
    if (claims.aud !== `${ctx.oidc.issuer}/token` || claims.sub !== claims.iss || claims.nbf !== claims.iat
        || !(claims.exp - claims.nbf <= 600)) {
        throw new errors.InvalidClientAuth('claims other than they should be');
    }
}

async function readBody(ctx) {
    let text = '';
    for await (const part of ctx.req) text += part;
    return text;
}

function makeProvider(issuer) {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    const provider = new Provider(issuer, {
        adapter: Store,
        clients: JSON.parse(readFileSync(`${directory}/clients.json`, 'utf8')),
        clientDefaults: { id_token_signed_response_alg: 'ES256' },
        cookies: { keys: [randomBytes(32).toString('hex')] },
        jwks: { keys: [key] },
        scopes: ['openid', 'offline_access', 'mail'],
        rotateRefreshToken: true,
        formats: {
            // Six bits a character.
            bitsOfOpaqueRandomness: (ctx, token) =>
                token.kind === 'AccessToken' && settings.size > 0 ? 6 * settings.size : 256,
        },
        ttl: {
            AccessToken: () => settings.ttl,
            AuthorizationCode: 60,
            ClientCredentials: () => settings.ttl,
            DeviceCode: 600,
            Grant: 90 * DAY,
            IdToken: 3600,
            Interaction: 600,
            RefreshToken: 90 * DAY,
            Session: DAY,
        },
        assertJwtClientAuthClaimsAndHeader: insistOnCertificate,
        features: {
            clientCredentials: { enabled: true },
            deviceFlow: { enabled: true },
            devInteractions: { enabled: true },
            introspection: {
                enabled: true,
                // A mail server must not take a refresh token for an access token.
                allowedPolicy: (ctx, client, token) =>
                    client.clientId === token.clientId || ['AccessToken', 'ClientCredentials'].includes(token.kind),
            },
            registration: { enabled: existsSync(`${directory}/registration`) },
            revocation: { enabled: true },
        },
        // Whose mail the token of an application is for; who may also open which shared mailbox (see shared.sh).
        extraTokenClaims: (ctx, token) => {
            if (token.kind === 'ClientCredentials') return { sub: settings.mailbox };
            return token.accountId === 'alice@example.test' ? { shared: 'office@example.test' } : undefined;
        },
        async findAccount(ctx, sub) {
            if (ctx.oidc.route === 'token') insistOnRegisteredMethod(ctx);
            return { accountId: sub, claims: async () => ({ sub, email: sub }) };
        },
    });

    provider.use(async (ctx, next) => {
        if (ctx.method !== 'POST' || ctx.path !== '/service/token') return next();
        const answer = await answerService(directory, provider, await readBody(ctx), settings.ttl);
        ctx.status = answer.status;
        ctx.body = answer.body;
        if (answer.body.access_token) secrets.add(answer.body.access_token);
        requests.push({ grant_type: 'jwt-bearer', outcome: answer.status === 200 ? 'ok' : 'error' });
        console.log(`${new Date().toISOString()} service ${answer.body.error ?? 'ok'} ${answer.body.error_description ?? ''}`);
        return undefined;
    });
    provider.use(async (ctx, next) => {
        await next();
        if (ctx.oidc?.route !== 'token') return;
        const body = ctx.body ?? {};
        const grantType = ctx.oidc.params?.grant_type ?? 'none';
        const outcome = ctx.status === 200 ? 'ok' : 'error';
        for (const token of [body.access_token, body.refresh_token, body.id_token]) {
            if (token) secrets.add(token);
        }
        requests.push({ grant_type: grantType, outcome });
        console.log(`${new Date().toISOString()} token grant_type=${grantType}`
            + ` client_id=${ctx.oidc.client?.clientId ?? '?'} status=${ctx.status}`
            + ` ${body.error ?? ''} ${body.error_description ?? ''}`);
        if (settings.delay > 0) await sleep(settings.delay);
    });
    for (const name of ['grant.error', 'introspection.error', 'revocation.error', 'authorization.error']) {
        provider.on(name, (ctx, error) => console.log(`${name}: ${error.error_description} ${error.error_detail ?? ''}`));
    }
    provider.on('server_error', (ctx, error) => console.error('server error:', error));
    return provider;
}

// Answers undefined for what is not a test's question.
function answerTest(url) {
    const query = Object.fromEntries(url.searchParams);
    switch (url.pathname) {
    case '/test/count':
        return String(requests.filter((request) =>
            Object.entries(query).every(([name, value]) => request[name] === value)).length);
    case '/test/set':
        for (const [name, value] of Object.entries(query)) {
            if (!(name in settings)) throw new Error(`no setting ${name}`);
            settings[name] = typeof settings[name] === 'number' ? Number(value) : value;
        }
        return 'set';
    case '/test/secrets':
        return [...secrets].join('\n');
    default:
        return undefined;
    }
}

const tls = {
    cert: readFileSync(`${directory}/ca/server.pem`),
    key: readFileSync(`${directory}/ca/server.key`),
    minVersion: 'TLSv1.2',
};

function listen(server, port) {
    return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => resolve(server.address().port));
    });
}

let handler;
const outer = createServer(tls, (request, response) => handler(request, response));
const outerPort = await listen(outer, 0);
handler = makeProvider(`https://localhost:${outerPort}`).callback();

// Down is what a dead server looks like: the port refuses, and connections kept open are cut.
async function applyPublic() {
    if (settings.public === 'down' && outer.listening) {
        const closed = new Promise((resolve) => outer.close(resolve));
        outer.closeAllConnections();
        await closed;
    } else if (settings.public === 'up' && !outer.listening) {
        await listen(outer, outerPort);
    }
}

const inner = createServer(tls, async (request, response) => {
    const url = new URL(request.url, 'https://localhost');
    if (!url.pathname.startsWith('/test/')) return handler(request, response);
    try {
        const answer = answerTest(url);
        await applyPublic();
        response.writeHead(answer === undefined ? 404 : 200).end(`${answer ?? 'no such question'}\n`);
    } catch (error) {
        response.writeHead(400).end(`${error.message}\n`);
    }
    return undefined;
});
const innerPort = await listen(inner, 0);

writeFileSync(`${directory}/address.new`, `${outerPort}\n${innerPort}\n`);
renameSync(`${directory}/address.new`, `${directory}/address`);
