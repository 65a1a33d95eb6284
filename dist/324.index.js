export const id = 324;
export const ids = [324];
export const modules = {

/***/ 9099:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   p: () => (/* binding */ nearest)
/* harmony export */ });
/** The known name that a misspelt one is likely to mean; undefined where none is near. */
function nearest(name, known) {
    // What is much longer than any name is none of them, and would take long to compare.
    if (name.length > 300)
        return undefined;
    const [closest] = known
        .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
        .sort((a, b) => a.distance - b.distance);
    return closest !== undefined && closest.distance <= Math.max(2, name.length / 3) ? closest.candidate : undefined;
}
/** Edits between two names; names of the same dotted parts in another order (`automations.admin`) are one apart. */
function distance(a, b) {
    const parts = (text) => text.split(/[.:]/).sort().join('.');
    if (parts(a) === parts(b))
        return 1;
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
        }
        row = next;
    }
    return row[b.length];
}


/***/ }),

/***/ 5324:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  settle: () => (/* binding */ settle)
});

// EXTERNAL MODULE: ./build/domain/credential.js
var credential = __webpack_require__(7284);
// EXTERNAL MODULE: ./build/domain/destination.js
var domain_destination = __webpack_require__(2345);
// EXTERNAL MODULE: ./build/domain/errors.js
var errors = __webpack_require__(6046);
// EXTERNAL MODULE: ./build/domain/ledger.js
var domain_ledger = __webpack_require__(8984);
// EXTERNAL MODULE: ./build/domain/text.js
var domain_text = __webpack_require__(6418);
// EXTERNAL MODULE: ./build/domain/rotation.js
var domain_rotation = __webpack_require__(8479);
// EXTERNAL MODULE: ./build/domain/spec.js
var spec = __webpack_require__(294);
;// CONCATENATED MODULE: ./build/domain/transitions.js





/** The ledger that announces an issue, resting on what was read. Orphans become suspects in the same write. */
function announcing(base, rotation, input) {
    const gone = new Set(rotation.retire.map(({ hint }) => hint));
    const alive = input.live.map(({ hint }) => hint).filter((hint) => !gone.has(hint));
    const keys = input.destinations.map(domain_destination/* destinationKey */.I);
    const past = superseded(base, input, keys);
    const suspects = Object.fromEntries(Object.entries(base.suspects).filter(([hint]) => !past.includes(hint)));
    return {
        ...base,
        retiring: only((0,domain_ledger/* added */.vN)(base.retiring, past, Math.floor(input.now)), alive),
        suspects: only((0,domain_ledger/* added */.vN)(suspects, rotation.orphans, base.announced?.at ?? input.now), alive),
        announced: {
            run: (0,spec/* runKey */.r7)(input.run),
            at: Math.floor(input.now),
            known: alive.filter((hint) => !(0,credential/* isKeyHint */.jP)(hint)),
            ...(input.kind === 'key' ? { issuing: credential/* unmadeKey */.MU } : {}),
            stamps: Object.fromEntries(keys.map((key) => [key, input.observed.get(key)?.secretStamp ?? null])),
        },
    };
}
/**
 * Suspects that surely no place holds any more, so that their grace begins: because each place is known to hold another secret,
 * or because each was written after a later announcement, when the run of the suspect was over.
 */
function superseded(base, { observed, now }, keys) {
    if (keys.length === 0)
        return [];
    const stampAt = (key) => observed.get(key)?.secretStamp;
    const isLocated = keys.every((key) => stampAt(key) !== undefined && stampAt(key) === base.destinations[key]?.stamp);
    const held = new Set(keys.map((key) => base.destinations[key]?.hint));
    const { announced } = base;
    const rewritten = announced !== undefined &&
        keys.every((key) => key in announced.stamps && (stampAt(key) ?? null) !== announced.stamps[key]);
    return Object.entries(base.suspects)
        .filter(([hint, since]) => {
        // One that was suspected later than that may be what was written there.
        const isOver = announced !== undefined && announced.at - since >= domain_rotation/* lease */.dm;
        return (rewritten && isOver) || (isLocated && !held.has(hint) && now - since >= domain_rotation/* lostAfter */.JX);
    })
        .map(([hint]) => hint);
}
function only(times, hints) {
    return Object.fromEntries(Object.entries(times).filter(([hint]) => hints.includes(hint)));
}
/**
 * The ledger that commits a delivery. Where nobody else was at work, the previous current and the suspects that are old enough
 * begin to retire. Where somebody was, nothing does: our hint and the unknown ones become suspects, and the next run settles it.
 */
function committing(commit, seen) {
    const { announced, hint } = commit;
    const untouched = (0,domain_ledger/* sameLedger */.EG)(seen.ledger, announced);
    const strangers = strangersIn(seen, [announced, seen.ledger], commit, untouched && commit.proven);
    const isLive = seen.live.some((secret) => secret.hint === hint);
    if (!untouched || strangers.length > 0 || !commit.proven || !isLive) {
        const base = seen.ledger ?? announced;
        // Another run's announcement stays: it is what its secret will be recognised by, should it die. Ours is over.
        const ours = base.announced?.run === announced.announced?.run;
        const suspects = (0,domain_ledger/* added */.vN)(base.suspects, [...(isLive && !(0,domain_ledger/* listedHints */.E_)(base).has(hint) ? [hint] : []), ...strangers], Math.floor(seen.now));
        return { ledger: unproven({ ...base, announced: ours ? undefined : base.announced, suspects }), settled: false };
    }
    const retiring = { ...announced.retiring };
    const suspects = {};
    const alive = new Set(seen.live.map((secret) => secret.hint));
    for (const [suspect, since] of Object.entries(announced.suspects)) {
        if (!alive.has(suspect))
            continue;
        if (seen.now - since >= domain_rotation/* lostAfter */.JX)
            retiring[suspect] ??= Math.floor(seen.now);
        else
            suspects[suspect] = since;
    }
    const previous = announced.current?.hint;
    if (previous !== undefined && previous !== hint && alive.has(previous) && suspects[previous] === undefined)
        retiring[previous] ??= Math.floor(seen.now);
    return {
        ledger: {
            ...announced,
            current: { hint, since: Math.floor(commit.issuedAt) },
            announced: undefined,
            retiring,
            suspects,
            destinations: commit.deliveries,
        },
        settled: true,
    };
}
/**
 * Live hints that nobody accounts for. Where no other run was at work, those that somebody else than us made are not ours; where
 * one was, it may have signed in as somebody else.
 */
function strangersIn({ live }, ledgers, { hint, issuedBy }, alone) {
    const accounted = new Set(ledgers.flatMap((ledger) => [...(0,domain_ledger/* listedHints */.E_)(ledger), ...(ledger?.announced?.known ?? [])]));
    // Keys are announced by their names: one that nobody announced is not ours.
    const unknown = live.filter((secret) => secret.hint !== hint && !accounted.has(secret.hint) && !(0,credential/* isKeyHint */.jP)(secret.hint));
    const byUs = (createdBy) => !alone || createdBy === undefined || issuedBy === undefined || createdBy === issuedBy;
    return unknown.filter(({ createdBy }) => byUs(createdBy)).map((secret) => secret.hint);
}
/**
 * The ledger to write after one look back at a commit, or undefined where all is as it was written: what another run left
 * out, or an unknown hint that appeared meanwhile, becomes a suspect.
 */
function lookingBack(commit, written, seen) {
    const untouched = (0,domain_ledger/* sameLedger */.EG)(seen.ledger, written);
    const strangers = strangersIn(seen, [commit.announced, written, seen.ledger], commit, untouched && commit.proven);
    if (untouched && strangers.length === 0)
        return undefined;
    const base = seen.ledger ?? written;
    const isLive = seen.live.some(({ hint }) => hint === commit.hint);
    const missing = isLive && !(0,domain_ledger/* listedHints */.E_)(base).has(commit.hint) ? [commit.hint] : [];
    return {
        ledger: unproven({ ...base, suspects: (0,domain_ledger/* added */.vN)(base.suspects, [...strangers, ...missing], Math.floor(seen.now)) }),
    };
}
/** What lies in the destinations can't be told: the next run delivers a fresh secret to all of them. */
function unproven(ledger) {
    const destinations = Object.entries(ledger.destinations).map(([key, delivered]) => [key, { ...delivered, stamp: -1 }]);
    return { ...ledger, destinations: Object.fromEntries(destinations) };
}
/** The ledger that announces a key that has been made by now. */
function announcingKey(ledger, hint) {
    return hint === undefined ? ledger : { ...ledger, announced: { ...ledger.announced, issuing: hint } };
}
/** The ledger after a run gave up: without its announcement; what it delivered somewhere, it keeps as a suspect. */
function givingUp(announced, hint, delivered, now) {
    const suspects = hint === undefined ? announced.suspects : (0,domain_ledger/* added */.vN)(announced.suspects, [hint], Math.floor(now));
    return { ...announced, announced: undefined, suspects, destinations: { ...announced.destinations, ...delivered } };
}

// EXTERNAL MODULE: ./build/pause.js
var pause = __webpack_require__(1526);
;// CONCATENATED MODULE: ./build/work.js



/** Thrown where the plan rests on what is no longer so: read again, decide again. Not a failure. */
class Again {
    why;
    error;
    constructor(why, error) {
        this.why = why;
        this.error = error;
    }
}
/** Milliseconds within which a write of the ledger must follow the reading that it rests on. */
const freshness = 2000;
/** Milliseconds within which issuing must follow its announcement. */
const promptness = 6000;
/**
 * Sees to it that a ledger write rests on a reading of just now: where the plan's is older, the client is read once more. Throws
 * `Again` where it changed meanwhile, or is not there yet.
 */
