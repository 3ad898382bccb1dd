// What oidc-provider keeps, in memory and without a limit (its own store forgets all but the last thousand).
//
// consume() is atomic: of two requests that bring the same refresh token at the same instant one is served and
// the other is a replay, which ends the grant. oidc-provider itself looks first and consumes some awaits later,
// so two clients that race would both be served, and the race would not be seen.
import { errors } from 'oidc-provider';

const stored = new Map();
const keysOfGrant = new Map();
const idOfUid = new Map();
const idOfUserCode = new Map();

export class Store {
    constructor(model) {
        this.model = model;
    }

    key(id) {
        return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
        const key = this.key(id);
        const endsAt = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
        stored.set(key, { payload, endsAt });
        if (payload.grantId) {
            if (!keysOfGrant.has(payload.grantId)) keysOfGrant.set(payload.grantId, new Set());
            keysOfGrant.get(payload.grantId).add(key);
        }
        if (payload.uid) idOfUid.set(payload.uid, id);
        if (payload.userCode) idOfUserCode.set(payload.userCode, id);
    }

    async find(id) {
        const found = stored.get(this.key(id));
        return found && found.endsAt > Date.now() ? found.payload : undefined;
    }

    async findByUid(uid) {
        return this.find(idOfUid.get(uid));
    }

    async findByUserCode(userCode) {
        return this.find(idOfUserCode.get(userCode));
    }

    async consume(id) {
        const found = stored.get(this.key(id));
        if (!found) return;
        if (found.payload.consumed) {
            await this.revokeByGrantId(found.payload.grantId);
            stored.delete(`Grant:${found.payload.grantId}`);
            throw new errors.InvalidGrant('used twice at the same time');
        }
        found.payload.consumed = Math.floor(Date.now() / 1000);
    }

    async destroy(id) {
        stored.delete(this.key(id));
    }

    async revokeByGrantId(grantId) {
        for (const key of keysOfGrant.get(grantId) ?? []) stored.delete(key);
        keysOfGrant.delete(grantId);
    }
}
