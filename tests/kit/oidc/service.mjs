// service.mjs: what a token endpoint does for service accounts (RFC 7523 section 2.1), the way Google's does: the
// client is the service account itself, named by what it signs, and nobody else authenticates.
//
// Reads DIRECTORY/service.json once for each request: client_email, public_key (PEM), aud, key_id, users (an array).
import { verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

function refuse(error, description) {
    return { status: 400, body: { error, error_description: description } };
}

function decode(part) {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

function judge(form, service) {
    if (form.get('grant_type') !== GRANT_TYPE) return refuse('unsupported_grant_type', 'Invalid grant_type');
    for (const name of form.keys()) {
        if (!['grant_type', 'assertion'].includes(name)) return refuse('invalid_request', `unexpected ${name}`);
    }
    const [header, claims, signature] = (form.get('assertion') ?? '').split('.');
    const now = Math.floor(Date.now() / 1000);
    let head;
    let body;
    try {
        [head, body] = [decode(header), decode(claims)];
    } catch {
        return refuse('invalid_request', 'Bad JWT');
    }
    if (head.alg !== 'RS256' || head.typ !== 'JWT' || head.kid !== service.key_id) {
        return refuse('invalid_grant', 'Invalid JWT header');
    }
    if (!verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), service.public_key, Buffer.from(signature, 'base64url'))) {
        return refuse('invalid_grant', 'Invalid JWT Signature.');
    }
    if (body.iss !== service.client_email) return refuse('invalid_grant', 'Invalid grant: account not found');
    if (body.aud !== service.aud) return refuse('invalid_grant', 'Invalid JWT: Failed audience check.');
    if (!(body.iat <= now + 60 && body.exp > now && body.exp - body.iat <= 3600)) {
        return refuse('invalid_grant', 'Invalid JWT: Token must be a short-lived token (60 minutes)');
    }
    if (body.scope !== 'mail') {
        return refuse('unauthorized_client', 'Client is unauthorized to retrieve access tokens using this method, or client'
            + ' not authorized for any of the scopes requested.');
    }
    if (!service.users.includes(body.sub)) return refuse('invalid_grant', 'Invalid email or User ID');
    return { status: 200, user: body.sub, scope: body.scope };
}

// Gives status, body and the grant type as it is counted.
export async function answerService(directory, provider, text, ttl) {
    const service = JSON.parse(readFileSync(`${directory}/service.json`, 'utf8'));
    const answer = judge(new URLSearchParams(text), service);
    if (answer.status === 200) {
        const client = await provider.Client.find('service');
        const token = new provider.AccessToken({ accountId: answer.user, client, scope: answer.scope, expiresIn: ttl });
        answer.body = { access_token: await token.save(), expires_in: ttl, token_type: 'Bearer' };
    }
    return answer;
}