async function requireFresh(work) {
    const { shop, reading, plan } = work;
    if (shop.clock.elapsed() - reading.readAt <= freshness)
        return;
    if (plan.client === undefined)
        throw new Again('what was read is more than two seconds old');
    const readAt = shop.clock.elapsed();
    const { value, at } = await shop.readers.tenant.client(plan.client.id);
    if (value === undefined || !isAsPlanned(value, work))
        throw new Again('the client changed since it was read');
    work.reading = { ...reading, readAt, now: at };
}
/** The same ledger, the same secrets but for those that we retired, and what people wrote, unless the spec says that. */
function isAsPlanned(seen, { plan, progress }) {
    const before = plan.client;
    const live = before.secrets.map(({ hint }) => hint).filter((hint) => !progress.retired.includes(hint));
    const isOurs = plan.spec.fields.description !== undefined || seen.description.user === before.description.user;
    const hints = new Set(seen.secrets.map(({ hint }) => hint));
    const sameHints = hints.size === live.length && live.every((hint) => hints.has(hint));
    return isOurs && sameHints && seen.description.line === before.description.line;
}
function freshOf(work) {
    if (work.fresh === undefined)
        throw new errors/* ActionError */.lZ('BUG', 'a step came before its secret was issued', 'This is a defect of the action. Please report it.');
    return work.fresh;
}
/**
 * Retires a secret or a key. The tenant takes the list of keys as a whole only, so none is written while another run may be writing
 * one: `Again` then.
 */
async function retire(clientId, hint, { shop, plan }) {
    const check = ({ description }, now) => {
        if ((0,domain_rotation/* leaseOfAnother */.b_)(description.ledger, now, plan.run) !== undefined)
            throw new Again('another run is at work');
    };
    const sendBy = shop.clock.elapsed() + freshness;
    await shop.writers.tenant.retire(clientId, hint, { check, sendBy }).catch((thrown) => {
        const late = (0,credential/* isKeyHint */.jP)(hint) && thrown instanceof errors/* ActionError */.lZ && thrown.retryAfter !== undefined;
        throw late ? new Again('the tenant made us wait', thrown) : thrown;
    });
}
/** Retires a secret; false where the tenant refuses, as it may for a client's last one. */
async function retireIfAllowed(clientId, hint, work) {
    try {
        await retire(clientId, hint, work);
        return true;
    }
    catch (thrown) {
        if (thrown instanceof Again)
            throw thrown;
        const error = (0,errors/* toActionError */.ie)(thrown);
        if (error.code === 'TENANT_REJECTED')
            return false;
        throw error;
    }
}
function cancelled() {
    return new errors/* ActionError */.lZ('CANCELLED', 'the run was asked to stop', 'Start it again: the next run goes on from here.');
}
/** Whether the client has a description before this plan writes it: it decides how a patch has to be said. */
function descriptionBefore({ plan }) {
    const description = plan.client?.description;
    const wanted = plan.spec.fields.description;
    return description === undefined || description.line !== undefined || description.user !== '' || wanted
        ? 'filled'
        : 'empty';
}
/** Revokes an access token, off the critical path; one that stays lives six hours at most. */
function giveBack(accessToken, work) {
    work.background.push(work.shop.writers.prover.revoke(accessToken).catch(() => { }));
}
/** Notes that something was written, also where only the answer got lost. */
async function written(work, write) {
    try {
        const result = await write;
        work.progress.changed = true;
        return result;
    }
    catch (thrown) {
        work.progress.changed ||= !(thrown instanceof Again) && (0,errors/* toActionError */.ie)(thrown).uncertain;
        throw thrown;
    }
}

;// CONCATENATED MODULE: ./build/issue.js






/**
 * Announces a fresh secret in the ledger, and issues it. From here to the commit is one critical section. Where the answer is
 * lost, the new secret is found by reading, retired, and issuing is tried once more.
 */
async function announceAndIssue(step, work) {
    const { clock, writers } = work.shop;
    await requireFresh(work);
    const announcedAt = clock.elapsed();
    // The lease counts from the reading that the announcement rests on.
    const key = step.credential === 'key' ? writers.tenant.makeKey() : undefined;
    const planned = announcingKey(step.ledger, key?.issued.hint);
    const announced = { ...planned, announced: { ...planned.announced, at: Math.floor(work.reading.now) } };
    const text = (0,domain_ledger/* withLedger */.CA)(step.user, announced);
    const sendBy = work.reading.readAt + freshness;
    await written(work, writers.tenant.describe(step.clientId, text, descriptionBefore(work), sendBy)).catch(againIfLate);
    const fresh = {
        clientId: step.clientId,
        announced,
        announcedAt,
        user: step.user,
        key,
        delivered: [],
        idsWritten: [],
    };
    work.fresh = fresh;
    if (work.shop.stop.requested)
        throw cancelled();
    requirePrompt(fresh, work);
    fresh.issued = await issueOnce(step, work).catch(async (thrown) => {
        if (thrown instanceof Again)
            throw thrown;
        const error = (0,errors/* toActionError */.ie)(thrown);
        if (error.retryAfter !== undefined && !error.uncertain)
            throw new Again('the tenant made us wait', error);
        if (!error.uncertain || work.shop.stop.requested)
            throw error;
        if (key === undefined)
            await retireLost(fresh, work);
        requirePrompt(fresh, work);
        return issueOnce(step, work);
    });
    fresh.hint = fresh.issued.hint ?? (await findHint(fresh, work));
    return true;
}
/** Nothing of it is to be repeated blindly: what it rested on has to be read again. */
function againIfLate(thrown) {
    const error = (0,errors/* toActionError */.ie)(thrown);
    if (error.uncertain)
        throw new Again('the answer to the announcement was lost', error);
    throw error.retryAfter === undefined ? error : new Again('the tenant made us wait', error);
}
/** Throws `Again` where issuing would come too long after its announcement. */
function requirePrompt({ announcedAt }, { shop }) {
    if (shop.clock.elapsed() - announcedAt > promptness)
        throw new Again('announcing took too long');
}
/** Through the door that the client needs: allowing the method makes a secret too (PATCH answers 202). */
async function issueOnce(step, work) {
    const { shop, plan, fresh } = work;
    const { tenant } = shop.writers;
    if (fresh?.key !== undefined)
        return addKey(fresh.key, fresh, work);
    if (step.addMethod !== undefined) {
        const change = { field: 'authMethods', before: plan.client?.authMethods, after: step.addMethod };
        const { value } = await tenant.update(step.clientId, [change], fresh.announcedAt + promptness);
        if (value !== undefined)
            return value;
    }
    return (await tenant.issue(step.clientId, fresh.announcedAt + promptness)).value;
}
/** Milliseconds between announcing a key and adding it: longer than another announcement may take that was decided before ours. */
const exclusion = freshness + 1000;
/**
 * Adds a key to the client's list, which the tenant takes as a whole only: of two runs that write it at once one would undo the
 * other. So every run announces, waits until nobody can announce who has not seen it, and goes on only if its own announcement
 * stands.
 */
async function addKey(key, fresh, { shop }) {
    const { clock, stop, writers } = shop;
    await (0,pause/* pause */.v)(Math.max(0, fresh.announcedAt + exclusion - clock.elapsed()), shop);
    if (stop.requested)
        throw cancelled();
    const check = ({ description }) => {
        if (!(0,domain_ledger/* sameLedger */.EG)(description.ledger, fresh.announced))
            throw new Again('another run announced at the same moment');
    };
    await writers.tenant.addKey(fresh.clientId, key, { check, sendBy: clock.elapsed() + freshness });
    return key.issued;
}
/** A secret whose answer was lost was never delivered: it goes, where nobody else can have made it. */
async function retireLost(fresh, work) {
    const { ledger, unknown } = await unknownHints(fresh, work);
    // Only where nobody else can have made it: an announcement that stands, and one new secret.
    if (!(0,domain_ledger/* sameLedger */.EG)(ledger, fresh.announced) || unknown.length > 1)
        throw new Again('the answer to issuing was lost while another run was at work');
    for (const { hint } of unknown)
        await retireIfAllowed(fresh.clientId, hint, work);
}
/** The hint of a secret whose issue did not say it: the one that was not there before. */
async function findHint(fresh, work) {
    const { unknown } = await unknownHints(fresh, work);
    if (unknown.length === 1)
        return unknown[0].hint;
    throw new errors/* ActionError */.lZ('TENANT_UNEXPECTED', `the tenant issued a secret without saying its hint, and shows ${unknown.length} new ones`, 'Run again: the next run issues a fresh one, and retires this one.');
}
async function unknownHints(fresh, { shop }) {
    const { value } = await shop.readers.tenant.client(fresh.clientId);
    const { known, issuing } = fresh.announced.announced;
    const isNew = ({ hint }) => issuing === undefined ? !(0,credential/* isKeyHint */.jP)(hint) && !known.includes(hint) : hint === issuing;
    return { ledger: value?.description.ledger, unknown: (value?.secrets ?? []).filter(isNew) };
}

;// CONCATENATED MODULE: ./build/ledger-write.js




const mostAttempts = 5;
/** Reads the client of a section. What people wrote into its description meanwhile stays, unless the spec names it. */
async function reread(fresh, { shop, plan }) {
    const readAt = shop.clock.elapsed();
    const { value, at } = await shop.readers.tenant.client(fresh.clientId);
    const user = plan.spec.fields.description ?? value?.description.user ?? fresh.user;
    return { ledger: value?.description.ledger, live: value?.secrets ?? [], now: at, user, readAt };
}
/**
 * Writes the ledger that is decided from a reading of just now; undefined writes none. Where the answer is lost, or the tenant
 * makes us wait longer than the reading holds, it reads and decides anew.
 */
async function writeLedger(fresh, work, decide, first) {
    const { clock, stop, writers } = work.shop;
    let last;
    for (let attempt = 1;; attempt++) {
        const isRecent = attempt === 1 && first !== undefined && clock.elapsed() - first.readAt <= freshness;
        const seen = isRecent ? first : await reread(fresh, work);
        // An answer was lost, and the write took effect all the same.
        if (last !== undefined && (0,domain_ledger/* sameLedger */.EG)(seen.ledger, last.ledger))
            return last;
        const decision = decide(seen);
        if (decision === undefined)
            return decision;
        last = decision;
        try {
            const text = (0,domain_ledger/* withLedger */.CA)(seen.user, decision.ledger);
            await writers.tenant.describe(fresh.clientId, text, 'filled', seen.readAt + freshness);
            return decision;
        }
        catch (thrown) {
            const error = (0,errors/* toActionError */.ie)(thrown);
            const again = error.uncertain || error.retryAfter !== undefined;
            if (!again || attempt === mostAttempts || stop.requested)
                throw error;
            await (0,pause/* pause */.v)(error.retryAfter ?? 250 * attempt, work.shop);
        }
    }
}

;// CONCATENATED MODULE: ./build/abandon.js









/**
 * Ends a section that failed. A secret that no destination can hold is retired at once; one that a destination may hold stays,
 * and the ledger says so. Returns the error to fail with.
 */
async function abandon(work, error) {
    const { fresh } = work;
    if (fresh === undefined)
        return error;
    work.fresh = undefined;
    const unused = await fresh.early;
    if (unused !== undefined)
        giveBack(unused, work);
    const held = fresh.delivered.length > 0 || fresh.perhaps !== undefined;
    try {
        // Issuing may still take effect: the announcement stays, by which the next run knows its secret as ours.
        if (fresh.issued === undefined && error.uncertain) {
            await retireLost(fresh, work);
            return error;
        }
        const kept = held || (fresh.issued !== undefined && !(await retireNew(fresh, work))) ? fresh.hint : undefined;
        if (!fresh.mayHaveTwin)
            await takeBack(fresh, kept, work);
        if (!held)
            await restoreIds(fresh, work);
    }
    catch (thrown) {
        // With another run at work nothing of what is unknown can be called ours.
        if (thrown instanceof Again)
            return error;
        work.progress.notes.push(`Cleaning up failed too (${(0,errors/* toActionError */.ie)(thrown).message}): the next run does it.`);
    }
    const everywhere = fresh.delivered.length === work.plan.spec.destinations.length;
    if (fresh.delivered.length === 0 && fresh.perhaps !== undefined)
        return perhapsDelivered(fresh.perhaps, error);
    if (fresh.delivered.length === 0 || everywhere || error.code === 'CANCELLED')
        return error;
    return deliveryFailed(work, fresh, error);
}
/** An id beside a secret of another client would spoil both: where the secret did not follow, what stood there comes back. */
async function restoreIds({ idsWritten }, { shop }) {
    for (const { destination, before } of idsWritten)
        await shop.writers.destinations.restoreVariable(destination, before);
}
async function retireNew(fresh, work) {
    const hint = fresh.hint ?? (await findHint(fresh, work));
    const gone = await retireIfAllowed(fresh.clientId, hint, work);
    if (gone)
        work.progress.notes.push(`The new ${(0,credential/* isKeyHint */.jP)(hint) ? 'key' : 'secret'} (${hint}) was delivered nowhere and is retired again.`);
    fresh.hint = hint;
    return gone;
}
/** Takes the announcement back, where it still stands; a secret that may be held somewhere becomes a suspect. */
async function takeBack(fresh, kept, work) {
    const hint = fresh.hint ?? '';
    const { owner } = fresh.announced;
    const entries = fresh.delivered.map(({ destination, at, idAt }) => [
        (0,domain_destination/* destinationKey */.I)(destination),
        (0,domain_ledger/* deliveredEntry */.z7)(destination, hint, at, idAt, owner),
    ]);
    await writeLedger(fresh, work, (seen) => {
        if (!(0,domain_ledger/* sameLedger */.EG)(seen.ledger, fresh.announced))
            return undefined;
        return { ledger: givingUp(fresh.announced, kept, Object.fromEntries(entries), seen.now) };
    });
}
function perhapsDelivered(destination, error) {
    const place = (0,domain_text/* plain */.pj)((0,domain_destination/* destinationLabel */.f4)(destination));
    const message = `${error.message}; the new secret may or may not have arrived in ${place}`;
    const hint = `The previous secret stays live, and the next run delivers a fresh one. ${error.hint}`;
    return new errors/* ActionError */.lZ(error.code, message, hint, { cause: error, trace: error.trace, status: error.status });
}
function deliveryFailed(work, fresh, cause) {
    const took = new Set(fresh.delivered.map(({ destination }) => (0,domain_destination/* destinationKey */.I)(destination)));
    const label = (taken) => work.plan.spec.destinations
        .filter((destination) => took.has((0,domain_destination/* destinationKey */.I)(destination)) === taken)
        .map((destination) => (0,domain_text/* plain */.pj)((0,domain_destination/* destinationLabel */.f4)(destination)))
        .join('; ') || 'none';
    return new errors/* ActionError */.lZ('DELIVERY_FAILED', `the new secret is in: ${label(true)}; not, or not surely, in: ${label(false)} (${cause.code}: ${cause.message})`, `All of them hold a live secret, and nothing was retired. Mend the cause and run again: a fresh secret goes to all. ${cause.hint}`, { cause, trace: cause.trace });
}

;// CONCATENATED MODULE: ./build/commit.js






/** Milliseconds for which we wait until GitHub shows the stamp of our own write. */
const confirmWithin = 25_000;
/** Confirms every delivery, commits, and looks back once. From here on the fresh secret is the current one. */
async function commit(work) {
    const fresh = freshOf(work);
    const [deliveries, seen] = await Promise.all([confirmAll(fresh, work), reread(fresh, work)]);
    const facts = commitFacts(fresh, deliveries);
    const written = await writeLedger(fresh, work, (it) => committing(facts, it), seen);
    const correction = await writeLedger(fresh, work, (it) => lookingBack(facts, written.ledger, it));
    work.settled = written.settled && correction === undefined;
    if (!work.settled)
        work.shop.reporter.notice('Another run was at work on this client, or GitHub does not confirm the delivery yet. Nothing is retired; the next run settles it with a fresh secret.');
    work.progress.current = { hint: facts.hint, issuedAt: facts.issuedAt };
    work.progress.secret = fresh.issued.secret;
    work.progress.ledger = (correction ?? written).ledger;
    work.fresh = undefined;
    return true;
}
/** GitHub's stamps spread slowly: asks until each is that of our own write, or time is up. */
async function confirmAll(fresh, work) {
    const until = work.shop.clock.elapsed() + confirmWithin;
    return Promise.all(fresh.delivered.map((delivery) => commit_confirm(delivery, until, work)));
}
async function commit_confirm(delivery, until, { shop }) {
    for (let delay = 250;; delay *= 2) {
        const seen = await shop.readers.destinations.stamps(delivery.destination);
        const proven = isOurs(seen, delivery);
        if (proven || shop.stop.requested || shop.clock.elapsed() + delay > until) {
            return {
                destination: delivery.destination,
                stamp: seen.secretStamp ?? -1,
                idStamp: delivery.idAt === undefined ? undefined : seen.idStamp,
                proven,
            };
        }
        await (0,pause/* pause */.v)(delay, shop);
    }
}
/** Within a second of the time at which GitHub answered our write: both count whole seconds. */
function isOurs({ secretStamp, idStamp }, { at, idAt }) {
    const near = (stamp, answered) => stamp !== undefined && Math.abs(stamp - answered) <= 1;
    return near(secretStamp, at) && (idAt === undefined || near(idStamp, idAt));
}
function commitFacts(fresh, deliveries) {
    const hint = fresh.hint;
    const { owner, announced } = fresh.announced;
    const entries = deliveries.map(({ destination, stamp, idStamp }) => [
        (0,domain_destination/* destinationKey */.I)(destination),
        (0,domain_ledger/* deliveredEntry */.z7)(destination, hint, stamp, idStamp, owner),
    ]);
    return {
        announced: fresh.announced,
        hint,
        issuedAt: fresh.issued.createdAt ?? announced.at,
        deliveries: { ...fresh.announced.destinations, ...Object.fromEntries(entries) },
        proven: deliveries.every(({ proven }) => proven) && !fresh.overtaken,
        issuedBy: fresh.issued.createdBy,
    };
}

// EXTERNAL MODULE: ./build/domain/identify.js
var identify = __webpack_require__(2737);
;// CONCATENATED MODULE: ./build/create.js







/**
 * Creates the client, its announcement in the first description and its consent in the same request; then looks for a twin
 * and for what the tenant did not honour. Where the answer is lost, the client is found by its announcement.
 */
async function createClient(planned, work) {
    const { clock, writers, readers } = work.shop;
    await requireFresh(work);
    const announcedAt = clock.elapsed();
    const key = planned.credential === 'key' ? writers.tenant.makeKey() : undefined;
    const step = { ...planned, ledger: announcingKey(planned.ledger, key?.issued.hint) };
    const { value: created, at } = await create(step, key, work);
    work.progress.clientId = created.clientId;
    work.progress.created = true;
    const fresh = {
        clientId: created.clientId,
        announced: step.ledger,
        announcedAt,
        user: step.user,
        issued: created.issued,
        delivered: [],
        idsWritten: [],
    };
    const early = earlyToken(created, work);
    work.fresh = { ...fresh, early, mayHaveTwin: true };
    const { value: clients } = await readers.tenant.clients();
    const mine = clients.find(({ id }) => id === created.clientId);
    await giveWayToTwin(step, mine, clients, work);
    if (mine !== undefined && mine.consent !== step.consent)
        await writers.tenant.setConsent(created.clientId, step.consent);
    const listed = mine?.secrets.map((secret) => secret.hint) ?? [];
    const born = created.issued === undefined ? undefined : (created.issued.hint ?? (listed.length === 1 ? listed[0] : undefined));
    if (!step.deliver) {
        work.fresh = { ...fresh, early };
        await keepNoSecret(listed.length > 0 || born === undefined ? listed : [born], at, work);
        return true;
    }
    const issued = created.issued ?? (await writers.tenant.issue(created.clientId, announcedAt + promptness)).value;
    work.fresh = { ...fresh, early, issued, hint: born ?? issued.hint };
    work.fresh.hint ??= await findHint(work.fresh, work);
    return true;
}
/** Proving need not wait until the client was read back: where it works at once, that saves a round trip. */
function earlyToken({ clientId, issued }, { plan, shop }) {
    const provable = plan.steps.some((step) => step.kind === 'verify' && step.skip === undefined);
    if (!provable || issued === undefined)
        return undefined;
    return shop.writers.prover.accessToken(clientId, issued).catch(() => undefined);
}
async function create(step, key, work) {
    const { writers } = work.shop;
    const description = (0,domain_ledger/* withLedger */.CA)(step.user, step.ledger);
    const client = { fields: { ...step.fields, description }, consent: step.consent, key };
    try {
        return await written(work, writers.tenant.create(client, work.reading.readAt + freshness));
    }
    catch (thrown) {
        const error = (0,errors/* toActionError */.ie)(thrown);
        if (error.retryAfter !== undefined && !error.uncertain)
            throw new Again('the tenant made us wait', error);
        if (!error.uncertain)
            throw error;
        await create_retireLost(step, work);
        throw new Again('the answer to creating the client was lost', error);
    }
}
/** The secret that a lost answer held was never delivered: it goes, and the next reading finds the client by its ledger. */
async function create_retireLost(step, work) {
    const { shop, progress } = work;
    const { value: clients } = await shop.readers.tenant.clients();
    const created = clients.find(({ description }) => (0,domain_ledger/* sameLedger */.EG)(description.ledger, step.ledger));
    if (created !== undefined)
        progress.created = true;
    for (const { hint } of created?.secrets ?? [])
        await retireIfAllowed(created.id, hint, work);
}
/** Of two clients made by runs at the same time the older stays; we delete ours where it is the younger. */
async function giveWayToTwin(step, mine, clients, work) {
    if (mine === undefined)
        return;
    const { owner } = step.ledger;
    const twins = clients.filter(({ id, description: { ledger } }) => id !== mine.id &&
        !work.plan.spec.pinnedByOthers?.has(id) &&
        ledger?.owner.repository === owner.repository &&
        ledger.owner.client === owner.client);
    if (!twins.some((twin) => (0,identify/* isYounger */.aW)(mine, twin)))
        return;
    const accessToken = await work.fresh?.early;
    if (accessToken !== undefined)
        giveBack(accessToken, work);
    await work.shop.writers.tenant.remove(mine.id);
    work.fresh = undefined;
    work.progress.clientId = undefined;
    work.progress.created = false;
    throw new Again('another run created the client a moment earlier: ours is deleted again');
}
/** Nothing is delivered: the secret that creating made goes at once, or stays with a note where the tenant keeps the last one. */
async function keepNoSecret(hints, at, work) {
    const { fresh } = work;
    if (fresh === undefined)
        return;
    let kept;
    for (const hint of hints)
        if (!(await retireIfAllowed(fresh.clientId, hint, work)))
            kept = hint;
    if (kept !== undefined)
        work.progress.notes.push(`The tenant refuses to delete the client's last secret (${kept}). Nobody knows its value.`);
    await writeLedger(fresh, work, (seen) => (0,domain_ledger/* sameLedger */.EG)(seen.ledger, fresh.announced) ? { ledger: givingUp(fresh.announced, kept, {}, at) } : undefined);
    work.fresh = undefined;
}

// EXTERNAL MODULE: ./build/domain/retry.js
var retry = __webpack_require__(9007);
;// CONCATENATED MODULE: ./build/deliver.js









/** Milliseconds after the announcement beyond which no delivery begins. */
const deliverBy = 40_000;
/** Seconds between two writes to one place: GitHub's stamps count whole seconds, and two writes in one look like one. */
const stampGap = 2;
/** Milliseconds for which what was read ahead counts as read just before the delivery. */
const stillJustBefore = 1000;
/** Reads what the first delivery needs while the secret is being proven, and writes a client id that was not there yet. */
async function readAhead(work) {
    const fresh = freshOf(work);
    const step = work.plan.steps.find((it) => it.kind === 'deliver');
    if (step === undefined)
        return;
    const { destination, idBefore } = step;
    const addsId = destination.idAs === 'variable' && idBefore === undefined;
    const readAt = work.shop.clock.elapsed();
    const [prepared] = await Promise.all([
        work.shop.readers.destinations.prepare(destination),
        addsId ? writeVariable(destination, undefined, fresh, work) : undefined,
    ]);
    fresh.ahead = { destination, prepared, readAt, idWritten: addsId };
}
/**
 * Delivers the client id and the fresh secret to one destination. Where GitHub makes us wait longer than the announcement
 * lasts, it is renewed before the delivery is tried again.
 */
async function deliver(step, work) {
    const fresh = freshOf(work);
    const { clock, reporter, stop } = work.shop;
    const until = clock.elapsed() + retry/* longestWait */._s;
    for (;;) {
        const prepared = await prepare(step.destination, work);
        if (clock.elapsed() - fresh.announcedAt > deliverBy) {
            if (clock.elapsed() > until)
                throw heldUp(step.destination);
            await renew(fresh, work);
            continue;
        }
        if (stop.requested)
            throw cancelled();
        fresh.overtaken ||= isOvertaken(step.destination, prepared.value, fresh);
        try {
            const idAt = await writeId(step, fresh, prepared, work);
            const { at } = await put(step.destination, prepared, work);
            fresh.delivered.push({ destination: step.destination, at, idAt });
            return true;
        }
        catch (thrown) {
            const { retryAfter, uncertain } = (0,errors/* toActionError */.ie)(thrown);
            if (retryAfter === undefined || uncertain || stop.requested)
                throw thrown;
            if (clock.elapsed() + retryAfter > until)
                throw heldUp(step.destination);
            reporter.step(`… delivering goes on in ${Math.round(retryAfter / 1000)} s, as GitHub asks`);
            await (0,pause/* pause */.v)(retryAfter, work.shop);
        }
    }
}
/** Is the stamp another than when we announced: was another run at work? */
function isOvertaken(destination, { seen }, { announced }) {
    const before = announced.announced?.stamps[(0,domain_destination/* destinationKey */.I)(destination)] ?? null;
    return (seen.secretStamp ?? null) !== before;
}
/** Reads public key and stamps until the last write there is two seconds ago, by GitHub's own time. */
async function prepare(destination, { shop, fresh }) {
    const ahead = fresh?.ahead?.destination === destination ? fresh.ahead : undefined;
    const recent = ahead !== undefined && shop.clock.elapsed() - ahead.readAt < stillJustBefore;
    for (let attempt = 1;; attempt++) {
        const prepared = attempt === 1 && recent ? ahead.prepared : await shop.readers.destinations.prepare(destination);
        const age = prepared.at - lastWrite(prepared.value.seen);
        if (age >= stampGap || attempt === 5)
            return prepared;
        await (0,pause/* pause */.v)(Math.min(stampGap - age, stampGap + 1) * 1000, shop);
        if (shop.stop.requested)
            throw cancelled();
    }
}
function lastWrite({ secretStamp, idStamp }) {
    return Math.max(secretStamp ?? Number.NEGATIVE_INFINITY, idStamp ?? Number.NEGATIVE_INFINITY);
}
/** The id stands beside the secret as a variable or a secret; a variable that is right already stays. */
async function writeId({ destination, idBefore }, fresh, { value }, work) {
    const { destinations } = work.shop.writers;
    const isThere = idBefore === fresh.clientId || (fresh.ahead?.destination === destination && fresh.ahead.idWritten);
    if (destination.idAs === 'none' || (destination.idAs === 'variable' && isThere))
        return undefined;
    if (destination.idAs === 'variable') {
        await writeVariable(destination, idBefore, fresh, work);
        return undefined;
    }
    const sendBy = fresh.announcedAt + deliverBy;
    return (await destinations.putSecret(destination, destination.idName, fresh.clientId, value, sendBy)).at;
}
async function writeVariable(destination, before, fresh, { shop }) {
    fresh.idsWritten.push({ destination, before });
    await shop.writers.destinations.putVariable(destination, fresh.clientId, before !== undefined);
}
async function put(destination, { value }, work) {
    const fresh = freshOf(work);
    const { secret } = fresh.issued;
    const write = async (prepared) => {
        const { destinations } = work.shop.writers;
        const sendBy = fresh.announcedAt + deliverBy;
        try {
            return await destinations.putSecret(destination, destination.secretName, secret, prepared, sendBy);
        }
        catch (thrown) {
            if ((0,errors/* toActionError */.ie)(thrown).uncertain)
                fresh.perhaps = destination;
            throw thrown;
        }
    };
    try {
        return await write(value);
    }
    catch (thrown) {
        // GitHub says 422 for a key that has been replaced meanwhile: one more try, with the new one.
        if ((0,errors/* toActionError */.ie)(thrown).status !== 422)
            throw thrown;
        const again = await work.shop.readers.destinations.prepare(destination);
        if (again.value.publicKey.id === value.publicKey.id)
            throw thrown;
        return write(again.value);
    }
}
/** A slow run announces anew before it goes on, if nobody else was at work; else it gives up. */
async function renew(fresh, work) {
    const known = new Set([...(fresh.announced.announced?.known ?? []), fresh.hint]);
    const announcedAt = work.shop.clock.elapsed();
    const { ledger } = await writeLedger(fresh, work, (seen) => {
        const isAlone = (0,domain_ledger/* sameLedger */.EG)(seen.ledger, fresh.announced) && seen.live.every(({ hint }) => known.has(hint) || (0,credential/* isKeyHint */.jP)(hint));
        if (!isAlone)
            throw overtaken();
        // The hints known and the time of the first announcement stay: our own secret must be recognised as ours, should we die.
        const announced = { ...fresh.announced.announced, renewed: Math.floor(seen.now) };
        return { ledger: { ...fresh.announced, announced } };
    });
    Object.assign(fresh, { announced: ledger, announcedAt });
}
function heldUp(destination) {
    const message = `GitHub kept us from delivering to ${(0,domain_text/* plain */.pj)((0,domain_destination/* destinationLabel */.f4)(destination))} for a quarter of an hour`;
    return new errors/* ActionError */.lZ('RATE_LIMITED', message, 'Run again later. The next run goes on from here.');
}
function overtaken() {
    return new errors/* ActionError */.lZ('CLIENT_BUSY', 'delivering took longer than 40 seconds, and another run is at work on the client', 'Run again when the other run is over.');
}

// EXTERNAL MODULE: ./build/domain/render.js
var render = __webpack_require__(1257);
;// CONCATENATED MODULE: ./build/verify.js





/** Milliseconds for which a new secret may take to work: it and fresh consent have to spread. */
const patience = 20_000;
/** Proves the fresh secret with an access token, and sees whose it is. Fails with `VERIFY_FAILED`. */
async function verify(step, work) {
    const { prover } = work.shop.writers;
    const { clientId, issued, early } = freshOf(work);
    if (step.skip !== undefined) {
        work.progress.notes.push(`The secret was not proven: ${step.skip}.`);
        return false;
    }
    const accessToken = (await early) ?? (await tokenWithPatience(clientId, issued, work));
    freshOf(work).early = undefined;
    const ahead = readAhead(work);
    // It fails below, when the token has been given back.
    ahead.catch(() => { });
    const bot = await prover.whoIs(accessToken);
    giveBack(accessToken, work);
    await ahead;
    if (bot?.clientId !== undefined && bot.clientId !== clientId) {
        throw new errors/* ActionError */.lZ('VERIFY_FAILED', `the new secret signs in as another client, ${(0,domain_text/* plain */.pj)(bot.clientId)}`, 'Report this to Qlik: it should not happen. The previous secret stays.');
    }
    work.progress.botUserId = bot?.userId;
    return true;
}
async function tokenWithPatience(clientId, issued, { shop }) {
    const since = shop.clock.elapsed();
    for (let delay = 500;; delay = Math.min(delay * 2, 4000)) {
        try {
            return await shop.writers.prover.accessToken(clientId, issued);
        }
        catch (thrown) {
            const error = (0,errors/* toActionError */.ie)(thrown);
            if (shop.stop.requested)
                throw cancelled();
            if (error.status === undefined || ![400, 401, 403].includes(error.status))
                throw error;
            if (shop.clock.elapsed() - since + delay > patience)
                throw verifyFailed(error);
        }
        await (0,pause/* pause */.v)(delay, shop);
        if (shop.stop.requested)
            throw cancelled();
    }
}
function verifyFailed(cause) {
    return new errors/* ActionError */.lZ('VERIFY_FAILED', `the new secret got no access token within ${patience / 1000} seconds: ${cause.message}`, 'The previous secret stays in use. Is the client disabled, its consent not trusted, or its limit of access tokens reached? With verify: false the secret is delivered unproven.', { cause, trace: cause.trace });
}

;// CONCATENATED MODULE: ./build/apply.js










/**
 * Carries out the steps of one plan, in order, telling each as it is done. What happens is written into `progress`, which
 * holds even where this throws. Throws `Again` where the plan has to be made anew, else an ActionError.
 */
async function apply(plan, reading, shop, progress) {
    const work = { plan, reading, shop, progress, settled: true, background: [] };
    progress.clientId ??= plan.client?.id;
    try {
        for (const step of plan.steps) {
            if (shop.stop.requested && step.kind !== 'commit')
                throw cancelled();
            const since = shop.clock.elapsed();
            if (!(await carryOut(step, work)))
                continue;
            progress.done.push(step);
            shop.reporter.step((0,render/* stepLine */.l6)(step, 'done', { clientId: progress.clientId, milliseconds: shop.clock.elapsed() - since }));
        }
    }
    catch (thrown) {
        throw thrown instanceof Again ? thrown : await abandon(work, (0,errors/* toActionError */.ie)(thrown));
    }
    finally {
        await Promise.all(work.background);
    }
}
/** True where the step was carried out, false where it turned out not to be needed. */
async function carryOut(step, work) {
    switch (step.kind) {
        case 'delete-twin':
        case 'delete':
            return changes(work, () => work.shop.writers.tenant.remove(step.clientId));
        case 'retire':
            return retireOne(step, work);
        case 'create':
            return createClient(step, work);
        case 'update':
            return update(step, work);
        case 'consent':
            return changes(work, () => work.shop.writers.tenant.setConsent(step.clientId, step.after));
        case 'own':
            await requireFresh(work);
            return changes(work, () => work.shop.writers.tenant.describe(step.clientId, (0,domain_ledger/* withLedger */.CA)(step.user, step.ledger), descriptionBefore(work), sendBy(work)));
        case 'write-id':
            return changes(work, () => work.shop.writers.destinations.putVariable(step.destination, step.clientId, step.before !== undefined));
        case 'issue':
            return announceAndIssue(step, work);
        case 'verify':
            return verify(step, work);
        case 'deliver':
            return deliver(step, work);
        case 'commit':
            return commit(work);
        case 'remove-values':
            return changes(work, () => work.shop.writers.destinations.remove(step.destination, step.parts));
        default:
            return (0,errors/* unreachable */.HB)(step);
    }
}
async function changes(work, write) {
    await written(work, write());
    return true;
}
async function retireOne(step, work) {
    const { progress } = work;
    if (!work.settled || step.hint === progress.current?.hint)
        return false;
    try {
        if (step.mayStay && !(await written(work, retireIfAllowed(step.clientId, step.hint, work))))
            return false;
        if (!step.mayStay)
            await written(work, retire(step.clientId, step.hint, work));
    }
    catch (thrown) {
        if (thrown instanceof Again || !signedOut(step.clientId, (0,errors/* toActionError */.ie)(thrown), work))
            throw thrown;
        progress.notes.push(`Retiring ${step.hint} is left to the next run: the secret that this one signed in with is retired.`);
        return false;
    }
    progress.retired.push(step.hint);
    return true;
}
/** Did we retire the very secret that we signed in with, and does the tenant end what was signed in with it? */
function signedOut(clientId, { code }, { progress, shop }) {
    return code === 'TENANT_UNAUTHORIZED' && clientId === shop.policy.adminClientId && progress.retired.length > 0;
}
function sendBy({ reading }) {
    return reading.readAt + freshness;
}
/** A description is written beside the ledger as it was read, so it follows the reading closely, like every ledger. */
async function update(step, work) {
    const describes = step.changes.some(({ field }) => field === 'description');
    if (describes)
        await requireFresh(work);
    const changes = step.changes.map((change) => change.field === 'description' ? { ...change, after: (0,domain_ledger/* withLine */.$2)(change.after, step.line) } : change);
    const { tenant } = work.shop.writers;
    const { value: issued } = await written(work, tenant.update(step.clientId, changes, describes ? sendBy(work) : undefined)).catch((thrown) => {
        const error = (0,errors/* toActionError */.ie)(thrown);
        const stale = describes && (error.uncertain || error.retryAfter !== undefined);
        throw stale ? new Again('the change of the description has to be decided anew', error) : error;
    });
    if (issued !== undefined)
        await retireUnwanted(step.clientId, work);
    return true;
}
/** Allowing client_secret makes a secret that nobody asked for here: it goes at once. */
async function retireUnwanted(clientId, work) {
    const { value } = await work.shop.readers.tenant.client(clientId);
    const before = new Set(work.plan.client?.secrets.map(({ hint }) => hint));
    for (const { hint } of value?.secrets ?? []) {
        if (!before.has(hint))
            await retire(clientId, hint, work);
    }
}

// EXTERNAL MODULE: ./build/domain/destroy.js
var domain_destroy = __webpack_require__(7363);
;// CONCATENATED MODULE: ./build/domain/need.js


/**
 * What carrying out these steps takes where nothing goes wrong: a plan is begun when the limits can serve it whole, so that they
 * don't stretch the time between announcing and committing.
 */
function needOf(steps) {
    const need = { tenant: { reads: 0, writes: 0 }, github: { reads: 0, writes: 0 } };
    for (const step of steps) {
        const { tenant = {}, github = {} } = stepNeed(step);
        need.tenant.reads += tenant.reads ?? 0;
        need.tenant.writes += tenant.writes ?? 0;
        need.github.reads += github.reads ?? 0;
        need.github.writes += github.writes ?? 0;
    }
    return need;
}
function stepNeed(step) {
    switch (step.kind) {
        case 'create':
            // A tenant of two hundred clients is two pages.
            return { tenant: { reads: 2, writes: 1 } };
        case 'update':
        case 'own':
            return { tenant: { reads: 1, writes: 1 } };
        case 'retire':
            // Keys are a list that is read, changed and written back.
            return { tenant: { reads: (0,credential/* isKeyHint */.jP)(step.hint) ? 1 : 0, writes: 1 } };
        case 'consent':
        case 'delete':
        case 'delete-twin':
            return { tenant: { writes: 1 } };
        case 'issue':
            return { tenant: { reads: step.credential === 'key' ? 2 : 1, writes: 2 } };
        case 'verify':
            // The token is fetched and given back; whose it is, is asked between.
            return step.skip === undefined ? { tenant: { reads: 1, writes: 2 } } : {};
        case 'deliver':
            // Public key and stamp before it, the stamp after it.
            return { github: { reads: 3, writes: step.destination.idAs === 'none' ? 1 : 2 } };
        case 'commit':
            return { tenant: { reads: 2, writes: 1 } };
        case 'write-id':
            return { github: { writes: 1 } };
        case 'remove-values':
            return { github: { writes: step.parts.length } };
        default:
            return (0,errors/* unreachable */.HB)(step);
    }
}

// EXTERNAL MODULE: ./build/domain/outcome.js
var domain_outcome = __webpack_require__(3153);
// EXTERNAL MODULE: ./build/domain/client.js
var domain_client = __webpack_require__(7858);
;// CONCATENATED MODULE: ./build/domain/ownership.js


/** The ledger of a client that nobody here has dealt with yet. */
function newLedger(spec, actor, origin) {
    return { version: 1, owner: ownerOf(spec, actor, origin), retiring: {}, suspects: {}, destinations: {} };
}
function ownerOf(spec, { repository }, origin) {
    return { repository: repository.id, name: `${repository.owner}/${repository.name}`, client: spec.name, origin };
}
/** The ledger as ours: that of another owner is taken over with all it knows. */
function owned(ledger, spec, actor) {
    if (ledger === undefined)
        return newLedger(spec, actor, 'adopted');
    // A client of this repository under another name of the spec is still what it was: made or adopted.
    const origin = ledger.owner.repository === actor.repository.id ? ledger.owner.origin : 'adopted';
    if ((0,identify/* isOwner */.u8)(ledger, spec, actor))
        return ledger;
    // A place without a repository of its own lies in the owner's: of the owner before, from now on by name.
    const places = Object.entries(ledger.destinations).map(([key, delivered]) => [
        key,
        { in: ledger.owner.name, ...delivered },
    ]);
    return { ...ledger, owner: ownerOf(spec, actor, origin), destinations: Object.fromEntries(places) };
}
/** Destinations that are no longer served are forgotten with the next ledger. */
function onlyNamed(destinations, spec) {
    const named = new Set(spec.destinations.map(domain_destination/* destinationKey */.I));
    return Object.fromEntries(Object.entries(destinations).filter(([key]) => named.has(key)));
}

// EXTERNAL MODULE: ./build/domain/refusals.js
var refusals = __webpack_require__(4452);
// EXTERNAL MODULE: ./build/domain/visibility.js
var visibility = __webpack_require__(4749);
;// CONCATENATED MODULE: ./build/domain/delivery-plan.js







/** Announces, issues, proves, delivers and commits a fresh secret for a client as it is after the plan's other changes. */
function issueSteps({ spec, observed, context }, client, rotation, input) {
    if (input.kind === 'secret')
        (0,refusals/* refuseFullSlots */.ZC)(client, rotation);
    const base = owned(client.description.ledger, spec, context.actor);
    const kept = { ...base, destinations: onlyNamed(base.destinations, spec) };
    const ledger = announcing(kept, rotation, input);
    (0,domain_ledger/* requireRoom */.hr)(client.description.user, ledger, spec.destinations);
    const before = observed.clients.find(({ id }) => id === client.id);
    const isAllowed = before?.authMethods.includes(credential/* methodOf */.NY[input.kind]) !== false;
    const addMethod = isAllowed ? undefined : client.authMethods;
    const { reasons } = rotation;
    return [
        {
            kind: 'issue',
            clientId: client.id,
            user: client.description.user,
            credential: input.kind,
            reasons,
            ledger,
            addMethod,
        },
        ...deliverySteps(spec, observed, client.grantTypes, context.policy),
        ...retiredAtOnce(spec, client.id, ledger, rotation, input),
    ];
}
/** How a fresh secret gets to its destinations. */
function deliverySteps(spec, observed, grantTypes, policy) {
    return [
        ...(policy.verify ? [{ kind: 'verify', skip: verifySkip(spec, grantTypes) }] : []),
        ...spec.destinations.map((destination) => ({
            kind: 'deliver',
            destination,
            idBefore: seenAt(observed, destination)?.idValue,
        })),
        { kind: 'commit' },
    ];
}
/** Why no token can be had, where none can. */
function verifySkip(spec, grantTypes) {
    if (!grantTypes.includes('client_credentials'))
        return 'the client may not use client_credentials';
    return spec.consent === 'required' ? 'its consent is required, not trusted' : undefined;
}
function retiredAtOnce(spec, clientId, ledger, rotation, { live, kind, retireHints }) {
    const without = spec.rotation.grace === 0 ? [ledger.current?.hint, ...Object.keys(ledger.retiring)] : [];
    const gone = new Set(rotation.retire.map(({ hint }) => hint));
    const alive = new Set(live.map(({ hint }) => hint).filter((hint) => !gone.has(hint)));
    // A key follows it: it may be the last secret, and tenants may refuse to delete that.
    const mayStay = kind === 'key' ? { mayStay: true } : {};
    const named = rotation.foreign.map(({ hint }) => hint).filter((hint) => retireHints.includes(hint));
    return [
        ...without
            .filter((hint) => hint !== undefined && alive.has(hint))
            .map((hint) => ({ kind: 'retire', clientId, hint: hint, why: 'no grace', ...mayStay })),
        ...named.map((hint) => ({ kind: 'retire', clientId, hint, why: 'named in retire-hints' })),
    ];
}
/**
 * A client id that a variable shows, and that is not this client's or not shown to whom it should be. Where a secret holds it,
 * it is written with the next delivery.
 */
function idRepairs(spec, clientId, observed) {
    return spec.destinations.flatMap((destination) => {
        const { idValue: before, idAccess } = seenAt(observed, destination) ?? {};
        const isRight = before === clientId && (0,visibility/* isAsAsked */.$6)(destination.access, idAccess);
        return destination.idAs !== 'variable' || isRight
            ? []
            : [{ kind: 'write-id', destination, clientId, before }];
    });
}
function seenAt(observed, destination) {
    return observed.destinations.get((0,domain_destination/* destinationKey */.I)(destination));
}

;// CONCATENATED MODULE: ./build/domain/method.js


/** Do these changes allow a method that was not? */
function adds(changes, kind) {
    return changes.some(({ field, before, after }) => field === 'authMethods' && after.includes(credential/* methodOf */.NY[kind]) && before?.includes(credential/* methodOf */.NY[kind]) === false);
}
/** What a fresh credential is: what the spec says, else what the current one is, else a secret. */
function kindOf({ authMethods }, client) {
    if (authMethods !== undefined)
        return authMethods.includes(credential/* methodOf */.NY.key) ? 'key' : 'secret';
    const ledger = client?.description.ledger;
    if (ledger === undefined || !client?.authMethods.includes(credential/* methodOf */.NY.key))
        return 'secret';
    // A run that died before its first commit made the client for keys.
    const isKey = ledger.current === undefined ? !client.authMethods.includes(credential/* methodOf */.NY.secret) : (0,credential/* isKeyHint */.jP)(ledger.current.hint);
    return isKey ? 'key' : 'secret';
}
/** A key whose private half nobody has would be of no use. */
function keyless(client) {
    return new errors/* ActionError */.lZ('INPUT_INVALID', `auth-method: ${client} is to sign in with a key, and deliver: false leaves no place for its private half`, 'Name a destination, or register a key of your own on the tenant first.');
}
/**
 * Secrets that may not be used any more are as good as retired, while nobody is to use any again: a tenant may refuse to delete
 * the last one.
 */
function retireSteps(client, retire, kind) {
    const secrets = client.secrets.filter(({ hint }) => !(0,credential/* isKeyHint */.jP)(hint));
    const isUsable = kind === 'secret' || client.authMethods.includes(credential/* methodOf */.NY.secret);
    const isLast = secrets.every(({ hint }) => retire.some((it) => it.hint === hint));
    return retire
        .filter(({ hint }) => (0,credential/* isKeyHint */.jP)(hint) || isUsable)
        .map((it) => ({
        kind: 'retire',
        clientId: client.id,
        ...it,
        ...(isLast && !(0,credential/* isKeyHint */.jP)(it.hint) ? { mayStay: true } : {}),
    }));
}
/**
 * What is not there any more when these steps are done, whatever the tenant refuses. The rest the ledger must not forget: allowing
 * its method again would bring it back to life.
 */
function surelyGone({ retire }, steps) {
    return retire.filter(({ hint }) => steps.some((step) => step.hint === hint && !step.mayStay));
}
/** Where a key has followed our secrets, their method goes with the last of them. That of keys goes in the request for the last key. */
function surplusMethod(client, rotation, { fields }) {
    const { ledger, line } = client.description;
    const left = client.secrets.filter(({ hint }) => !rotation?.retire.some((it) => it.hint === hint));
    const followed = Object.keys(ledger?.retiring ?? {}).some((hint) => !(0,credential/* isKeyHint */.jP)(hint));
    const isOver = rotation?.undelivered.length === 0 &&
        fields.authMethods?.includes(credential/* methodOf */.NY.key) &&
        left.some(({ hint }) => hint === ledger?.current?.hint && (0,credential/* isKeyHint */.jP)(hint)) &&
        left.every(({ hint }) => (0,credential/* isKeyHint */.jP)(hint));
    if (!isOver || !followed || !client.authMethods.includes(credential/* methodOf */.NY.secret))
        return [];
    const before = client.authMethods;
    const after = before.filter((method) => method !== credential/* methodOf */.NY.secret);
    return [{ kind: 'update', clientId: client.id, changes: [{ field: 'authMethods', before, after }], line }];
}

;// CONCATENATED MODULE: ./build/domain/plan.js














/**
 * What has to be done for one spec. Pure. Throws the refusals of identification, and `INPUT_INVALID`,
 * `DESTINATION_DROPPED`, `SECRET_SLOTS_FULL`, `CLIENT_IS_ADMIN`, all before anything is written.
 */
function planClient(spec, observed, context) {
    const destroy = spec.state === 'absent';
    if (!destroy)
        (0,refusals/* requireRead */.Ml)(spec.destinations, observed);
    // What is pinned and already gone needs no destroying.
    const gone = destroy && spec.clientId !== undefined && observed.clients.every(({ id }) => id !== spec.clientId);
    const identity = gone ? { kind: 'none' } : (0,identify/* identify */.ls)(spec, observed.clients, context.actor, observed.now);
    if (destroy)
        return (0,domain_destroy/* planDestroy */.Ub)(spec, identity, observed, context);
    return identity.kind === 'none'
        ? planCreate(spec, observed, context)
        : planExisting(spec, identity, observed, context);
}
// --- a client that is not there --------------------------------------------------------------------------------------
function planCreate(spec, observed, { actor, policy }) {
    const fields = newFields(spec);
    const kind = kindOf(spec.fields, undefined);
    const deliver = spec.destinations.length > 0;
    if (kind === 'key' && !deliver)
        throw keyless((0,domain_text/* plain */.pj)(spec.name));
    (0,visibility/* requireVisibility */.oF)(spec.destinations, observed.destinations);
    const input = {
        kind,
        live: [],
        now: observed.now,
        run: actor.run,
        destinations: spec.destinations,
        observed: observed.destinations,
    };
    const ledger = announcing(newLedger(spec, actor, 'made'), { orphans: [], retire: [] }, input);
    const user = spec.fields.description ?? '';
    (0,domain_ledger/* requireRoom */.hr)(user, ledger, spec.destinations);
    return {
        spec,
        client: undefined,
        adopted: false,
        run: actor.run,
        steps: [
            { kind: 'create', fields, consent: spec.consent, user, ledger, credential: kind, deliver },
            ...(deliver ? deliverySteps(spec, observed, fields.grantTypes, policy) : []),
        ],
        drift: true,
        foreign: [],
        warnings: [],
    };
}
function newFields({ name, fields }) {
    const { scopes, grantTypes, authMethods, redirectUris, allowedOrigins, clientUri, logoUri } = fields;
    if (scopes === undefined || scopes.length === 0) {
        throw new errors/* ActionError */.lZ('INPUT_INVALID', `scopes: ${(0,domain_text/* plain */.pj)(name)} has to be created, and no scope is given`, 'Give at least one, such as user_default.');
    }
    return {
        ...{ name, scopes, redirectUris, allowedOrigins, clientUri, logoUri },
        grantTypes: grantTypes ?? ['client_credentials'],
        authMethods: authMethods ?? ['client_secret'],
    };
}
// --- a client that is there ------------------------------------------------------------------------------------------
function planExisting(spec, { client, twins }, observed, context) {
    const changes = (0,domain_client/* fieldChanges */.wV)(spec.fields, client);
    const consentDiffers = client.consent !== spec.consent;
    if (client.id === context.policy.adminClientId)
        (0,refusals/* protectAdmin */.zO)(client, changes, spec.consent);
    (0,refusals/* refuseDropped */.Fq)(spec, client, context.policy);
    (0,visibility/* requireVisibility */.oF)(spec.destinations, observed.destinations);
    const input = rotationInput(spec, client, observed, context);
    const rotation = spec.destinations.length > 0 ? (0,domain_rotation/* decideRotation */.$U)(input) : undefined;
    const reasons = reasonsOf(rotation, changes, client, input.kind);
    const retirements = retireSteps(client, rotation?.retire ?? [], input.kind);
    const retireLast = retiresLast(client, context.policy);
    const after = (0,domain_client/* changed */.tD)(client, changes);
    requireRoomForChange(spec, after, changes);
    const ids = idRepairs(spec, client.id, observed);
    const own = ownSteps(spec, after, context);
    const planned = rotation && { ...rotation, reasons, retire: surelyGone(rotation, retireLast ? [] : retirements) };
    const issue = planned === undefined || reasons.length === 0 ? [] : issueSteps({ spec, observed, context }, after, planned, input);
    return {
        spec,
        client,
        adopted: client.description.ledger?.owner.repository !== context.actor.repository.id,
        run: context.actor.run,
        steps: [
            ...(retireLast ? [] : retirements),
            ...(rotation === undefined ? undeliverable(input, client.id) : []),
            ...updateSteps(client, changes, consentDiffers ? spec.consent : undefined, issue.length > 0),
            // A delivery writes an id that is wrong, not one that only others should see.
            ...(issue.length > 0 ? [...ids.filter(({ before }) => before === client.id), ...issue] : [...ids, ...own]),
            ...(retireLast ? retirements : []),
            ...(issue.length > 0 ? [] : surplusMethod(after, rotation, spec)),
            // Last of all: should it have delivered before it died, the destinations hold a fresh secret by now.
            ...twins.map(({ id }) => ({ kind: 'delete-twin', clientId: id })),
        ],
        // Repairing a description writes beside the ledger: it waits like an issue does.
        wait: rotation?.wait ??
            (changes.length + own.length > 0 ? (0,domain_rotation/* leaseOfAnother */.b_)(input.ledger, input.now, input.run) : undefined),
        drift: changes.length > 0 || consentDiffers || ids.length > 0 || reasons.some(isDrift),
        foreign: rotation?.foreign ?? (0,domain_rotation/* sortUnlisted */.re)(input).foreign,
        warnings: client.description.note === 'mangled' ? [mangledLedger] : [],
    };
}
/** One of its secrets is what we signed in with: it goes when nothing else is left to do, unless its slot is needed. */
function retiresLast(client, { adminClientId }) {
    return client.id === adminClientId && client.secrets.filter(({ hint }) => !(0,credential/* isKeyHint */.jP)(hint)).length < domain_rotation/* secretSlots */.E8;
}
function requireRoomForChange({ destinations }, { description }, changes) {
    const isChanged = changes.some(({ field }) => field === 'description');
    if (isChanged && description.ledger !== undefined)
        (0,domain_ledger/* requireRoom */.hr)(description.user, description.ledger, destinations);
}
const mangledLedger = 'The action’s own line in the description can’t be read: somebody edited it. It is replaced, and no secret on the tenant is known to be ours any more.';
/** Where nothing is delivered, what a dead run made when it created the client goes, if the tenant lets it. */
function undeliverable(input, clientId) {
    const { lost, orphans } = (0,domain_rotation/* sortUnlisted */.re)(input);
    const hints = Object.keys(input.ledger?.announced?.stamps ?? {}).length > 0 ? [] : [...lost, ...orphans];
    return hints.map((hint) => ({ kind: 'retire', clientId, hint, why: 'never delivered', mayStay: true }));
}
/** Why to issue; a client that may not use secrets has none that works, whatever it lists. */
function reasonsOf(rotation, changes, client, kind) {
    const methodMissing = adds(changes, kind);
    if (rotation === undefined && methodMissing && kind === 'key')
        throw keyless((0,identify/* clientLabel */.QJ)(client));
    if (rotation === undefined)
        return [];
    if (!methodMissing && !client.authMethods.includes(credential/* methodOf */.NY[kind])) {
        throw new errors/* ActionError */.lZ('INPUT_INVALID', `auth-method: ${(0,identify/* clientLabel */.QJ)(client)} signs in with ${(0,domain_text/* plain */.pj)(client.authMethods.join(', '))} only, so there is no client secret to deliver`, 'Set auth-method: client_secret to allow secrets beside it, auth-method: private_key_jwt to have a key made here, or deliver: false.');
    }
    return methodMissing && !rotation.reasons.some((reason) => reason === 'first' || reason === 'method')
        ? [...new Set(['dead', ...rotation.reasons])]
        : rotation.reasons;
}
const isDrift = (reason) => ['first', 'method', 'dead', 'undelivered', 'visibility'].includes(reason);
function rotationInput(spec, client, observed, { actor, policy, seen }) {
    return {
        kind: kindOf(spec.fields, client),
        ledger: client.description.ledger,
        live: client.secrets,
        destinations: spec.destinations,
        observed: observed.destinations,
        now: observed.now,
        seen,
        run: actor.run,
        after: spec.rotation.after,
        grace: spec.rotation.grace,
        rotate: policy.rotate,
        retireHints: policy.retireHints,
    };
}
function updateSteps(client, changes, consent, issues) {
    // Allowing client_secret makes a secret (PATCH answers 202): where one is issued anyway, that is how.
    const fields = changes.filter(({ field }) => field !== 'authMethods' || !issues);
    return [
        ...(fields.length === 0
            ? []
            : [{ kind: 'update', clientId: client.id, changes: fields, line: client.description.line }]),
        ...(consent === undefined
            ? []
            : [{ kind: 'consent', clientId: client.id, before: client.consent, after: consent }]),
    ];
}
/** Ownership without issuing: only where no secret is delivered, for a delivery writes the ledger anyway. */
function ownSteps(spec, client, { actor }) {
    const { ledger, user } = client.description;
    if ((0,identify/* isOwner */.u8)(ledger, spec, actor))
        return [];
    const next = owned(ledger, spec, actor);
    (0,domain_ledger/* requireRoom */.hr)(user, next, []);
    return [{ kind: 'own', clientId: client.id, user, ledger: next }];
}

// EXTERNAL MODULE: ./build/domain/nearest.js
var nearest = __webpack_require__(9099);
;// CONCATENATED MODULE: ./build/domain/scopes.js



const family = (root, ...suffixes) => [root, ...suffixes.map((suffix) => `${root}:${suffix}`)];
/**
 * Scopes usable with OAuth clients (qlik.dev/manage/access-control/scopes, August 2026). The list changes often, so it only
 * serves to suggest: a name that is not on it is a warning, never an error.
 */
const knownScopes = [
    ...[
        'admin_classic',
        'admin.ai-descriptions',
        'admin.aiplatform',
        ...family('admin.apps', 'export', 'read'),
        'admin.assistants',
        'admin.auth-settings',
    ],
    ...[
        ...family('admin.automations', 'read'),
        'admin.collections.publicgoverned',
        'admin.dataproduct',
        'admin.dataquality',
        'admin.dataqualityrules',
    ],
    ...family('admin.direct-access-gateways', 'delete_gateway', 'register_gateway', 'remote_configuration').slice(1),
    ...[
        'admin.extensions',
        'admin.ip-policies',
        'admin.knowledgebases',
        'admin.report-tasks',
        'admin.semantictype',
        ...family('admin.spaces', 'read'),
    ],
    ...['admin.sprints', 'admin.themes', ...family('admin.users', 'read'), 'admin.webhooks'],
    ...[
        'user_default',
        'ai-descriptions',
        'analysis-agent',
        'app.share',
        ...family('apps', 'export', 'read', 'manage'),
        'apps.data:export',
        'apps.image:export',
    ],
    ...[
        'apps.report:all',
        'apps.report:export',
        ...family('assistants', 'read'),
        ...family('automations', 'read'),
        'automations.private',
        'automations.shared',
    ],
    ...[
        ...family('automl-deployments', 'predict'),
        ...family('automl-experiments', 'no_gen_ai_assist'),
        ...family('data-connections', 'read'),
    ],
    ...[
        'data-governance-agents',
        ...family('dataproduct', 'consume'),
        'dataquality',
        'dataquality:read',
        ...family('dataqualityrules', 'assign'),
        'dataset',
    ],
    ...[
        'direct-access-gateways:consume_data',
        ...family('discovery-agent', 'read'),
        'environments:read',
        'geo-operations',
        'geo-operations.limited',
    ],
    ...[
        ...family('glossary', 'all', 'manage', 'update').slice(1),
        'governance-definition:read',
        'help-agent',
        'identity.email:read',
        'identity.name:read',
    ],
    ...[
        'identity.picture:read',
        'identity.subject:read',
        ...family('knowledgebases', 'read', 'index', 'search'),
        'lineage:create',
        'lineage:read',
        'mcp:execute',
    ],
    ...[
        'offline_access',
        ...family('semantictype', 'read'),
        ...family('spaces.data', 'read'),
        ...family('spaces.managed', 'read'),
    ],
    ...[
        ...family('spaces.shared', 'create', 'read'),
        'sprints:all',
        'sprints:contribute',
        'thread-audits',
        'trustscore',
        ...family('users', 'read'),
    ],
    ...['webhooks', 'write-table:external_read'],
];
/** Warnings about a client's scopes: unknown names, too much power, powers that Qlik advises to keep apart. */
function scopeWarnings(scopes, grantTypes) {
    const unknown = scopes.filter((scope) => !knownScopes.includes(scope)).map(unknownScope);
    const admin = scopes.filter((scope) => scope.startsWith('admin'));
    return [
        ...unknown,
        ...(scopes.includes('admin_classic')
            ? [
                'The scope admin_classic gives the client all that a tenant admin may do. Most clients need a few admin.* scopes at most.',
            ]
            : []),
        ...(admin.length > 0 && grantTypes.includes(spec/* impersonationGrant */.XY)
            ? ['The client may impersonate users and has admin scopes. Qlik advises two clients, one for each.']
            : []),
    ];
}
function unknownScope(scope) {
    const closest = (0,nearest/* nearest */.p)(scope, knownScopes);
    const suggestion = closest === undefined ? '' : ` Did you mean ${closest}?`;
    return `The scope ${(0,domain_text/* plain */.pj)(scope, 60)} is not among those that Qlik documents.${suggestion}`;
}

// EXTERNAL MODULE: ./build/observe.js
var observe = __webpack_require__(4868);
;// CONCATENATED MODULE: ./build/settle.js













/** Seconds for which a run waits for others before it gives up, and how often it decides anew before it calls that a failure. */
const patienceWithOthers = 120;
const mostRounds = 6;
/**
 * Brings one client to what its spec says, or in plan mode says what that would take. `first`: a reading of all; where it `isOld`,
 * it is read again. A failure is the outcome's `error`.
 */
async function settle(spec, { first, isOld }, request, world, waiting) {
    const settling = { spec, request, world, waiting, progress: (0,domain_outcome/* startProgress */.ot)() };
    const { mode } = request.policy;
    let latest = { reading: first };
    let drift = false;
    const outcome = (error) => {
        const { plan, reading } = latest;
        return (0,domain_outcome/* outcomeOf */.sG)({ spec, mode, plan, drift, now: reading.now, progress: settling.progress, error });
    };
    try {
        const decision = await firstDecision(settling, isOld ? await readAgain(settling) : first);
        latest = decision;
        drift = decision.plan.drift;
        tell(decision.plan, world);
        if (world.enter === undefined)
            return outcome(tellPlan(settling, decision.plan));
        await settle_carryOut(settling, decision, world.enter, (later) => {
            latest = later;
        });
        return outcome();
    }
    catch (thrown) {
        for (const note of settling.progress.notes)
            world.reporter.notice(note);
        return outcome((0,errors/* toActionError */.ie)(thrown));
    }
}
/** Carries out a decision; what turns out to be out of date is decided anew, and told to `decided`. */
async function settle_carryOut(settling, first, enter, decided) {
    const { world } = settling;
    let decision = first;
    const take = (later) => {
        decision = later;
        decided(later);
    };
    for (let round = 1;; round++) {
        if (decision.plan.wait !== undefined)
            take(await outwait(settling, decision));
        const again = await tryPlan(settling, decision, enter, take);
        if (again === undefined)
            break;
        if (round === mostRounds)
            throw again.error ?? tooSlow(again);
        // A lost answer may mean that the tenant is in trouble: it gets time, about half a minute in all.
        if (again.error !== undefined)
            await (0,pause/* pause */.v)(again.error.retryAfter ?? 500 * 2 ** round, world);
        take(await decideAnew(settling, decision.plan));
    }
    if (world.stop.requested)
        throw cancelled();
    closingWords(settling, decision.plan);
}
function decide({ spec, request, seen }, reading) {
    return { reading, plan: planClient(spec, reading, { actor: request.actor, policy: request.policy, seen }) };
}
async function readAgain({ spec, world }) {
    if (world.stop.requested)
        throw cancelled();
    return (0,observe/* observe */.l)(spec.destinations, world.readers, world.clock);
}
async function firstDecision(settling, first) {
    let decision = decide(settling, first);
    if (destinationsOf(settling, decision.plan).length > settling.spec.destinations.length) {
        decision = await decideAnew(settling, decision.plan);
    }
    settling.seen = new Set(decision.plan.client?.secrets.map(({ hint }) => hint));
    return decision;
}
/** What is to be destroyed are also the destinations that only the ledger names: what lies there decides what may go. */
function destinationsOf({ spec }, { client }) {
    return spec.state === 'absent' ? (0,domain_destroy/* placesOf */.ek)(spec, client?.description.ledger) : spec.destinations;
}
async function decideAnew(settling, before, readers = settling.world.readers) {
    return decide(settling, await (0,observe/* observe */.l)(destinationsOf(settling, before), readers, settling.world.clock));
}
/**
 * Carries out a plan once the limits can serve all of it; what was read long before that is read again first. Returns why to read
 * and decide again, if that is needed.
 */
async function tryPlan(settling, decision, enter, take) {
    const { world, request, progress } = settling;
    if (decision.plan.steps.length === 0)
        return undefined;
    const section = await enter(needOf(decision.plan.steps), world.reporter, settling.waiting);
    try {
        if (world.stop.requested)
            throw cancelled();
        let current = decision;
        if (world.clock.elapsed() - decision.reading.answeredAt > freshness) {
            current = await decideAnew(settling, decision.plan, section.readers);
            take(current);
        }
        if (current.plan.wait !== undefined)
            throw new Again('another run began meanwhile');
        const { readers, writers } = section;
        await apply(current.plan, current.reading, { ...world, readers, writers, policy: request.policy }, progress);
        return undefined;
    }
    catch (thrown) {
        if (!(thrown instanceof Again))
            throw thrown;
        world.reporter.step(`… reading again: ${thrown.why}`);
        return thrown;
    }
    finally {
        section.leave();
    }
}
/** Waits until no other run's announcement is fresh, asking every few seconds. */
async function outwait(settling, decision) {
    const { spec, world } = settling;
    const { clock, reporter, stop } = world;
    const since = { elapsed: clock.elapsed(), now: decision.reading.now };
    let latest = decision;
    reporter.notice(`Another run (${(0,domain_text/* plain */.pj)(decision.plan.wait.run, 60)}) is at work on ${(0,domain_text/* plain */.pj)(spec.name, 80)}; waiting for its end.`);
    while (latest.plan.wait !== undefined) {
        const left = latest.plan.wait.until - latest.reading.now;
        await (0,pause/* pause */.v)(Math.min(Math.max(left, 0.5), 3) * 1000, world);
        if (stop.requested)
            throw cancelled();
        latest = await decideAnew(settling, latest.plan);
        const waited = Math.max(latest.reading.now - since.now, (clock.elapsed() - since.elapsed) / 1000);
        if (latest.plan.wait !== undefined && waited >= patienceWithOthers)
            throw busy(latest.plan);
    }
    return latest;
}
function busy(plan) {
    const client = plan.client === undefined ? (0,domain_text/* plain */.pj)(plan.spec.name) : (0,identify/* clientLabel */.QJ)(plan.client);
    return new errors/* ActionError */.lZ('CLIENT_BUSY', `other runs were at work on ${client} for two minutes (the last one is ${(0,domain_text/* plain */.pj)(plan.wait.run, 60)})`, 'Give the workflows that manage this client one concurrency group, and run again.');
}
function tooSlow(again) {
    return new errors/* ActionError */.lZ('CLIENT_BUSY', `decided ${mostRounds} times, and each time it was out of date at once: ${again.why}`, 'The tenant answers slowly, or others change the client all the time. Run again later.');
}
// --- telling ---------------------------------------------------------------------------------------------------------
function tell(plan, { reporter }) {
    const { spec, client } = plan;
    if (spec.state === 'absent')
        return;
    for (const warning of [
        ...plan.warnings,
        ...scopeWarnings(spec.fields.scopes ?? [], spec.fields.grantTypes ?? client?.grantTypes ?? []),
    ])
        reporter.warning(warning);
    if (client !== undefined && plan.adopted) {
        reporter.notice(`${(0,identify/* clientLabel */.QJ)(client)} was there before: it is adopted. What is written here is kept in order from now on; the secrets it has are left alone.`);
    }
}
function closingWords(settling, plan) {
    const { spec, progress, world } = settling;
    if (progress.done.length === 0)
        world.reporter.step(`✓ ${nothingToDo(settling)}`);
    for (const note of progress.notes)
        world.reporter.notice(note);
    if (spec.state !== 'absent' || plan.client === undefined)
        return;
    const bot = `The client's user on the tenant (subject qlikbot\\${plan.client.id}) stays behind: Qlik does not delete it with the client.`;
    progress.notes.push(bot);
    world.reporter.notice(bot);
}
/** Tells a plan that is not carried out. Returns the failure that drift is, where it is to be one. */
function tellPlan(settling, { spec, steps, drift }) {
    const { policy } = settling.request;
    const { reporter } = settling.world;
    if (steps.length === 0)
        reporter.step(`○ ${nothingToDo(settling)}`);
    for (const step of steps)
        reporter.step((0,render/* stepLine */.l6)(step, 'planned'));
    if (steps.length > 0)
        reporter.step('This is a plan: nothing of it (○) was done.');
    if (!drift || !policy.failOnDrift)
        return undefined;
    const hint = 'The steps above would mend it: run with mode: apply.';
    return new errors/* ActionError */.lZ('DRIFT_FOUND', `${(0,domain_text/* plain */.pj)(spec.name)} differs from what the workflow says`, hint);
}
/** Of several clients each line says whose it is anyway. */
function nothingToDo({ spec, request }) {
    return request.clients.length > 1 ? 'nothing to do' : `${(0,domain_text/* plain */.pj)(spec.name, 80)}: nothing to do`;
}


/***/ })

};
