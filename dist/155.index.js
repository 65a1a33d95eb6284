export const id = 155;
export const ids = [155,722];
export const modules = {

/***/ 3237:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   p: () => (/* binding */ nearest)
/* harmony export */ });
/** The known name that a misspelt one is likely to mean; undefined where none is near. */
function nearest(name, known) {
    // What is much longer than any name is none of them, and would take long to compare.
    if (name.length > 64)
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

/***/ 3722:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   og: () => (/* binding */ makeKey),
/* harmony export */   readSigningKey: () => (/* binding */ readSigningKey),
/* harmony export */   signAssertion: () => (/* binding */ signAssertion)
/* harmony export */ });
/* unused harmony exports publicHalf, thumbprint */
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(7598);
/* harmony import */ var _runner_mask_secret_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(3601);


/** What Qlik accepts for private_key_jwt (qlik.dev/authenticate/oauth), and the digest of each. */
const digests = { RS256: 'sha256', RS512: 'sha512', ES384: 'sha384' };
/**
 * Reads a private key as people paste it: lines may be ended by CRLF, by spaces or by a written `\n`. Everything of it is masked.
 * Without a key id it is the thumbprint (RFC 7638), as for the keys that this action makes. Answers what is wrong, where it is.
 */
function readSigningKey(text, keyId, mask) {
    (0,_runner_mask_secret_js__WEBPACK_IMPORTED_MODULE_1__/* .born */ .m)(text, mask);
    const found = privateBlock(text);
    if (found.complaint !== undefined)
        return { complaint: found.complaint };
    const pem = (0,_runner_mask_secret_js__WEBPACK_IMPORTED_MODULE_1__/* .born */ .m)(found.pem, mask);
    let key;
    try {
        key = (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createPrivateKey)(pem.open());
    }
    catch {
        return { complaint: `can’t be read: is all of it there, from -----BEGIN to END PRIVATE KEY-----? ${accepted}` };
    }
    const algorithms = algorithmsOf(key);
    if (algorithms === undefined)
        return { complaint: `is a key of another kind. ${accepted}` };
    return { pem, kid: keyId || thumbprint(publicHalf(key)), algorithms };
}
const accepted = 'Accepted is an unencrypted PKCS#8 PEM of an EC key on P-384 or of an RSA key of 2048 bits or more.';
const convert = 'convert it with: openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem';
/** The one block of PEM that is a private key, in lines of 64 characters. */
function privateBlock(text) {
    const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)];
    const keys = blocks.filter(([, label]) => label.endsWith('PRIVATE KEY'));
    const [, label, body = ''] = keys[0] ?? [];
    if (keys.length > 1)
        return { complaint: 'holds more than one private key' };
    if (label === undefined) {
        const what = blocks.length > 0 ? `holds a ${blocks[0][1].toLowerCase()}, and no private key` : 'is no whole PEM';
        return { complaint: `${what}. ${accepted}` };
    }
    if (label === 'OPENSSH PRIVATE KEY')
        return { complaint: 'is in the form of OpenSSH; convert a copy of it with: ssh-keygen -p -m PKCS8 -f <copy>' };
    if (label.startsWith('ENCRYPTED') || body.includes('ENCRYPTED'))
        return { complaint: `is encrypted, and nobody is there to type its password; ${convert}` };
    if (label !== 'PRIVATE KEY')
        return { complaint: `is a PEM of the older form ${label}; ${convert}` };
    const lines = body.replaceAll(/\\[rn]|\s/g, '').match(/.{1,64}/g) ?? [];
    return { pem: ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n') };
}
/** An RSA key may be registered for either digest: that is told by the tenant's answer alone. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }) {
    if (type === 'ec' && details?.namedCurve === 'secp384r1')
        return ['ES384'];
    if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048)
        return ['RS256', 'RS512'];
    return undefined;
}
/** The public half of a key, as the tenant takes it (RFC 7517). */
function publicHalf(key) {
    return (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createPublicKey)(key).export({ format: 'jwk' });
}
/** A key's name by RFC 7638: a digest of what its public half must have, in the order of the alphabet. */
function thumbprint({ crv, kty, x, y, e, n }) {
    const required = kty === 'EC' ? { crv, kty, x, y } : { e, kty, n };
    return (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createHash)('sha256').update(JSON.stringify(required)).digest('base64url');
}
/** A fresh key pair on P-384: the private half masked, the public half as the tenant takes it. */
function makeKey(mask) {
    const { privateKey } = (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.generateKeyPairSync)('ec', { namedCurve: 'P-384' });
    const secret = (0,_runner_mask_secret_js__WEBPACK_IMPORTED_MODULE_1__/* .born */ .m)(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), mask);
    const half = publicHalf(privateKey);
    const kid = thumbprint(half);
    return { issued: { secret, hint: kid, kid }, jwk: { ...half, kid, alg: 'ES384', use: 'sig' } };
}
/** Seconds before and after the tenant's time for which an assertion holds: five minutes at most, and room for a clock that is off. */
const before = 60;
const after = 180;
/** An assertion by which a client signs in. */
function signAssertion({ pem, kid }, alg, { clientId, endpoint, now }) {
    const [iat, exp] = [Math.floor(now) - before, Math.floor(now) + after];
    const claims = { iss: clientId, sub: clientId, aud: endpoint, jti: (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.randomUUID)(), iat, exp };
    const text = `${encoded({ alg, kid, typ: 'JWT' })}.${encoded(claims)}`;
    const signature = (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.sign)(digests[alg], Buffer.from(text), { key: pem.open(), dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
}
function encoded(part) {
    return Buffer.from(JSON.stringify(part)).toString('base64url');
}


/***/ }),

/***/ 2155:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  enterBoth: () => (/* reexport */ enterBoth),
  report: () => (/* reexport */ report),
  reportChecked: () => (/* reexport */ reportChecked),
  reportFailure: () => (/* reexport */ reportFailure),
  run: () => (/* reexport */ run)
});

// EXTERNAL MODULE: ./build/base/errors.js
var errors = __webpack_require__(5145);
// EXTERNAL MODULE: ./build/base/text.js
var base_text = __webpack_require__(1497);
// EXTERNAL MODULE: ./build/base/duration.js
var duration = __webpack_require__(5902);
// EXTERNAL MODULE: ./build/base/markdown.js
var markdown = __webpack_require__(6963);
// EXTERNAL MODULE: ./build/model/destination.js
var model_destination = __webpack_require__(9510);
// EXTERNAL MODULE: ./build/model/client.js
var model_client = __webpack_require__(9279);
// EXTERNAL MODULE: ./build/model/credential.js
var credential = __webpack_require__(1873);
;// CONCATENATED MODULE: ./build/report/step-text.js





const reasonTexts = {
    first: 'none was issued here yet',
    method: 'the client is to sign in with another method',
    due: 'it is older than rotate-after',
    asked: 'rotate: now',
    dead: 'the current one is gone from the tenant, or can’t be used',
    undelivered: 'a destination does not hold the current one',
    visibility: 'a secret is visible to others than asked for',
    unsettled: 'an earlier run left one unsettled',
};
/** Why a secret is issued, for people. */
function reasonText(reasons) {
    return reasons.map((reason) => reasonTexts[reason]).join('; ');
}
const ownTexts = {
    owner: 'that this repository keeps the client, and by which name',
    places: 'which destinations are no longer served',
    over: 'that the run which created the client is over',
};
/** One line for one step, done or planned. */
function stepLine(step, state, told) {
    const mark = state === 'done' ? '✓' : '○';
    const time = told === undefined ? '' : ` (${(told.milliseconds / 1000).toFixed(1)} s)`;
    return `${mark} ${stepText(step, told?.clientId)}${time}`;
}
/** What a step does, in a few words without names of secrets' values. */
function stepText(step, clientId) {
    switch (step.kind) {
        case 'delete-twin':
            return `delete ${step.clientId}, which a run that died left half made`;
        case 'retire':
            return `retire ${(0,credential/* isKeyHint */.jP)(step.hint) ? 'key' : 'secret'} ${(0,base_text/* plain */.p)(step.hint, 50)}: ${step.why}`;
        case 'create':
            return `create client ${(0,base_text/* plain */.p)(step.fields.name, 80)}${clientId === undefined ? '' : ` as ${clientId}`}, ${step.consent}${step.deliver ? `, with its first ${step.credential}` : ''}`;
        case 'update':
            return `change ${step.changes.map(changeText).join('; ')}`;
        case 'consent':
            return `set consent to ${step.after} (was ${step.before ?? 'not said'})`;
        case 'own':
            return `note in the ledger ${ownTexts[step.what]}`;
        case 'write-id':
            return `write the client id to ${(0,base_text/* plain */.p)((0,model_destination/* scopeLabel */.$o)(step.destination))}: ${step.destination.idName}${beforeText(step)}`;
        case 'issue':
            return `issue a fresh ${step.credential}: ${reasonText(step.reasons)}`;
        case 'verify':
            return step.skip === undefined ? 'prove it with an access token' : `prove nothing: ${step.skip}`;
        case 'deliver':
            return `deliver to ${(0,base_text/* plain */.p)((0,model_destination/* scopeLabel */.$o)(step.destination))}: secret ${step.destination.secretName}${idText(step.destination)}`;
        case 'commit':
            return 'commit: the ledger says which secret is where';
        case 'remove-values':
            return `delete from ${(0,base_text/* plain */.p)((0,model_destination/* scopeLabel */.$o)(step.destination))}: ${step.parts.map((part) => partName(step.destination, part)).join(', ')}`;
        case 'delete':
            return `delete client ${(0,base_text/* plain */.p)(step.name, 80)} (${step.clientId})`;
        default:
            return (0,errors/* unreachable */.HB)(step);
    }
}
function beforeText({ before, clientId }) {
    if (before === clientId)
        return ', visible to those asked for';
    return before === undefined ? '' : ` (was ${(0,model_client/* clientIdText */._8)(before)})`;
}
function partName({ secretName, idAs, idName }, part) {
    return part === 'secret' ? `secret ${secretName}` : `${idAs} ${idName}`;
}
function idText({ idAs, idName }) {
    return idAs === 'none' ? '' : `, ${idAs} ${idName}`;
}
function changeText({ field, before, after }) {
    if (!Array.isArray(after))
        return `${fieldName(field)} from ${quoted(before)} to ${quoted(after)}`;
    const had = new Set(before);
    const has = new Set(after);
    const gained = after.filter((item) => !had.has(item)).map((item) => `+${(0,base_text/* plain */.p)(item, 60)}`);
    const lost = [...had].filter((item) => !has.has(item)).map((item) => `-${(0,base_text/* plain */.p)(item, 60)}`);
    return `${fieldName(field)} ${[...gained, ...lost].join(' ')}`;
}
function quoted(text) {
    return text === undefined || text === '' ? 'nothing' : `"${(0,base_text/* plain */.p)(text.toString(), 80)}"`;
}
/** A field by the name that users write. */
function fieldName(field) {
    return {
        name: 'name',
        description: 'description',
        scopes: 'scopes',
        grantTypes: 'grant-types',
        authMethods: 'auth-method',
        redirectUris: 'redirect-uris',
        allowedOrigins: 'allowed-origins',
        clientUri: 'client-uri',
        logoUri: 'logo-uri',
    }[field];
}
/** A step as plain data for the output `plan`: no secret, and no ledger, which is nobody's business but ours. */
function stepData(step) {
    const { kind } = step;
    const text = stepText(step);
    switch (kind) {
        case 'create':
            return { kind, text, ...step.fields, consent: step.consent };
        case 'update':
            return {
                kind,
                text,
                changes: step.changes.map(({ field, before, after }) => ({
                    field: fieldName(field),
                    before: before ?? null,
                    after,
                })),
            };
        case 'consent':
            return { kind, text, before: step.before ?? null, after: step.after };
        case 'issue':
            return { kind, text, reasons: step.reasons };
        case 'retire':
            return { kind, text, hint: step.hint, why: step.why };
        case 'deliver':
        case 'write-id':
        case 'remove-values':
            return { kind, text, destination: (0,model_destination/* destinationLabel */.f4)(step.destination) };
        default:
            return { kind, text };
    }
}

;// CONCATENATED MODULE: ./build/report/outputs.js




// Room for what a workflow puts around it in a comment.
const summaryBytes = 60_000;
/** The step's outputs, all of them text, none of them secret. */
function outputsOf(outcomes, summary) {
    const one = outcomes.length === 1 ? outcomes[0] : undefined;
    const error = outcomes.find((outcome) => outcome.error !== undefined)?.error;
    const results = outcomes.map(({ result }) => result);
    return {
        'client-id': one?.clientId ?? '',
        'client-name': one?.name ?? '',
        'bot-user-id': one?.botUserId ?? '',
        result: strongest(results) ?? '',
        changed: String(outcomes.some(({ changed }) => changed)),
        drift: String(outcomes.some(({ drift }) => drift)),
        plan: JSON.stringify(outcomes.flatMap(({ name, steps }) => steps.map((step) => ({ client: name, ...stepData(step) })))),
        ...secretData(one),
        clients: JSON.stringify(outcomes.map(clientData)),
        summary: (0,markdown/* cutMarkdown */.G$)(summary, summaryBytes),
        matrix: '',
        'error-code': error?.code ?? '',
    };
}
const strength = ['deleted', 'created', 'rotated', 'updated', 'planned', 'unchanged'];
function strongest(results) {
    return strength.find((result) => results.includes(result));
}
function clientData(outcome) {
    return {
        'client-id': outcome.clientId ?? '',
        'client-name': outcome.name,
        'bot-user-id': outcome.botUserId ?? '',
        result: outcome.result ?? '',
        changed: outcome.changed,
        drift: outcome.drift,
        ...secretData(outcome),
        destinations: outcome.destinations.map(model_destination/* destinationLabel */.f4),
        'error-code': outcome.error?.code ?? '',
    };
}
/** Public facts of the current secret. A client that is deleted has none. */
function secretData(outcome) {
    const { current, nextRotationAt } = outcome?.result === 'deleted' ? {} : (outcome ?? {});
    return {
        'secret-hint': current?.hint ?? '',
        'secret-issued-at': time(current?.issuedAt),
        'next-rotation-at': time(nextRotationAt),
    };
}
function time(seconds) {
    return seconds === undefined ? '' : (0,duration/* iso */.KH)(seconds);
}

// EXTERNAL MODULE: ./build/base/diagnostics.js
var diagnostics = __webpack_require__(2748);
;// CONCATENATED MODULE: ./build/report/markdown-table.js
// GitHub takes a summary of 1 MiB, and drops a longer one as a whole. Each part has a share of that, all of them less than
// 700,000 bytes; what a part has no room for is counted.
const encoder = new TextEncoder();
/** Parts with a blank line between them; empty ones are left out. */
function blocks(parts) {
    return `${parts.filter(Boolean).join('\n\n')}\n`;
}
/** As many of the texts as have room in so many bytes, from the first on; `more` tells how many are left out. */
function fitted(texts, bytes, more) {
    let used = 0;
    const first = texts.findIndex((text) => {
        used += encoder.encode(text).length + 4;
        return used > bytes;
    });
    return first < 0 ? texts : [...texts.slice(0, first), more(texts.length - first)];
}
/** A table whose cells are Markdown; empty without rows. What follows a table right away would be a row of it. */
function tableOf(head, rows, bytes, most = Number.POSITIVE_INFINITY) {
    if (rows.length === 0)
        return '';
    const line = (cells) => `| ${cells.join(' | ')} |`;
    const rest = rows.length - most;
    const more = (left) => `\n… and ${left + Math.max(0, rest)} more`;
    const shown = fitted(rows.slice(0, most).map(line), bytes, more);
    const all = rest > 0 && shown.length === most ? [...shown, more(0)] : shown;
    return [line(head), `|${'---|'.repeat(head.length)}`, ...all].join('\n');
}

;// CONCATENATED MODULE: ./build/report/summary-table.js






/** Those that failed first, then those to look at, then what was changed; each in the order of the spec. */
function byUrgency(outcomes) {
    return outcomes.toSorted((a, b) => urgency(a) - urgency(b));
}
function urgency(outcome) {
    const place = ['❌', '⚠️'].indexOf(mark(outcome));
    return place >= 0 ? place : outcome.result === 'unchanged' ? 3 : 2;
}
function mark({ error, mode, drift, foreign, result }) {
    if (error !== undefined)
        return '❌';
    if ((mode === 'plan' && drift) || foreign.length > 0)
        return '⚠️';
    return result === 'planned' ? '○' : '✅';
}
const head = ['', 'client', 'result', 'consent', 'scopes', 'secret', 'next rotation', 'destinations'];
/** One row a client. */
function clientTable(outcomes) {
    return tableOf(head, outcomes.map(row), 250_000);
}
function row(outcome) {
    const { plan, name, clientId, mode, error } = outcome;
    const about = `${(0,markdown/* markdown */.wD)(name, 80)}${clientId === undefined ? '' : `<br>${(0,markdown/* markdownCode */.D9)(clientId)}`}`;
    const result = error === undefined ? resultText(outcome) : `**failed**: ${error.code}`;
    if (isGone(outcome))
        return [mark(outcome), about, result, '', '', '', '', ''];
    const shown = mode === 'plan' && plan?.client !== undefined ? plan.client : undefined;
    const scopes = shown?.scopes ?? plan?.spec.fields.scopes ?? plan?.client?.scopes ?? [];
    return [
        mark(outcome),
        about,
        result,
        shown?.consent ?? plan?.spec.consent ?? '',
        few(scopes, (scope) => (0,markdown/* markdownCode */.D9)(scope, 60), ' '),
        secretText(outcome),
        rotationText(outcome),
        few(outcome.destinations, destinationText, '<br>') || 'none',
    ];
}
/** It is to be absent, and nothing is said of what it had. */
function isGone({ plan, mode, error }) {
    return plan?.spec.state === 'absent' && mode !== 'plan' && error === undefined;
}
function resultText({ result, mode, drift }) {
    return `${result ?? ''}${mode === 'plan' && drift ? ', **drift**' : ''}`;
}
const mostInCell = 20;
function few(items, text, between) {
    const left = items.length - mostInCell;
    return [...items.slice(0, mostInCell).map(text), ...(left > 0 ? [`and ${left} more`] : [])].join(between);
}
function destinationText(destination) {
    const id = destination.idAs === 'none' ? '' : `, ${destination.idName}`;
    return (0,markdown/* markdown */.wD)(`${(0,model_destination/* destinationLabel */.f4)(destination)}${id}`, 200);
}
function secretText({ current, nextRotationAt, now }) {
    if (current === undefined)
        return '';
    const { hint, issuedAt } = current;
    // Of a key's 43 characters the first ones do; the output has all of them.
    const shown = (0,credential/* isKeyHint */.jP)(hint) ? `key ${(0,markdown/* markdownCode */.D9)(`${(0,base_text/* plain */.p)(hint).slice(0, 8)}…`)}` : (0,markdown/* markdownCode */.D9)(hint);
    const age = Math.max(0, now - issuedAt);
    if (nextRotationAt === undefined)
        return `${shown}<br>${age < 60 ? 'new' : `${(0,duration/* formatDuration */.a3)(age)} old`}`;
    const policy = nextRotationAt - issuedAt;
    return `${shown}<br>${ageOfPolicy(age, policy)}<br><code>${bar(age / policy)}</code>`;
}
/** `34 of 90 days`: in the largest unit of which the policy has several. */
function ageOfPolicy(age, policy) {
    const units = [
        [86_400, 'days'],
        [3_600, 'hours'],
        [60, 'minutes'],
    ];
    const [size, name] = units.find(([size]) => policy >= 2 * size) ?? [1, 'seconds'];
    return `${Math.floor(age / size)} of ${Math.floor(policy / size)} ${name}`;
}
/** How much of its life is over. */
function bar(part) {
    const full = Math.min(10, Math.floor(part * 10));
    return '█'.repeat(full) + '░'.repeat(10 - full);
}
function rotationText({ current, nextRotationAt, now }) {
    if (nextRotationAt === undefined)
        return current === undefined ? '' : 'never';
    return nextRotationAt <= now
        ? '**due**'
        : `${(0,duration/* iso */.KH)(nextRotationAt).slice(0, 10)}<br>in ${(0,duration/* formatDuration */.a3)(nextRotationAt - now)}`;
}

;// CONCATENATED MODULE: ./build/report/summary-details.js







// What stands below the table of clients. Of several clients each row says whose it is.
/** Of many clients there is more than anybody reads. */
const mostRows = 12;
/** A table under a line of words; its rows come from each client. */
function listed(outcomes, words, head, rowsOf, bytes) {
    const several = outcomes.length > 1;
    const rows = outcomes.flatMap((outcome) => rowsOf(outcome).map((row) => (several ? [(0,markdown/* markdown */.wD)(outcome.name, 80), ...row] : row)));
    const table = tableOf(several ? ['client', ...head] : head, rows, bytes);
    return [table && words, table].filter(Boolean).join('\n\n');
}
/** Users that were made just now reach no space yet. */
function clientUsers(outcomes) {
    const made = outcomes.filter(({ botUserId, result }) => botUserId !== undefined && result === 'created');
    if (outcomes.length === 1 && made.length === 1)
        return `The client acts as the user ${(0,markdown/* markdownCode */.D9)(made[0].botUserId)} on the tenant. Scopes, even admin ones, do not open spaces: add this user to each space that the client must reach.`;
    const words = 'Each new client acts as a user of its own on the tenant. Scopes, even admin ones, do not open spaces: add these users to each space that their client must reach.';
    const rows = made.map(({ name, botUserId }) => [(0,markdown/* markdown */.wD)(name, 80), (0,markdown/* markdownCode */.D9)(botUserId)]);
    const table = tableOf(['client', 'user'], rows, 30_000);
    // A long list comes between nobody and what comes next.
    const shown = rows.length > mostRows ? folded(`The ${rows.length} users`, table) : table;
    return [made.length > 0 && words, shown].filter(Boolean).join('\n\n');
}
// --- what comes next -------------------------------------------------------------------------------------------------
/** Retirements and rotations, the next one first. Nothing happens by itself: a run has to come. */
function whatComesNext(outcomes) {
    const several = outcomes.length > 1;
    const events = outcomes.flatMap((outcome) => eventsOf(outcome).map((event) => ({ ...event, outcome })));
    const rows = events
        .toSorted((a, b) => a.at - b.at)
        .map(({ at, what, outcome: { name, now } }) => [when(at, now), ...(several ? [(0,markdown/* markdown */.wD)(name, 80)] : []), what]);
    return tableOf(['first run after', ...(several ? ['client'] : []), 'what comes next'], rows, 30_000, mostRows);
}
function eventsOf(outcome) {
    const { retiring, nextRotationAt, current, result } = outcome;
    if (isGone(outcome) || result === 'deleted')
        return [];
    const kindOf = (hint) => ((0,credential/* isKeyHint */.jP)(hint) ? 'key' : 'secret');
    const events = retiring.map(({ hint, until }) => ({
        at: until,
        what: `the previous ${kindOf(hint)} ${(0,markdown/* markdownCode */.D9)(hint)} is retired; it works until then`,
    }));
    if (current === undefined || nextRotationAt === undefined)
        return events;
    const rotation = `a fresh ${kindOf(current.hint)} takes the place of the current one`;
    return [...events, { at: nextRotationAt, what: rotation }];
}
function when(at, now) {
    return at <= now ? 'now' : `${(0,duration/* iso */.KH)(at).slice(0, 16).replace('T', ' ')} UTC, in ${(0,duration/* formatDuration */.a3)(at - now)}`;
}
// --- differences -----------------------------------------------------------------------------------------------------
/** For a plan: every field that differs, old and new. */
function differences(outcomes) {
    const words = 'What differs from the spec:';
    const rowsOf = ({ steps, mode }) => (mode === 'plan' ? steps.flatMap(differenceRows) : []);
    return listed(outcomes, words, ['field', 'now', 'would be'], rowsOf, 100_000);
}
function differenceRows(step) {
    const difference = (field, before, after) => [
        (0,markdown/* markdown */.wD)(field),
        before ? (0,markdown/* markdownCode */.D9)(before) : '',
        (0,markdown/* markdownCode */.D9)(after),
    ];
    const text = (value) => (Array.isArray(value) ? value.join(' ') : value);
    switch (step.kind) {
        case 'update':
            return step.changes.map(({ field, before, after }) => difference(fieldName(field), text(before), text(after)));
        case 'consent':
            return [difference('consent', step.before, step.after)];
        case 'write-id':
            return [difference(step.destination.idName, step.before && (0,model_client/* clientIdText */._8)(step.before), step.clientId)];
        case 'create':
            return [
                difference('name', undefined, step.fields.name),
                difference('consent', undefined, step.consent),
                difference('scopes', undefined, step.fields.scopes.join(' ')),
                difference('grant-types', undefined, step.fields.grantTypes.join(' ')),
                ...['redirectUris', 'allowedOrigins', 'clientUri', 'logoUri'].flatMap((field) => {
                    const value = text(step.fields[field]);
                    return value ? [difference(fieldName(field), undefined, value)] : [];
                }),
            ];
        default:
            return [];
    }
}
// --- the rest --------------------------------------------------------------------------------------------------------
/** Live secrets of others, with age and maker. */
function foreignSecrets(outcomes) {
    const words = '⚠️ Live secrets that this action did not issue; it leaves them alone. `retire-hints` retires those whose hints it names.';
    const rowsOf = ({ foreign, now }) => foreign.map(({ hint, createdAt, createdBy }) => [
        (0,markdown/* markdownCode */.D9)(hint),
        createdAt === undefined ? 'unknown' : (0,duration/* formatDuration */.a3)(now - createdAt),
        createdBy === undefined ? 'unknown' : (0,markdown/* markdownCode */.D9)(createdBy),
    ]);
    return listed(outcomes, words, ['hint', 'age', 'made by'], rowsOf, 50_000);
}
function notes(outcomes) {
    return points(outcomes, '', ({ notes }) => notes);
}
/** Who reviews a plan reads this, and not the log. */
function warnings(outcomes) {
    return points(outcomes, '⚠️ ', ({ warnings }) => warnings);
}
function points(outcomes, mark, textsOf) {
    const several = outcomes.length > 1;
    const lines = outcomes.flatMap((outcome) => textsOf(outcome).map((text) => `- ${mark}${several ? `${(0,markdown/* markdown */.wD)(outcome.name, 80)} · ` : ''}${(0,markdown/* markdown */.wD)(text, 500)}`));
    return fitted(lines, 30_000, (left) => `- … and ${left} more, in the log`).join('\n');
}
/** What was done, folded up: the log tells it too. */
function stepLists(outcomes) {
    const lists = outcomes.filter(({ steps }) => steps.length > 0).map(stepList);
    return fitted(lists, 100_000, (left) => `… and for ${(0,duration/* plural */.LS)(left, 'client')} more, in the log`).join('\n\n');
}
function stepList({ steps, mode, name }) {
    const verb = mode === 'plan' ? 'Would be done' : 'Done';
    const list = steps.map((step) => `- ${(0,markdown/* markdown */.wD)(stepText(step), 600)}`).join('\n');
    return folded(`${verb} for ${(0,markdown/* markdown */.wD)(name, 80)}: ${(0,duration/* plural */.LS)(steps.length, 'step')}`, list);
}
function folded(title, content) {
    return `<details><summary>${title}</summary>\n\n${content}\n\n</details>`;
}

;// CONCATENATED MODULE: ./build/report/summary.js






/**
 * The job summary as Markdown: first what needs attention, then the clients, then what comes next, and folded up what was done.
 * Whatever comes from a tenant, a spec or a server is escaped; however many clients there are, GitHub takes it.
 */
function summaryOf(outcomes, tenantHost) {
    const several = outcomes.length !== 1;
    return blocks([
        `### Qlik OAuth ${several ? 'clients' : 'client'} on ${(0,markdown/* markdown */.wD)(tenantHost)}`,
        several ? counts(outcomes) : '',
        failures(outcomes),
        several ? attention(outcomes) : '',
        warnings(outcomes),
        clientTable(byUrgency(outcomes)),
        clientUsers(outcomes),
        whatComesNext(outcomes),
        differences(outcomes),
        foreignSecrets(outcomes),
        notes(outcomes),
        stepLists(outcomes),
    ]);
}
/** A failure before any client was looked at. */
function failureSummary(error) {
    return blocks(['### Qlik OAuth client: failed', failure(error)]);
}
/** `200 clients: 2 failed, 1 rotated, 197 unchanged`. */
function counts(outcomes) {
    const words = byUrgency(outcomes).map(({ error, result }) => (error === undefined ? (result ?? '') : 'failed'));
    const each = [...new Set(words)].map((word) => `${words.filter((it) => it === word).length} ${word}`);
    return `**${(0,duration/* plural */.LS)(outcomes.length, 'client')}**: ${each.join(', ')}`;
}
/** What failed for several clients in one way is told once. */
function failures(outcomes) {
    const ways = new Map();
    for (const { name, error } of outcomes) {
        if (error === undefined)
            continue;
        const way = `${error.code} ${error.message} ${error.hint}`;
        const { names } = ways.get(way) ?? { names: [] };
        ways.set(way, { error, names: [...names, (0,markdown/* markdown */.wD)(name, 80)] });
    }
    const texts = [...ways.values()].map(({ error, names }) => failure(error, outcomes.length === 1 ? [] : names));
    const more = (left) => `❌ ${(0,duration/* plural */.LS)(left, 'failure')} more: each is in the log.`;
    return fitted(texts, 100_000, more).join('\n\n');
}
function failure(error, names = []) {
    const whose = names.length === 0 ? '' : `${fewOf(names)} · `;
    const several = error.mistakes.length > 1;
    const [headline = '', ...rest] = error.message.split('\n');
    const message = several ? [headline.replace(/:$/, '')] : [headline, ...rest];
    const trace = error.trace === undefined ? '' : `\n> \n> ${(0,markdown/* markdownCode */.D9)(error.trace)}`;
    const told = `> ${whose}**${error.code}**: ${quotedLines(message)}\n> \n> ${quotedLines(error.hint.split('\n'))}${trace}`;
    return several ? `${told}\n\n${mistakeTable(error)}` : told;
}
function quotedLines(lines) {
    return fitted(lines.map((line) => (0,markdown/* markdown */.wD)(line, 2000)), 100_000, (left) => `${(0,duration/* plural */.LS)(left, 'line')} more in the log`).join('<br>');
}
function mistakeTable({ mistakes }) {
    const rows = mistakes.map((mistake) => {
        const { message } = mistake;
        const place = (0,diagnostics/* mistakeText */.Mr)({ ...mistake, message: '' }).replace(/: $/, '');
        return [(0,markdown/* markdown */.wD)(place), (0,markdown/* markdown */.wD)(message, 1000)];
    });
    return tableOf(['where', 'what is wrong'], rows, 300_000);
}
/** Of several clients: what somebody should look at, in a line each. What it is in detail stands below. */
function attention(outcomes) {
    const line = (is, text) => {
        const found = outcomes.filter((outcome) => is(outcome) > 0);
        const named = found.map((outcome) => {
            const count = is(outcome);
            return `${(0,markdown/* markdown */.wD)(outcome.name, 80)}${count > 1 ? ` (${count})` : ''}`;
        });
        return found.length === 0 ? [] : [`- ⚠️ ${text}: ${fewOf(named)}`];
    };
    return [
        ...line(({ mode, drift }) => Number(mode === 'plan' && drift), 'Different from the spec'),
        ...line(({ foreign }) => foreign.length, 'Live secrets that this action did not issue'),
        ...line(({ botUserId, result }) => Number(botUserId !== undefined && result === 'created'), 'New users, to be added to the spaces that they must reach'),
    ].join('\n');
}
const mostNames = 10;
function fewOf(names) {
    const left = names.length - mostNames;
    return `${names.slice(0, mostNames).join(', ')}${left > 0 ? `, and ${left} more` : ''}`;
}

// EXTERNAL MODULE: ./build/spec/destination-schema.js
var destination_schema = __webpack_require__(1836);
// EXTERNAL MODULE: ./build/base/did-you-mean.js
var did_you_mean = __webpack_require__(3237);
// EXTERNAL MODULE: ./build/spec/client-spec.js
var client_spec = __webpack_require__(8947);
;// CONCATENATED MODULE: ./build/spec/known-scopes.js



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
/** Whoever has more of them than that has not misspelt them. */
const mostUnknown = 20;
/** Warnings about a client's scopes: unknown names, too much power, powers that Qlik advises to keep apart. */
function scopeWarnings(scopes, grantTypes) {
    const strange = scopes.filter((scope) => !knownScopes.includes(scope));
    const left = strange.length - mostUnknown;
    const admin = scopes.filter((scope) => scope.startsWith('admin'));
    return [
        ...strange.slice(0, mostUnknown).map(unknownScope),
        ...(left > 0 ? [`${left} more of the scopes are not among those that Qlik documents.`] : []),
        ...(scopes.includes('admin_classic')
            ? [
                'The scope admin_classic gives the client all that a tenant admin may do. Most clients need a few admin.* scopes at most.',
            ]
            : []),
        ...(admin.length > 0 && grantTypes.includes(client_spec/* impersonationGrant */.XY)
            ? ['The client may impersonate users and has admin scopes. Qlik advises two clients, one for each.']
            : []),
    ];
}
function unknownScope(scope) {
    const closest = (0,did_you_mean/* nearest */.p)(scope, knownScopes);
    const suggestion = closest === undefined ? '' : ` Did you mean ${closest}?`;
    return `The scope ${(0,base_text/* plain */.p)(scope, 60)} is not among those that Qlik documents.${suggestion}`;
}

;// CONCATENATED MODULE: ./build/report/validation-report.js







function checkedLine(files) {
    const clients = files.flatMap((file) => file.clients);
    const named = files.filter(({ file }) => file !== '');
    const where = named.length === 0 ? '' : ` in ${(0,duration/* plural */.LS)(named.length, 'file')}`;
    return `✓ ${(0,duration/* plural */.LS)(clients.length, 'client')}${where}: valid; no request was made`;
}
/** What may well be a slip, although it is no mistake; of several clients each says whose. */
function checkedWarnings(files) {
    const clients = files.flatMap((file) => file.clients).filter(({ state }) => state === 'present');
    return clients.flatMap(({ name, scopes = [], 'grant-types': grants = [] }) => scopeWarnings(scopes, grants).map((text) => (clients.length > 1 ? `${(0,base_text/* plain */.p)(name, 80)} · ${text}` : text)));
}
/** The outputs of a run that only checked. */
function checkedOutputs(files, summary) {
    const clients = files.flatMap(({ file, clients }) => clients.map((client) => ({ file, client })));
    const [one] = clients.length === 1 ? clients : [];
    const include = files.flatMap(({ file, tenant, environment }) => file === '' ? [] : [{ 'spec-file': file, tenant, environment }]);
    return {
        ...outputsOf([], summary),
        'client-id': one?.client['client-id'] ?? '',
        'client-name': one?.client.name ?? '',
        result: 'valid',
        clients: JSON.stringify(clients.map(({ file, client }) => validation_report_clientData(file, client))),
        matrix: JSON.stringify({ include }),
    };
}
function validation_report_clientData(file, client) {
    return {
        'client-id': client['client-id'] ?? '',
        'client-name': client.name,
        result: 'valid',
        changed: false,
        drift: false,
        'spec-file': file,
        'error-code': '',
    };
}
/** The job summary: the clients of each file. */
function checkedSummary(files) {
    const parts = files.map(({ file, tenant, environment, clients }) => {
        const about = [tenant && `tenant ${tenant}`, environment && `environment ${environment}`].filter(Boolean).join(', ');
        const title = [file || 'inputs', about && `(${about})`].filter(Boolean).join(' ');
        const rows = clients.map((client) => {
            const cells = [client.name, client.state, (client.scopes ?? []).join(' '), placesText(client)];
            return cells.map((cell) => (0,markdown/* markdown */.wD)(cell, 200));
        });
        return blocks([`**${(0,markdown/* markdown */.wD)(title)}**`, tableOf(['client', 'state', 'scopes', 'destinations'], rows, 200_000)]);
    });
    const more = (left) => `… and ${(0,duration/* plural */.LS)(left, 'file')} more`;
    return blocks([
        '### Qlik OAuth clients: valid',
        fitted(checkedWarnings(files).map((text) => `- ⚠️ ${(0,markdown/* markdown */.wD)(text, 500)}`), 100_000, (left) => `- … and ${left} more, in the log`).join('\n'),
        ...fitted(parts.map((part) => part.trimEnd()), 700_000, more),
    ]);
}
function placesText({ deliver, 'auth-method': method }) {
    const places = deliver.map((delivery) => {
        const { organization } = delivery;
        const where = organization === undefined ? (delivery.repository ?? 'this repository') : `organization ${organization}`;
        const environment = delivery.environment === undefined ? '' : `, environment ${delivery.environment}`;
        const store = delivery.store === 'actions' ? '' : `, store ${delivery.store}`;
        return `${where}${environment}${store}: ${delivery['client-secret-name'] ?? (0,destination_schema/* usualName */.gy)(method)}`;
    });
    return places.join('; ') || 'none';
}

;// CONCATENATED MODULE: ./build/run/publish-results.js





/** What stopped a run before any client was looked at, or outside of all of them. */
async function reportFailure(error, runner) {
    const summary = failureSummary(error);
    await runner.output({ ...outputsOf([], summary), result: '', 'error-code': error.code });
    await runner.summary(summary);
}
/** What `validate` says: what was checked, and nothing that only a tenant knows. */
async function reportChecked(files, runner) {
    const summary = checkedSummary(files);
    for (const warning of checkedWarnings(files))
        runner.reporter.warning(warning);
    runner.reporter.step(checkedLine(files));
    await runner.output(checkedOutputs(files, summary));
    await runner.summary(summary);
}
/** What came of each client: outputs, the summary, and each failure. */
async function report(outcomes, inputs, runner) {
    const summary = summaryOf(outcomes, new URL(inputs.tenant.origin).host);
    // Should outputs or summary fail, this has been told.
    for (const { name, error } of outcomes)
        if (error !== undefined)
            runner.fail(outcomes.length === 1 ? error : ofClient(name, error));
    await runner.output(outputsOf(outcomes, summary));
    if (inputs.outputClientSecret) {
        await runner.outputSecret('client-secret', outcomes.length === 1 ? outcomes[0]?.secret : undefined);
    }
    await runner.summary(summary);
}
/** Of several clients each failure says whose it is. */
function ofClient(name, error) {
    return new errors/* ActionError */.lZ(error.code, `${(0,base_text/* plain */.p)(name, 80)}: ${error.message}`, error.hint, {
        cause: error,
        trace: error.trace,
        status: error.status,
    });
}

// EXTERNAL MODULE: ./build/io/github/read.js + 1 modules
var read = __webpack_require__(5227);
// EXTERNAL MODULE: ./build/base/secret.js
var secret = __webpack_require__(1690);
// EXTERNAL MODULE: ./build/model/visibility.js
var visibility = __webpack_require__(1768);
// EXTERNAL MODULE: ./build/io/github/api.js + 2 modules
var github_api = __webpack_require__(5615);
// EXTERNAL MODULE: ./build/io/github/no-destinations.js
var no_destinations = __webpack_require__(5270);
;// CONCATENATED MODULE: ./build/io/github/sealed-box.js

/**
 * Encrypts a value for the holder of a public key, as GitHub wants it: a libsodium sealed box in standard base64
 * (docs.github.com, "Encrypting secrets for the REST API"). Throws `GITHUB_UNEXPECTED` where the key is none.
 */
async function sealed(value, publicKey) {
    const { default: sodium } = await __webpack_require__.e(/* import() */ 768).then(__webpack_require__.bind(__webpack_require__, 4768));
    await sodium.ready;
    try {
        const key = sodium.from_base64(publicKey, sodium.base64_variants.ORIGINAL);
        return sodium.to_base64(sodium.crypto_box_seal(sodium.from_string(value), key), sodium.base64_variants.ORIGINAL);
    }
    catch (cause) {
        throw new errors/* ActionError */.lZ('GITHUB_UNEXPECTED', 'encrypting the secret: the public key that GitHub gave is none', 'Report this: nothing was delivered.', { cause });
    }
}

;// CONCATENATED MODULE: ./build/io/github/write.js









/** Without a token there is nowhere to write. */
function createWriter(api) {
    if (api === undefined)
        return no_destinations/* nowhere */.j.writer;
    return {
        putSecret: (destination, name, value, prepared, sendBy) => putSecret(api, { destination, name, value, prepared, sendBy }),
        putVariable: (destination, value, exists) => putVariable(api, destination, value, exists),
        restoreVariable: (destination, before) => restoreVariable(api, destination, before),
        remove: (destination, parts) => remove(api, destination, parts),
    };
}
/**
 * Creates or replaces a secret, in place: it is never deleted first. The same value twice does no harm, so it is repeated safely.
 * Within an organization GitHub takes what is not said of its visibility for "nobody", so it is always said.
 */
async function putSecret(api, { destination, name, value, prepared, sendBy }) {
    const { id, key } = prepared.publicKey;
    const access = spoken(destination, (0,visibility/* accessToWrite */.Hd)(destination, name, prepared.seen));
    const encrypted_value = await sealed(value instanceof secret/* Secret */.z ? value.open() : value, key);
    const { at } = await (0,github_api/* ask */.k)(api, {
        route: 'PUT secrets/{secret_name}',
        scope: destination,
        what: `writing the secret ${name}`,
        parameters: { secret_name: name, encrypted_value, key_id: id, ...access },
        sendBy,
    });
    return { value: undefined, at };
}
/** As GitHub wants it. What was there when all was planned may be gone now, or not be shown to us in full. */
function spoken(destination, access) {
    if (destination.organization === undefined)
        return {};
    if (access === undefined)
        throw new errors/* ActionError */.lZ('INPUT_INVALID', `visibility: is missing, and who sees ${(0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination))} now can’t be read, or not in full`, 'Give visibility: all, private, or selected with selected-repositories.');
    const { visibility, repositories } = access;
    return { visibility, ...(visibility === 'selected' ? { selected_repository_ids: repositories.map(Number) } : {}) };
}
/**
 * Creating and changing a variable are two requests. Where the other one is needed after all, it is made. A change leaves its
 * visibility as it is, unless the spec says it.
 */
async function putVariable(api, destination, value, exists) {
    const { idName: name, access } = destination;
    const what = `writing the variable ${name}`;
    const send = (route, visibility) => (0,github_api/* ask */.k)(api, { route, scope: destination, what, parameters: { name, value, ...visibility } });
    const create = async () => send('POST variables', spoken(destination, await accessOfNewVariable(api, destination)));
    const change = () => send('PATCH variables/{name}', (0,visibility/* isComplete */.As)(access) ? spoken(destination, access) : {});
    try {
        await (exists ? change() : create());
    }
    catch (thrown) {
        const other = thrown instanceof errors/* ActionError */.lZ && (exists ? thrown.status === 404 : thrown.status === 409);
        if (!other)
            throw thrown;
        await (exists ? create() : change());
    }
}
/** What the spec says, else that of the secret which it belongs to. */
async function accessOfNewVariable(api, destination) {
    if (destination.organization === undefined || (0,visibility/* isComplete */.As)(destination.access))
        return destination.access;
    const { value } = await (0,read/* readWithAccess */.bM)(api, destination);
    return (0,visibility/* accessToWrite */.Hd)(destination, destination.idName, value);
}
/** Puts a variable back to what it was. */
async function restoreVariable(api, destination, before) {
    if (before === undefined)
        await removeOne(api, destination, 'variables', destination.idName);
    else
        await putVariable(api, destination, before, true);
}
/** Deletes the values of a destination; what is gone already is fine. */
async function remove(api, destination, parts) {
    const { secretName, idName, idAs } = destination;
    if (parts.includes('secret'))
        await removeOne(api, destination, 'secrets', secretName);
    if (parts.includes('id'))
        await removeOne(api, destination, idAs === 'variable' ? 'variables' : 'secrets', idName);
}
async function removeOne(api, scope, kind, name) {
    try {
        await (0,github_api/* ask */.k)(api, { route: `DELETE ${kind}/{name}`, scope, what: `deleting ${name}`, parameters: { name } });
    }
    catch (thrown) {
        if (!(thrown instanceof errors/* ActionError */.lZ) || thrown.code !== 'DESTINATION_MISSING')
            throw thrown;
    }
}

// EXTERNAL MODULE: ./build/io/http/service-client.js + 2 modules
var service_client = __webpack_require__(4083);
// EXTERNAL MODULE: ./build/io/http/responses.js
var responses = __webpack_require__(2998);
// EXTERNAL MODULE: ./build/io/qlik/session.js
var qlik_session = __webpack_require__(7839);
// EXTERNAL MODULE: ./build/io/qlik/wire.js
var wire = __webpack_require__(6690);
;// CONCATENATED MODULE: ./build/io/qlik/prove.js



function createProver(session, mask) {
    return {
        accessToken: (clientId, issued, within) => (0,qlik_session/* token */.Sh)(session, clientId, proofOf(issued), mask, {
            what: `proving the new ${issued.kid ? 'key' : 'secret'}`,
            optional: within,
        }),
        whoIs: (accessToken) => whoIs(session, accessToken),
        revoke: (accessToken) => (0,qlik_session/* revoke */.r8)(session, accessToken),
    };
}
function proofOf({ secret, kid }) {
    return kid === undefined
        ? { kind: 'secret', secret }
        : { kind: 'key', key: { pem: secret, kid, algorithms: ['ES384'] } };
}
/** The tenant may refuse to say (the client's scopes decide): that proves nothing against the secret. */
async function whoIs({ tenant, http }, accessToken) {
    const headers = {
        accept: 'application/json',
        authorization: `Bearer ${accessToken.open()}`,
        'user-agent': responses/* userAgent */.N1,
    };
    try {
        const { data } = await http({
            method: 'GET',
            url: `${tenant.origin}/api/v1/users/me`,
            headers,
            what: 'asking who the client is',
            repeatable: false,
            optional: 5000,
        });
        const { id, clientId } = wire/* userSchema */.vJ.parse(data);
        return { userId: id || undefined, clientId: clientId || undefined };
    }
    catch {
        return undefined;
    }
}

// EXTERNAL MODULE: ./build/io/qlik/read.js
var qlik_read = __webpack_require__(5271);
// EXTERNAL MODULE: ./build/io/runner/mask-secret.js + 1 modules
var mask_secret = __webpack_require__(3601);
;// CONCATENATED MODULE: ./build/io/qlik/keys.js





// The API patches whole fields only (qlik.dev/apis/rest/oauth-clients): a list of keys is read, changed and written back, with
// the keys of other people just as they were.
/** Adds a public key to those of a client, and allows their use. That it is there already is fine. */
async function addKey(session, clientId, key, guard) {
    const { value: client, at } = await readGuarded(session, clientId, guard);
    if (client === undefined)
        throw gone();
    const keys = client.publicKeys ?? [];
    if (hintsOf(keys).includes(key.issued.hint))
        return { value: undefined, at };
    const methods = wire/* methodsOf */.oz(client);
    const operations = [set('/publicKeys', keys, [...keys, key.jwk])];
    if (!methods.includes(credential/* methodOf */.NY.key))
        operations.push(set('/allowedAuthMethods', client.allowedAuthMethods, [...methods, credential/* methodOf */.NY.key]));
    return {
        value: undefined,
        at: await patch(session, clientId, operations, { what: 'adding a key', sendBy: guard.sendBy }),
    };
}
/** Removes a public key; that it is gone already is fine. With the last one goes the method, where the client has another. */
async function removeKey(session, clientId, hint, guard) {
    const { value: client } = await readGuarded(session, clientId, guard);
    const keys = client?.publicKeys ?? [];
    const left = keys.filter((key) => !hintsOf([key]).includes(hint));
    if (client === undefined || left.length === keys.length)
        return;
    const others = wire/* methodsOf */.oz(client).filter((method) => method !== credential/* methodOf */.NY.key);
    const isLast = left.length === 0 && others.length > 0 && !client.jwksUri;
    const operations = isLast
        ? [set('/allowedAuthMethods', client.allowedAuthMethods, others), { op: 'remove', path: '/publicKeys' }]
        : [set('/publicKeys', keys, left)];
    // The same list once more is the same list.
    await patch(session, clientId, operations, { what: 'retiring a key', sendBy: guard.sendBy, repeatable: true });
}
function hintsOf(keys) {
    return wire/* kidsOf */.p8(keys).map(credential/* keyHint */.p4);
}
function set(path, before, value) {
    return { op: before == null || before.length === 0 ? 'add' : 'replace', path, value };
}
async function readGuarded(session, clientId, { check }) {
    const seen = await (0,qlik_read/* readWire */.i)(session, clientId);
    if (seen.value !== undefined)
        check(wire/* toObservedClient */.P4(seen.value), seen.at);
    return seen;
}
async function patch(session, clientId, body, how) {
    const path = `${qlik_session/* clientsPath */.gp}/${encodeURIComponent(clientId)}`;
    const codes = { 404: 'CLIENT_MISSING' };
    const answer = await (0,qlik_session/* ask */.kA)(session, { method: 'PATCH', path, body, codes, repeatable: false, ...how }).catch(explainRefusal);
    return answer.at;
}
/** The documented form of this patch can’t hold a key: a tenant may take that at its word. */
function explainRefusal(thrown) {
    if (!(thrown instanceof errors/* ActionError */.lZ) || thrown.code !== 'TENANT_REJECTED')
        throw thrown;
    const hint = 'This tenant does not let the keys of a client be changed. Use auth-method: client_secret, or keep the keys by hand with deliver: false.';
    const { trace, status, uncertain, at } = thrown;
    throw new errors/* ActionError */.lZ(thrown.code, thrown.message, hint, { cause: thrown, trace, status, uncertain, at });
}
function gone() {
    return new errors/* ActionError */.lZ('CLIENT_MISSING', 'adding a key: the client is gone', 'Somebody deleted it meanwhile. Run again.');
}

// EXTERNAL MODULE: ./build/io/qlik/signing-key.js
var signing_key = __webpack_require__(3722);
;// CONCATENATED MODULE: ./build/io/qlik/write.js








function write_createWriter(session, mask) {
    return {
        create: (client, sendBy) => create(session, mask, client, sendBy),
        update: (clientId, changes, sendBy) => update(session, mask, clientId, changes, sendBy),
        describe: (clientId, text, before, sendBy) => describe(session, mask, clientId, { text, before }, sendBy),
        setConsent: (clientId, consent) => setConsent(session, clientId, consent),
        issue: (clientId, sendBy) => issue(session, mask, clientId, sendBy),
        makeKey: () => (0,signing_key/* makeKey */.og)(mask),
        addKey: (clientId, key, guard) => addKey(session, clientId, key, guard),
        retire: (clientId, hint, guard) => (0,credential/* isKeyHint */.jP)(hint) ? removeKey(session, clientId, hint, guard) : retire(session, clientId, hint),
        remove: (clientId) => write_remove(session, clientId),
    };
}
async function create(session, mask, { fields, consent, key }, sendBy) {
    const what = 'creating the client';
    const body = {
        appType: 'web',
        clientName: fields.name,
        description: fields.description,
        allowedScopes: fields.scopes,
        allowedGrantTypes: fields.grantTypes,
        allowedAuthMethods: fields.authMethods,
        // What is empty is left out, as it is by the console.
        redirectUris: fields.redirectUris?.length ? fields.redirectUris : undefined,
        allowedOrigins: fields.allowedOrigins?.length ? fields.allowedOrigins : undefined,
        clientUri: fields.clientUri || undefined,
        logoUri: fields.logoUri || undefined,
        publicKeys: key && [key.jwk],
        // The request accepts no other value than trusted; required is what a client has without it.
        ...(consent === 'trusted' ? { connectionConfig: { consentMethod: 'trusted' } } : {}),
    };
    const answer = await (0,qlik_session/* ask */.kA)(session, { method: 'POST', path: qlik_session/* clientsPath */.gp, what, body, sendBy });
    const secret = maskedSecret(answer, mask);
    const created = (0,qlik_session/* parsed */.Yz)(wire/* createdSchema */.EH, answer, what, 'POST');
    const [listed] = wire/* toSecrets */.nr(created);
    return {
        at: answer.at,
        value: {
            clientId: created.clientId,
            issued: key?.issued ??
                (secret && { secret, hint: listed?.hint, createdAt: listed?.createdAt, createdBy: listed?.createdBy }),
        },
    };
}
/** Masks the secret of an answer before anything else is read of it. */
function maskedSecret({ data }, mask) {
    const value = data?.clientSecret;
    return typeof value === 'string' && value !== '' ? (0,mask_secret/* born */.m)(value, mask) : undefined;
}
const paths = {
    name: '/clientName',
    description: '/description',
    scopes: '/allowedScopes',
    grantTypes: '/allowedGrantTypes',
    authMethods: '/allowedAuthMethods',
    redirectUris: '/redirectUris',
    allowedOrigins: '/allowedOrigins',
    clientUri: '/clientUri',
    logoUri: '/logoUri',
};
/**
 * Patches whole fields. `replace` where there is a value, `add` where there is none: the one pair of operations that RFC 6902
 * defines for both cases. What makes no secret is repeated safely; a lost description is looked up by the caller.
 */
async function update(session, mask, clientId, changes, sendBy) {
    const what = 'changing the client';
    const body = changes.map(({ field, before, after }) => ({
        op: before === undefined || before.length === 0 ? 'add' : 'replace',
        path: paths[field],
        value: after,
    }));
    const once = changes.some(({ field }) => field === 'description' || field === 'authMethods');
    const answer = await (0,qlik_session/* ask */.kA)(session, {
        method: 'PATCH',
        path: `${qlik_session/* clientsPath */.gp}/${encodeURIComponent(clientId)}`,
        what,
        body,
        repeatable: !once,
        sendBy,
        codes: { 404: 'CLIENT_MISSING' },
    });
    const secret = maskedSecret(answer, mask);
    return { at: answer.at, value: secret && { secret } };
}
async function describe(session, mask, clientId, { text, before }, sendBy) {
    const change = { field: 'description', before: before === 'empty' ? undefined : before, after: text };
    const { at } = await update(session, mask, clientId, [change], sendBy);
    return { value: undefined, at };
}
async function setConsent(session, clientId, consent) {
    const path = `${qlik_session/* clientsPath */.gp}/${encodeURIComponent(clientId)}/connection-configs/me`;
    await (0,qlik_session/* ask */.kA)(session, {
        method: 'PATCH',
        path,
        what: 'setting the consent',
        body: [{ op: 'replace', path: '/consentMethod', value: consent }],
        repeatable: true,
    });
}
async function issue(session, mask, clientId, sendBy) {
    const what = 'issuing a secret';
    const path = `${qlik_session/* clientsPath */.gp}/${encodeURIComponent(clientId)}/client-secrets`;
    const answer = await (0,qlik_session/* ask */.kA)(session, {
        method: 'POST',
        path,
        what,
        sendBy,
        codes: { 404: 'CLIENT_MISSING', 409: 'SECRET_SLOTS_FULL' },
    }).catch(slotsHint);
    const secret = maskedSecret(answer, mask);
    const { hint, createdAt, createdBy } = (0,qlik_session/* parsed */.Yz)(wire/* issuedSchema */.N1, answer, what, 'POST');
    return {
        at: answer.at,
        value: {
            secret: secret,
            hint: hint || undefined,
            createdAt: (0,duration/* parseTimestamp */.EH)(createdAt ?? undefined),
            createdBy: createdBy || undefined,
        },
    };
}
function slotsHint(thrown) {
    if (!(thrown instanceof errors/* ActionError */.lZ) || thrown.code !== 'SECRET_SLOTS_FULL')
        throw thrown;
    throw new errors/* ActionError */.lZ(thrown.code, thrown.message, 'Somebody used the last of the five secrets that Qlik allows. Delete one that is not needed, and run again.', { cause: thrown, trace: thrown.trace, status: thrown.status });
}
async function retire(session, clientId, hint) {
    const path = `${qlik_session/* clientsPath */.gp}/${encodeURIComponent(clientId)}/client-secrets/${encodeURIComponent(hint)}`;
    await (0,qlik_session/* ask */.kA)(session, {
        method: 'DELETE',
        path,
        what: 'retiring a secret',
        repeatable: true,
        codes: { 404: 'CLIENT_MISSING' },
    }).catch(goneIsFine);
}
/** Deletes a client. Qlik wants its id once more in a header, so that nobody does it by accident. */
async function write_remove(session, clientId) {
    const path = `${qlik_session/* clientsPath */.gp}/${encodeURIComponent(clientId)}`;
    const headers = { 'qlik-confirm-delete': clientId };
    await (0,qlik_session/* ask */.kA)(session, {
        method: 'DELETE',
        path,
        what: 'deleting the client',
        headers,
        repeatable: true,
        codes: { 404: 'CLIENT_MISSING' },
    }).catch(goneIsFine);
}
function goneIsFine(thrown) {
    if (!(thrown instanceof errors/* ActionError */.lZ) || thrown.code !== 'CLIENT_MISSING')
        throw thrown;
}

;// CONCATENATED MODULE: ./build/run/reserve-capacity.js






/** Lets a client's work in when both services can serve it, and gives it a way to each of them. */
function enterBoth(services) {
    return async (need, reporter, waiting) => {
        const at = (service) => services[service].enter(need[service], reporter, (wait) => waiting((0,service_client/* waitText */.L)(service, wait)));
        const tenant = await at('tenant');
        const github = await at('github').catch((thrown) => {
            tenant.leave();
            throw thrown;
        });
        const leave = () => {
            tenant.leave();
            github.leave();
        };
        return { ...waysTo(services, tenant.http, github.http), leave };
    };
}
function waysTo({ session: signedIn, api: signedInApi, mask }, tenant, places) {
    const session = { ...signedIn, http: tenant };
    const api = signedInApi && { ...signedInApi, http: places };
    return {
        readers: { tenant: (0,qlik_read/* createReader */.W)(session), destinations: (0,read/* createReader */.WF)(api) },
        writers: {
            tenant: write_createWriter(session, mask),
            destinations: createWriter(api),
            prover: createProver(session, mask),
        },
    };
}

;// CONCATENATED MODULE: ./build/plan/auth-method.js



/** Do these changes allow a method that was not? */
function adds(changes, kind) {
    return changes.some(({ field, before, after }) => field === 'authMethods' && after.includes(credential/* methodOf */.NY[kind]) && before?.includes(credential/* methodOf */.NY[kind]) === false);
}
/** What a fresh credential is: what the spec says, else what the current one is, else a secret. */
function kindOf({ authMethods }, client) {
    if (authMethods !== undefined)
        return authMethods.includes(credential/* methodOf */.NY.key) ? 'key' : 'secret';
    if (!client?.authMethods.includes(credential/* methodOf */.NY.key))
        return 'secret';
    const current = client.description.ledger?.current;
    // Where none was issued here yet, the client decides by what it allows.
    const isKey = current === undefined ? !client.authMethods.includes(credential/* methodOf */.NY.secret) : (0,credential/* isKeyHint */.jP)(current.hint);
    return isKey ? 'key' : 'secret';
}
/** The same spec, its credential called as usual for what the client signs in with, where neither is said. */
function namedByMethod(spec, client) {
    if (spec.fields.authMethods !== undefined || kindOf(spec.fields, client) === 'secret')
        return spec;
    // What is served by that name goes on to be.
    const isServed = (destination) => client?.description.ledger?.destinations[(0,model_destination/* destinationKey */.I)(destination)] !== undefined;
    const isOther = (destination) => destination.isUsual === true && !isServed(destination);
    if (!spec.destinations.some(isOther))
        return spec;
    const named = (destination) => (isOther(destination) ? (0,model_destination/* calledAsKey */.ZF)(destination) : destination);
    return { ...spec, destinations: spec.destinations.map(named) };
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

;// CONCATENATED MODULE: ./build/ledger/delivery-evidence.js

// Which secret lies where: what the stamps of the places tell of it, beside what the ledger recorded. Secrets can't be read back, so
// this is all the evidence that there is.
/** Seconds for which an announcement keeps other runs waiting. */
const lease = 60;
/** Seconds after which what a dead run left is certainly nobody's any more. */
const lostAfter = 600;
/** Seconds between two writes to one place: GitHub's stamps count whole seconds, and two writes in one look like one. */
const stampGap = 2;
/** Is the recorded stamp still the one that GitHub shows: did nobody else write there since we delivered the current one? */
function isDelivered(destination, ledger, observed) {
    const key = (0,model_destination/* destinationKey */.I)(destination);
    const delivered = ledger?.destinations[key];
    const seen = observed.get(key);
    if (delivered === undefined || seen === undefined || delivered.hint !== ledger?.current?.hint)
        return false;
    const idIsThere = destination.idAs !== 'secret' || (seen.idStamp !== undefined && seen.idStamp === delivered.idStamp);
    return isKnownWrite(seen.secretStamp, key, ledger) && idIsThere;
}
/** Is this the stamp of what the ledger says was delivered to a place, and is it sure of that? */
function isKnownWrite(stamp, key, ledger) {
    return stamp !== undefined && !ledger?.unproven && ledger?.destinations[key]?.stamp === stamp;
}
/** Seconds that reading both services may lie apart, and more: what was written longer before was written before both. */
const readingSlack = 5;
/**
 * Does a place surely hold what it held before the dead run announced: nothing, a secret that the ledger knows, or what was written
 * there a while before? Of a place that is no longer named nothing is known; and one that somebody wrote to just then, perhaps a run
 * that the announcement overtook, may hold anything. How long ago each was is told by the clock of its own service.
 */
function isUntouched(key, ledger, observed, now) {
    const seen = observed.get(key);
    const announced = ledger?.announced?.stamps[key] ?? null;
    const wasBefore = (seen?.secretAge ?? 0) > now - (ledger?.announced?.at ?? 0) + readingSlack;
    const isKnown = announced === null || isKnownWrite(announced, key, ledger) || wasBefore;
    return isKnown && seen !== undefined && (seen.secretStamp ?? null) === announced;
}
/**
 * Suspects that surely no place holds any more, so that their grace begins: because each place is known to hold another secret,
 * or because each was written after a later announcement, when the run of the suspect was over.
 */
function superseded(ledger, observed, keys, now) {
    if (keys.length === 0)
        return [];
    const stampAt = (key) => observed.get(key)?.secretStamp;
    const isLocated = keys.every((key) => isKnownWrite(stampAt(key), key, ledger));
    const held = new Set(keys.map((key) => ledger.destinations[key]?.hint));
    const { announced } = ledger;
    const rewritten = announced !== undefined &&
        keys.every((key) => key in announced.stamps && (stampAt(key) ?? null) !== announced.stamps[key]);
    return Object.entries(ledger.suspects)
        .filter(([hint, since]) => {
        // One that was suspected later than that may be what was written there.
        const isOver = announced !== undefined && announced.at - since >= lease;
        return (rewritten && isOver) || (isLocated && !held.has(hint) && now - since >= lostAfter);
    })
        .map(([hint]) => hint);
}
/**
 * The current secret and suspects that surely no place holds, nor held for so many seconds: by GitHub's own time nothing was written
 * to any place meanwhile.
 */
function longNowhere(ledger, destinations, observed, { now, seconds }) {
    const keys = [...new Set([...Object.keys(ledger.destinations), ...Object.keys(ledger.announced?.stamps ?? {})])];
    const asked = destinations.map(model_destination/* destinationKey */.I).filter((key) => !keys.includes(key));
    // What lies where nothing is known to have been delivered may be one of these, from a run that another overtook.
    const isClear = asked.every((key) => observed.get(key)?.secretStamp === undefined);
    const isQuiet = keys.every((key) => {
        const seen = observed.get(key);
        // Nobody can say since when a secret is gone; but one that was never delivered there may well be missing.
        if (seen?.secretStamp === undefined)
            return seen !== undefined && ledger.destinations[key] === undefined;
        return seen.secretAge !== undefined && seen.secretAge >= seconds;
    });
    if (!isQuiet || !isClear)
        return [];
    const { current } = ledger;
    return [
        ...(current !== undefined && isOverwritten(current.hint, ledger, observed) ? [current.hint] : []),
        ...superseded(ledger, observed, keys, now),
    ];
}
/** Was every place written again after this secret had been delivered there, by its own run or, since that is over, by another? */
function isOverwritten(hint, { destinations }, observed) {
    const places = Object.entries(destinations);
    // Where it lay is forgotten: nothing tells since when it does no more.
    if (places.length === 0)
        return false;
    return places.every(([key, delivered]) => {
        const stamp = observed.get(key)?.secretStamp;
        // A stamp that is a second or two off may be that of the same delivery, sent again where its answer was lost.
        return (delivered.hint !== hint || (stamp !== undefined && delivered.stamp >= 0 && stamp - delivered.stamp > stampGap));
    });
}

;// CONCATENATED MODULE: ./build/ledger/ownership.js

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
    if (isOwner(ledger, spec, actor))
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
    const named = new Set(spec.destinations.map(model_destination/* destinationKey */.I));
    return Object.fromEntries(Object.entries(destinations).filter(([key]) => named.has(key)));
}
/** Does the ledger name this repository and this spec? */
function isOwner(ledger, spec, actor) {
    return ledger?.owner.repository === actor.repository.id && ledger.owner.client === spec.name;
}

;// CONCATENATED MODULE: ./build/plan/find-client.js





/**
 * Finds the client of a spec among all of the tenant: by its pin, else by the ledger that names this repository and this spec,
 * else by its name. Throws `CLIENT_MISSING`, `CLIENT_AMBIGUOUS`, `CLIENT_OWNED_ELSEWHERE`, `CLIENT_IMMUTABLE`,
 * `LEDGER_NEWER`, or `TENANT_FORBIDDEN` where the tenant hides from us what only administrators see.
 */
function identify(spec, clients, actor, now) {
    const identity = spec.clientId !== undefined ? pinned(spec, clients, spec.clientId) : byLedgerOrName(spec, clients, actor, now);
    if (identity.kind === 'found')
        refuseUnfit(identity.client);
    return identity;
}
function pinned(spec, clients, clientId) {
    const client = clients.find(({ id }) => id === clientId);
    if (client !== undefined)
        return { kind: 'found', client, by: 'pin', twins: [] };
    throw new errors/* ActionError */.lZ('CLIENT_MISSING', `the tenant has no client ${(0,base_text/* plain */.p)(clientId)}, which client-id pins for ${(0,base_text/* plain */.p)(spec.name)}`, 'It may have been deleted, or the id is of another tenant. Correct client-id, or leave it out: then the client is found by name, or created.');
}
function byLedgerOrName(spec, all, actor, now) {
    const clients = all.filter(({ id }) => !spec.pinnedByOthers?.has(id));
    const ours = clients.filter((client) => isOwner(client.description.ledger, spec, actor));
    if (ours.length > 0)
        return oursOf(spec, ours, now);
    const named = clients.filter(({ name }) => name === spec.name);
    if (named.length > 1)
        throw ambiguous(spec, named);
    const [client] = named;
    if (client === undefined)
        return { kind: 'none' };
    const owner = client.description.ledger?.owner;
    if (owner !== undefined)
        throw ownedElsewhere(client);
    return { kind: 'found', client, by: 'name', twins: [] };
}
/** Of twins the one with a commit, else the oldest; the others only where they are announcements that died. */
function oursOf(spec, ours, now) {
    const [first, ...rest] = [...ours].sort(settledFirst);
    const abandoned = rest.every((client) => isAbandoned(client, spec, now) && isYounger(client, first));
    if (rest.length > 0 && !abandoned) {
        // A twin whose run may still live is deleted by that run itself; until then the older one is ours.
        const dying = rest.every((client) => isMereAnnouncement(client) && isYounger(client, first));
        if (!dying)
            throw ambiguous(spec, ours);
    }
    return { kind: 'found', client: first, by: 'ledger', twins: abandoned ? rest : [] };
}
function settledFirst(a, b) {
    const settled = Number(isMereAnnouncement(a)) - Number(isMereAnnouncement(b));
    return settled !== 0 ? settled : isYounger(a, b) ? 1 : -1;
}
/** Which of two creations came later; of two at the same instant the one with the greater id. */
function isYounger(client, than) {
    const difference = (client.createdAt ?? 0) - (than.createdAt ?? 0);
    return difference !== 0 ? difference > 0 : client.id > than.id;
}
function isMereAnnouncement({ description: { ledger } }) {
    return ledger?.announced !== undefined && ledger.current === undefined && ledger.owner.origin === 'made';
}
/** A younger twin whose run is over. It is deleted, so it must be what creating leaves, and nothing that somebody uses. */
function isAbandoned(client, spec, now) {
    const { ledger } = client.description;
    if (ledger?.announced === undefined || !isMereAnnouncement(client))
        return false;
    const { announced, destinations, retiring, suspects } = ledger;
    const isFirst = [destinations, retiring, suspects].every((part) => Object.keys(part).length === 0);
    const isOfThen = client.createdAt === undefined || Math.abs(client.createdAt - announced.at) <= lease;
    const isWhole = client.name === spec.name && client.secrets.length <= 1;
    return isFirst && isOfThen && isWhole && now - announced.at > lostAfter;
}
function refuseUnfit(client) {
    if (client.description.note === 'newer') {
        throw new errors/* ActionError */.lZ('LEDGER_NEWER', `the ledger of ${clientLabel(client)} was written by a later version of this action`, 'Use that version here too. Going on with this one would forget which secrets were issued.');
    }
    if (client.appType !== 'web') {
        throw new errors/* ActionError */.lZ('CLIENT_IMMUTABLE', `${clientLabel(client)} is a client of type ${(0,base_text/* plain */.p)(client.appType)}, and Qlik does not let the type change`, 'Machine-to-machine clients are of type web. Choose another name, or delete that client if it is not needed.');
    }
    if (!client.shownToAdmin) {
        throw new errors/* ActionError */.lZ('TENANT_FORBIDDEN', `the tenant does not show us consent and secrets of ${clientLabel(client)}, as it does to administrators`, 'Sign in as a tenant admin: an API key of a user with the role Tenant Admin, or a trusted OAuth client with the scope admin_classic.');
    }
}
function ambiguous(spec, clients) {
    const list = clients.map((client) => {
        const owner = client.description.ledger?.owner;
        const by = owner === undefined
            ? client.owner === undefined
                ? ''
                : `, owner ${(0,base_text/* plain */.p)(client.owner)}`
            : `, managed by ${(0,base_text/* plain */.p)(owner.name)} as ${(0,base_text/* plain */.p)(owner.client)}`;
        return `${client.id} (created ${client.createdAt === undefined ? 'at an unknown time' : (0,duration/* iso */.KH)(client.createdAt)}${by})`;
    });
    return new errors/* ActionError */.lZ('CLIENT_AMBIGUOUS', `${clients.length} clients could be ${(0,base_text/* plain */.p)(spec.name)}: ${list.join('; ')}`, 'Pin the right one with client-id, or rename or delete the others.');
}
/** The refusal to touch what is not ours. `adopted`: it is ours to keep in order, but was there before us. */
function ownedElsewhere(client, adopted = false) {
    const owner = client.description.ledger?.owner;
    const managed = `is managed by ${(0,base_text/* plain */.p)(owner?.name ?? '')} (repository ${(0,base_text/* plain */.p)(owner?.repository ?? '')}) as ${(0,base_text/* plain */.p)(owner?.client ?? '')}`;
    const who = adopted
        ? 'existed before this action adopted it'
        : owner === undefined
            ? 'was not made by this action'
            : managed;
    return new errors/* ActionError */.lZ('CLIENT_OWNED_ELSEWHERE', `${clientLabel(client)} ${who}`, `Leave it, or choose another name; if it is yours to change or delete all the same, pin it with client-id: ${(0,base_text/* plain */.p)(client.id)}.`);
}
/** A client as people find it again: its name and id. */
function clientLabel({ name, id }) {
    return `${(0,base_text/* plain */.p)(name, 80)} (${(0,base_text/* plain */.p)(id, 64)})`;
}

;// CONCATENATED MODULE: ./build/plan/run-order.js

/**
 * In which order clients are dealt with; those of one group side by side. What is to be absent goes when its successors have been
 * delivered in its places. The client that we sign in with comes last: retiring its secret may end what all others work with.
 */
function inOrder(clients, observed, { actor, policy }) {
    // Who only plans writes nothing, and is told in the order of the file.
    if (policy.mode === 'plan')
        return [clients];
    const rank = (spec) => {
        if (spec.state === 'absent')
            return 1;
        const { adminClientId } = policy;
        return adminClientId !== undefined && clientOf(spec, observed, actor)?.id === adminClientId ? 2 : 0;
    };
    const groups = Map.groupBy(clients, rank);
    return [0, 1, 2].flatMap((it) => (groups.has(it) ? [groups.get(it)] : []));
}
/** The client that a spec means; undefined where there is none, or none can be told. */
function clientOf(spec, { clients, now }, actor) {
    try {
        const identity = identify(spec, clients, actor, now);
        return identity.kind === 'found' ? identity.client : undefined;
    }
    catch {
        // Its own turn says why.
        return undefined;
    }
}

// EXTERNAL MODULE: ./build/spec/shared-values.js
var shared_values = __webpack_require__(296);
// EXTERNAL MODULE: ./build/run/observe.js
var observe = __webpack_require__(5506);
// EXTERNAL MODULE: ./build/ledger/ledger.js
var ledger_ledger = __webpack_require__(87);
;// CONCATENATED MODULE: ./build/ledger/rotation-decision.js






/** Qlik's limit of live secrets per client (API reference of oauth-clients: the sixth is answered with 409). */
const secretSlots = 5;
/**
 * Which secrets to retire and whether to issue one, for one client with at least one destination. Decides from what both
 * services report, never from the runner's clock. The rules, and why each is needed: docs/secret-lifecycle.md.
 */
function decideRotation(input) {
    const { ledger, live, destinations, now } = input;
    const undelivered = destinations.filter((destination) => !isDelivered(destination, ledger, input.observed));
    const { orphans, lost, foreign } = sortUnlisted(input);
    const currentIsLive = ledger?.current !== undefined && live.some(({ hint }) => hint === ledger.current.hint);
    const proven = currentIsLive && undelivered.length === 0;
    const quiet = ledger?.announced === undefined || (age(ledger.announced, now) >= lostAfter && orphans.length + lost.length === 0);
    const settled = proven && quiet && Object.keys(ledger?.suspects ?? {}).length === 0;
    const reasons = reasonsToIssue(input, currentIsLive, undelivered, orphans);
    const named = proven ? foreign.filter(({ hint }) => input.retireHints.includes(hint)) : [];
    const retire = [
        ...lost.map((hint) => ({ hint, why: 'never delivered' })),
        ...(settled ? outOfGrace(input) : []).map((hint) => ({ hint, why: graceText(input) })),
        ...(settled ? [] : toMakeRoom(input, lost, reasons)),
        ...named.map(({ hint }) => ({ hint, why: 'named in retire-hints' })),
    ];
    const postponed = reasons.every((reason) => reason === 'unsettled') && reasons.length > 0 && isFull(input, retire);
    return {
        wait: leaseOfAnother(input.ledger, input.now, input.run),
        retire,
        reasons: postponed ? [] : reasons,
        ...(postponed ? { postponed } : {}),
        undelivered,
        orphans,
        foreign: foreign.filter((secret) => !named.includes(secret)),
    };
}
/** An announcement of another run that is fresh, unless it is of an earlier attempt of this run, which is over. */
function leaseOfAnother(ledger, now, run) {
    const announced = ledger?.announced;
    if (announced === undefined || age(announced, now) >= lease || isOver(announced.run, run))
        return undefined;
    return { run: announced.run, until: (announced.renewed ?? announced.at) + lease };
}
function isOver(announcedBy, run) {
    const [id, attempt] = announcedBy.split('.');
    return announcedBy === (0,client_spec/* runKey */.r7)(run) || (id === run.id && Number(attempt) < run.attempt);
}
function age(announced, now) {
    return now - (announced.renewed ?? announced.at);
}
/**
 * Live secrets that no ledger lists: those of a dead run that may have been delivered (`orphans`), those that certainly were
 * not (`lost`), and those of other people. An announced run issues within its lease, so what was made outside of that time is
 * somebody else's.
 */
function sortUnlisted(input) {
    const { ledger, live, now } = input;
    const listed = (0,ledger_ledger/* listedHints */.E_)(ledger);
    const unlisted = live.filter(({ hint }) => !listed.has(hint));
    const announced = ledger?.announced;
    if (announced === undefined)
        return { orphans: [], lost: [], foreign: unlisted };
    const ours = unlisted.filter(({ hint, createdAt, createdBy }) => {
        // A key is announced by its name, so that there is no doubt.
        if (announced.issuing !== undefined || (0,credential/* isKeyHint */.jP)(hint))
            return hint === announced.issuing;
        const inTime = createdAt === undefined || (createdAt > announced.at - 1 && createdAt < announced.at + lease);
        return inTime && !announced.known.includes(hint) && isByUs(createdBy, input);
    });
    const certain = age(announced, now) >= lostAfter &&
        Object.keys(announced.stamps).every((key) => isUntouched(key, ledger, input.observed, now));
    // Some tenants refuse to delete a client's last secret: it goes when it has a successor.
    const isOfKind = ({ hint }) => (0,credential/* isKeyHint */.jP)(hint) === (announced.issuing !== undefined);
    const mayGo = ours.length === live.filter(isOfKind).length ? ours.slice(1) : ours;
    const lost = certain ? mayGo.filter(({ hint, createdAt }) => createdAt !== undefined || (0,credential/* isKeyHint */.jP)(hint)) : [];
    return {
        orphans: ours.filter((secret) => !lost.includes(secret)).map(({ hint }) => hint),
        lost: lost.map(({ hint }) => hint),
        foreign: unlisted.filter((secret) => !ours.includes(secret)),
    };
}
/** Not made by somebody else than the current secret was, where the tenant says who made them. */
function isByUs(createdBy, { ledger, live }) {
    const us = live.find(({ hint }) => hint === ledger?.current?.hint)?.createdBy;
    return createdBy === undefined || us === undefined || createdBy === us;
}
/**
 * What may go although something is unsettled, where otherwise all slots were taken for good: hints whose grace is over, for
 * each of them was followed in every place by a later write: a proven delivery, or one of a later announcement; and whatever
 * surely is in no place, and was in none for the grace.
 */
function toMakeRoom(input, gone, reasons) {
    const { ledger, live, destinations, observed, now, grace } = input;
    const secrets = live.map(({ hint }) => hint).filter((hint) => !(0,credential/* isKeyHint */.jP)(hint) && !gone.includes(hint));
    if (ledger === undefined || reasons.length === 0 || input.kind === 'key' || secrets.length < secretSlots)
        return [];
    const held = new Set(Object.values(ledger.destinations).map(({ hint }) => hint));
    const nowhere = longNowhere(ledger, destinations, observed, { now, seconds: grace }).filter((hint) => secrets.includes(hint));
    const followed = outOfGrace(input).filter((hint) => !held.has(hint));
    return [...new Set([...followed, ...nowhere])].map((hint) => ({ hint, why: graceText(input) }));
}
function isFull({ live, kind }, retire) {
    const gone = new Set(retire.map(({ hint }) => hint));
    return kind === 'secret' && live.filter(({ hint }) => !(0,credential/* isKeyHint */.jP)(hint) && !gone.has(hint)).length >= secretSlots;
}
function graceText({ grace }) {
    return grace === 0 ? 'no grace' : 'grace is over';
}
/**
 * Retiring hints whose grace is over and that are still live: the same secret, not a later one that happens to share its hint. The
 * tenant may count fractions of a second, and say by another clock when it was made: a little later is the same one.
 */
function outOfGrace({ ledger, live, now, grace }) {
    // Hints are five characters: one that the current secret happens to share means that one.
    const due = Object.entries(ledger?.retiring ?? {}).filter(([hint, since]) => now - since >= grace && hint !== ledger?.current?.hint);
    return due
        .filter(([hint, since]) => live.some((it) => it.hint === hint && (it.createdAt ?? 0) <= since + lease))
        .map(([hint]) => hint);
}
function reasonsToIssue(input, currentIsLive, undelivered, orphans) {
    const { ledger, now } = input;
    if (ledger?.current === undefined)
        return ['first'];
    const reasons = [];
    const issuedAt = secretIssuedAt(ledger, input.live);
    if ((0,credential/* isKeyHint */.jP)(ledger.current.hint) !== (input.kind === 'key'))
        reasons.push('method');
    if (!currentIsLive)
        reasons.push('dead');
    if (undelivered.length > 0)
        reasons.push('undelivered');
    // GitHub says nowhere that a secret's visibility can be changed alone without its stamp moving: it goes with a fresh value.
    if (!input.destinations.every((it) => (0,visibility/* secretsAreAsAsked */.WC)(it, input.observed.get((0,model_destination/* destinationKey */.I)(it)))))
        reasons.push('visibility');
    if (input.after !== undefined && now - issuedAt >= input.after)
        reasons.push('due');
    // Satisfied by a secret that another run issued while this one waited for it.
    if (input.rotate === 'now' && input.seen?.has(ledger.current.hint) !== false)
        reasons.push('asked');
    const oldSuspect = Object.values(ledger.suspects).some((since) => now - since >= lostAfter);
    if (oldSuspect || (orphans.length > 0 && age(ledger.announced, now) >= lostAfter))
        reasons.push('unsettled');
    return reasons;
}
/** When the current secret was issued: the tenant's own record, or the ledger's where the tenant gives none. Epoch seconds. */
function secretIssuedAt(ledger, live) {
    const current = ledger?.current;
    return current === undefined
        ? undefined
        : (live.find(({ hint }) => hint === current.hint)?.createdAt ?? current.since);
}

;// CONCATENATED MODULE: ./build/apply/apply-context.js



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
async function apply_context_retire(clientId, hint, { shop, plan }) {
    const check = ({ description }, now) => {
        if (leaseOfAnother(description.ledger, now, plan.run) !== undefined)
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
        await apply_context_retire(clientId, hint, work);
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

// EXTERNAL MODULE: ./build/ledger/description.js
var ledger_description = __webpack_require__(7606);
// EXTERNAL MODULE: ./build/ledger/ledger-codec.js
var ledger_codec = __webpack_require__(4676);
;// CONCATENATED MODULE: ./build/ledger/ledger-transitions.js






/** The ledger that announces an issue, resting on what was read. Orphans become suspects in the same write. */
function announcing(base, rotation, input) {
    const gone = new Set(rotation.retire.map(({ hint }) => hint));
    const alive = input.live.map(({ hint }) => hint).filter((hint) => !gone.has(hint));
    const keys = input.destinations.map(model_destination/* destinationKey */.I);
    const past = superseded(base, input.observed, keys, input.now);
    const suspects = Object.fromEntries(Object.entries(base.suspects).filter(([hint]) => !past.includes(hint)));
    return {
        ...base,
        retiring: only((0,ledger_ledger/* added */.vN)(base.retiring, past, Math.floor(input.now)), alive),
        suspects: only((0,ledger_ledger/* added */.vN)(suspects, rotation.orphans, base.announced?.at ?? input.now), alive),
        announced: {
            run: (0,client_spec/* runKey */.r7)(input.run),
            at: Math.floor(input.now),
            known: alive.filter((hint) => !(0,credential/* isKeyHint */.jP)(hint)),
            ...(input.kind === 'key' ? { issuing: credential/* unmadeKey */.MU } : {}),
            stamps: Object.fromEntries(keys.map((key) => [key, input.observed.get(key)?.secretStamp ?? null])),
        },
    };
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
    const untouched = (0,ledger_codec/* sameLedger */.EG)(seen.ledger, announced);
    const strangers = strangersIn(seen, [announced, seen.ledger], commit, untouched && commit.proven);
    const isLive = seen.live.some((secret) => secret.hint === hint);
    if (!untouched || strangers.length > 0 || !commit.proven || !isLive) {
        const base = seen.ledger ?? announced;
        // Another run's announcement stays: it is what its secret will be recognised by, should it die. Ours is over.
        const ours = base.announced?.run === announced.announced?.run;
        const suspects = (0,ledger_ledger/* added */.vN)(base.suspects, [...(isLive && !(0,ledger_ledger/* listedHints */.E_)(base).has(hint) ? [hint] : []), ...strangers], Math.floor(seen.now));
        return {
            ledger: { ...base, announced: ours ? undefined : base.announced, suspects, unproven: true },
            settled: false,
        };
    }
    const retiring = { ...announced.retiring };
    const suspects = {};
    const alive = new Set(seen.live.map((secret) => secret.hint));
    for (const [suspect, since] of Object.entries(announced.suspects)) {
        if (!alive.has(suspect))
            continue;
        if (seen.now - since >= lostAfter)
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
            unproven: undefined,
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
    const accounted = new Set(ledgers.flatMap((ledger) => [...(0,ledger_ledger/* listedHints */.E_)(ledger), ...(ledger?.announced?.known ?? [])]));
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
    const untouched = (0,ledger_codec/* sameLedger */.EG)(seen.ledger, written);
    const strangers = strangersIn(seen, [commit.announced, written, seen.ledger], commit, untouched && commit.proven);
    if (untouched && strangers.length === 0)
        return undefined;
    const base = seen.ledger ?? written;
    const isLive = seen.live.some(({ hint }) => hint === commit.hint);
    const missing = isLive && !(0,ledger_ledger/* listedHints */.E_)(base).has(commit.hint) ? [commit.hint] : [];
    return {
        ledger: {
            ...base,
            suspects: (0,ledger_ledger/* added */.vN)(base.suspects, [...strangers, ...missing], Math.floor(seen.now)),
            unproven: true,
        },
    };
}
/** The ledger that announces a key that has been made by now. */
function announcingKey(ledger, hint) {
    return hint === undefined ? ledger : { ...ledger, announced: { ...ledger.announced, issuing: hint } };
}
/**
 * The ledger after a run gave up: without its announcement; what it delivered somewhere, it keeps as a suspect, and so what another
 * run of ours issued meanwhile, whose announcement this one overtook.
 */
function givingUp(announced, hint, delivered, { live, now }) {
    const us = live.find((secret) => secret.hint === announced.current?.hint)?.createdBy;
    const strangers = us === undefined ? [] : strangersIn({ live }, [announced], { hint: hint ?? '', issuedBy: us }, true);
    const suspects = (0,ledger_ledger/* added */.vN)(announced.suspects, [...(hint === undefined ? [] : [hint]), ...strangers], Math.floor(now));
    return { ...announced, announced: undefined, suspects, destinations: { ...announced.destinations, ...delivered } };
}

// EXTERNAL MODULE: ./build/pause.js
var pause = __webpack_require__(1526);
;// CONCATENATED MODULE: ./build/apply/write-ledger.js





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
        if (last !== undefined && (0,ledger_codec/* sameLedger */.EG)(seen.ledger, last.ledger))
            return last;
        const decision = decide(seen);
        if (decision === undefined)
            return decision;
        last = decision;
        try {
            const text = (0,ledger_description/* withLedger */.CA)(seen.user, decision.ledger);
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

;// CONCATENATED MODULE: ./build/apply/commit-delivery.js






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
    return Promise.all(fresh.delivered.map((delivery) => commit_delivery_confirm(delivery, until, work)));
}
async function commit_delivery_confirm(delivery, until, { shop }) {
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
        (0,model_destination/* destinationKey */.I)(destination),
        (0,ledger_ledger/* deliveredEntry */.z7)(destination, hint, stamp, idStamp, owner),
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

;// CONCATENATED MODULE: ./build/apply/issue-credential.js








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
    const text = (0,ledger_description/* withLedger */.CA)(step.user, announced);
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
        await onceMore(fresh, await lost(thrown, fresh, work), work);
        return issueOnce(step, work).catch(async (again) => {
            throw new Again('the answer to issuing was lost', await lost(again, fresh, work));
        });
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
/** The failure of an issue that may have taken effect, once its secret is retired; throws any other, which did not. */
async function lost(thrown, fresh, work) {
    if (thrown instanceof Again)
        throw thrown;
    const error = (0,errors/* toActionError */.ie)(thrown);
    if (error.retryAfter !== undefined && !error.uncertain)
        throw new Again('the tenant made us wait', error);
    if (!error.uncertain || work.shop.stop.requested)
        throw error;
    if (fresh.key === undefined)
        await retireLost(fresh, work);
    return error;
}
/** Waits as the tenant asks before issuing once more, where the announcement lasts that long; else it is decided anew. */
async function onceMore({ announcedAt }, error, { shop }) {
    if (error.code === 'RATE_LIMITED')
        throw error;
    const wait = error.retryAfter ?? 0;
    if (shop.clock.elapsed() + wait - announcedAt > promptness)
        throw new Again('the answer to issuing was lost', error);
    if (wait === 0)
        return;
    shop.reporter.step(`… issuing once more in ${(0,duration/* secondsText */.Hd)(wait)}: ${error.message}`);
    await (0,pause/* pause */.v)(wait, shop);
    if (shop.stop.requested)
        throw cancelled();
}
/** Through the door that the client needs: allowing the method makes a secret too (PATCH answers 202). */
async function issueOnce(step, work) {
    const { shop, plan, fresh } = work;
    const { tenant } = shop.writers;
    if (fresh?.key !== undefined)
        return issue_credential_addKey(fresh.key, fresh, work);
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
async function issue_credential_addKey(key, fresh, { shop }) {
    const { clock, stop, writers } = shop;
    await (0,pause/* pause */.v)(Math.max(0, fresh.announcedAt + exclusion - clock.elapsed()), shop);
    if (stop.requested)
        throw cancelled();
    const check = ({ description }) => {
        if (!(0,ledger_codec/* sameLedger */.EG)(description.ledger, fresh.announced))
            throw new Again('another run announced at the same moment');
    };
    await writers.tenant.addKey(fresh.clientId, key, { check, sendBy: clock.elapsed() + freshness });
    return key.issued;
}
/** A secret whose answer was lost was never delivered: it goes, where nobody else can have made it. */
async function retireLost(fresh, work) {
    const { ledger, unknown } = await unknownHints(fresh, work);
    // Only where nobody else can have made it: an announcement that stands, and one new secret.
    if (!(0,ledger_codec/* sameLedger */.EG)(ledger, fresh.announced) || unknown.length > 1)
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

;// CONCATENATED MODULE: ./build/apply/create-client.js









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
    const { value: created, at } = await create_client_create(step, key, work);
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
    const all = mine?.secrets.map((secret) => secret.hint) ?? [];
    // A tenant may make a secret for a client that is to use none: it goes at once.
    const surplus = key === undefined ? [] : all.filter((hint) => !(0,credential/* isKeyHint */.jP)(hint));
    for (const hint of surplus)
        await retireIfAllowed(created.clientId, hint, work);
    const listed = all.filter((hint) => !surplus.includes(hint));
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
/** Milliseconds for a token that would save time. */
const earlyWithin = 5000;
/** Proving need not wait until the client was read back: where it works at once, that saves a round trip. */
function earlyToken({ clientId, issued }, { plan, shop }) {
    const provable = plan.steps.some((step) => step.kind === 'verify' && step.skip === undefined);
    if (!provable || issued === undefined)
        return undefined;
    return shop.writers.prover.accessToken(clientId, issued, earlyWithin).catch(() => undefined);
}
async function create_client_create(step, key, work) {
    const { writers } = work.shop;
    const description = (0,ledger_description/* withLedger */.CA)(step.user, step.ledger);
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
        await create_client_retireLost(step, work);
        throw new Again('the answer to creating the client was lost', error);
    }
}
/** The secret that a lost answer held was never delivered: it goes, and the next reading finds the client by its ledger. */
async function create_client_retireLost(step, work) {
    const { shop, progress } = work;
    const { value: clients } = await shop.readers.tenant.clients();
    const created = clients.find(({ description }) => (0,ledger_codec/* sameLedger */.EG)(description.ledger, step.ledger));
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
    if (!twins.some((twin) => isYounger(mine, twin)))
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
    await writeLedger(fresh, work, (seen) => (0,ledger_codec/* sameLedger */.EG)(seen.ledger, fresh.announced)
        ? { ledger: givingUp(fresh.announced, kept, {}, { live: [], now: at }) }
        : undefined);
    work.fresh = undefined;
}

// EXTERNAL MODULE: ./build/base/retry-policy.js
var retry_policy = __webpack_require__(5793);
;// CONCATENATED MODULE: ./build/apply/deliver-credential.js










/** Milliseconds after the announcement beyond which no delivery begins. */
const deliverBy = 40_000;
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
    const until = clock.elapsed() + retry_policy/* longestWait */._s;
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
    const before = announced.announced?.stamps[(0,model_destination/* destinationKey */.I)(destination)] ?? null;
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
    const written = { destination, before };
    fresh.idsWritten.push(written);
    await shop.writers.destinations
        .putVariable(destination, fresh.clientId, before !== undefined)
        .catch((thrown) => {
        // Where nothing was written for sure, nothing is to be taken back.
        if (!(0,errors/* toActionError */.ie)(thrown).uncertain)
            fresh.idsWritten = fresh.idsWritten.filter((it) => it !== written);
        throw thrown;
    });
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
        const isAlone = (0,ledger_codec/* sameLedger */.EG)(seen.ledger, fresh.announced) && seen.live.every(({ hint }) => known.has(hint) || (0,credential/* isKeyHint */.jP)(hint));
        if (!isAlone)
            throw overtaken();
        // The hints known and the time of the first announcement stay: our own secret must be recognised as ours, should we die.
        const announced = { ...fresh.announced.announced, renewed: Math.floor(seen.now) };
        return { ledger: { ...fresh.announced, announced } };
    });
    Object.assign(fresh, { announced: ledger, announcedAt });
}
function heldUp(destination) {
    const message = `GitHub kept us from delivering to ${(0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination))} for a quarter of an hour`;
    return new errors/* ActionError */.lZ('RATE_LIMITED', message, 'Run again later. The next run goes on from here.');
}
function overtaken() {
    return new errors/* ActionError */.lZ('CLIENT_BUSY', 'delivering took longer than 40 seconds, and another run is at work on the client', 'Run again when the other run is over.');
}

;// CONCATENATED MODULE: ./build/apply/roll-back.js










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
        (0,model_destination/* destinationKey */.I)(destination),
        (0,ledger_ledger/* deliveredEntry */.z7)(destination, hint, at, idAt, owner),
    ]);
    await writeLedger(fresh, work, (seen) => {
        if (!(0,ledger_codec/* sameLedger */.EG)(seen.ledger, fresh.announced))
            return undefined;
        return { ledger: givingUp(fresh.announced, kept, Object.fromEntries(entries), seen) };
    });
}
function perhapsDelivered(destination, error) {
    const place = (0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination));
    const message = `${error.message}; the new secret may or may not have arrived in ${place}`;
    const hint = `The previous secret stays live, and the next run delivers a fresh one. ${error.hint}`;
    return new errors/* ActionError */.lZ(error.code, message, hint, { cause: error, trace: error.trace, status: error.status });
}
function deliveryFailed(work, fresh, cause) {
    const took = new Set(fresh.delivered.map(({ destination }) => (0,model_destination/* destinationKey */.I)(destination)));
    const label = (taken) => work.plan.spec.destinations
        .filter((destination) => took.has((0,model_destination/* destinationKey */.I)(destination)) === taken)
        .map((destination) => (0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination)))
        .join('; ') || 'none';
    return new errors/* ActionError */.lZ('DELIVERY_FAILED', `the new secret is in: ${label(true)}; not, or not surely, in: ${label(false)} (${cause.code}: ${cause.message})`, `All of them hold a live secret, and nothing was retired. Mend the cause and run again: a fresh secret goes to all. ${cause.hint}`, { cause, trace: cause.trace });
}

;// CONCATENATED MODULE: ./build/apply/verify-credential.js





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
        throw new errors/* ActionError */.lZ('VERIFY_FAILED', `the new secret signs in as another client, ${(0,base_text/* plain */.p)(bot.clientId)}`, 'Report this to Qlik: it should not happen. The previous secret stays.');
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

;// CONCATENATED MODULE: ./build/apply/apply-plan.js










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
            shop.reporter.step(stepLine(step, 'done', { clientId: progress.clientId, milliseconds: shop.clock.elapsed() - since }));
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
            return apply_plan_update(step, work);
        case 'consent':
            return changes(work, () => work.shop.writers.tenant.setConsent(step.clientId, step.after));
        case 'own':
            await requireFresh(work);
            return changes(work, () => work.shop.writers.tenant.describe(step.clientId, (0,ledger_description/* withLedger */.CA)(step.user, step.ledger), descriptionBefore(work), sendBy(work)));
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
            await written(work, apply_context_retire(step.clientId, step.hint, work));
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
async function apply_plan_update(step, work) {
    const describes = step.changes.some(({ field }) => field === 'description');
    if (describes)
        await requireFresh(work);
    const changes = step.changes.map((change) => change.field === 'description' ? { ...change, after: (0,ledger_description/* withLine */.$2)(change.after, step.line) } : change);
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
            await apply_context_retire(clientId, hint, work);
    }
}

;// CONCATENATED MODULE: ./build/plan/refusals.js









/** Throws why one of these destinations could not be read. `absent`: one that does not exist is as good as empty. */
function requireRead(destinations, { unread }, absent = false) {
    for (const destination of destinations) {
        const error = unread.get((0,model_destination/* destinationKey */.I)(destination));
        if (error !== undefined && !(absent && error.code === 'DESTINATION_MISSING'))
            throw error;
        const nobody = absent ? undefined : destination.access?.repositories?.find((id) => !/^\d+$/.test(id));
        if (nobody !== undefined)
            throw new errors/* ActionError */.lZ('DESTINATION_MISSING', `selected-repositories of ${(0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination))}: there is no repository ${(0,base_text/* plain */.p)(nobody)}`, 'Is it spelt right? GitHub answers the same where the github-token may not see it: it needs access to that repository.');
    }
}
function refuseDropped(spec, client, policy) {
    const dropped = spec.destinations.length === 0 ? [] : (0,ledger_ledger/* droppedDestinations */.a6)(client.description.ledger, spec.destinations);
    if (dropped.length === 0 || policy.dropDestinations)
        return;
    throw new errors/* ActionError */.lZ('DESTINATION_DROPPED', `${clientLabel(client)} also serves ${dropped.map((destination) => (0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination))).join('; ')}, which is not named any more: its secret would die with the next rotation`, 'The usual cause is one client name shared by a matrix of environments: give each its own name. If the client has moved, or those places are no longer needed, set drop-destinations: true once.');
}
function refuseFullSlots(client, { retire, foreign }) {
    const gone = new Set(retire.map(({ hint }) => hint));
    const left = client.secrets.filter(({ hint }) => !gone.has(hint) && !(0,credential/* isKeyHint */.jP)(hint));
    if (left.length < secretSlots)
        return;
    const list = left.map((secret) => secretLabel(secret, foreign.includes(secret))).join('; ');
    throw new errors/* ActionError */.lZ('SECRET_SLOTS_FULL', `${clientLabel(client)} has all ${secretSlots} secrets that Qlik allows, and none of them may go yet: ${list}`, 'Delete secrets that are not needed in the Administration activity center, or wait until those within their grace period are retired.');
}
function secretLabel({ hint, createdAt, createdBy }, foreign) {
    const since = createdAt === undefined ? '' : ` of ${(0,duration/* iso */.KH)(createdAt)}`;
    return `${(0,base_text/* plain */.p)(hint, 20)}${since}, ${foreign ? `made by ${createdBy === undefined ? 'somebody else' : (0,base_text/* plain */.p)(createdBy, 64)}` : 'issued by this action'}`;
}
/** The client that we sign in with must not lose what we need of it. */
function protectAdmin(client, changes, consent) {
    const narrowed = changes.flatMap(({ field, before, after }) => {
        if (field !== 'scopes' && field !== 'grantTypes')
            return [];
        return before.filter((item) => !after.includes(item));
    });
    if (narrowed.length > 0)
        throw isAdmin(client, `would lose ${narrowed.map((item) => (0,base_text/* plain */.p)(item)).join(', ')}`);
    if (consent === 'required' && client.consent !== 'required')
        throw isAdmin(client, 'would lose its trusted consent');
}
/** What only looks like a twin, because somebody edited its description, is not deleted if we sign in with it. */
function protectTwin(twins, adminClientId) {
    const admin = twins.find(({ id }) => id === adminClientId);
    if (admin !== undefined)
        throw isAdmin(admin, 'would be deleted, for its ledger says that a run left it half made');
}
function isAdmin(client, what) {
    return new errors/* ActionError */.lZ('CLIENT_IS_ADMIN', `${clientLabel(client)} is the client that this action signs in with, and it ${what}`, 'That would lock the action out. Correct the spec, or sign in with another client for this.');
}
/** Throws `INPUT_INVALID` where a value is new to its organization, or newly `selected`, and nobody says who may see it. */
function requireVisibility(destinations, observed) {
    for (const destination of destinations) {
        if (destination.organization === undefined || (0,visibility/* isComplete */.As)(destination.access))
            continue;
        const seen = observed.get((0,model_destination/* destinationKey */.I)(destination)) ?? {};
        if (seen.secretStamp === undefined)
            throw unsaid(destination, 'is not there yet');
        const isNew = [seen.secretAccess, seen.idAccess].some((it) => !(0,visibility/* isAsAsked */.$6)(destination.access, it));
        if (isNew)
            throw unsaid(destination, 'is to be visible to selected repositories from now on');
    }
}
function unsaid(destination, why) {
    const input = destination.access === undefined ? 'visibility' : 'selected-repositories';
    const place = (0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination));
    return new errors/* ActionError */.lZ('INPUT_INVALID', `${input}: is missing; the secret ${place} ${why}, and GitHub has to be told which repositories may see it`, input === 'visibility'
        ? 'Give visibility: all, private, or selected with selected-repositories. It can be left out once the secret is there: then it is kept.'
        : 'List the repositories in selected-repositories. It can be left out once the secret is visible to selected ones: then they are kept.');
}

;// CONCATENATED MODULE: ./build/plan/plan-destroy.js










/**
 * Deletes what this action made, or what `client-id` pins. Throws `CLIENT_OWNED_ELSEWHERE` for anything else, and
 * `CLIENT_IS_ADMIN`. Nothing there is nothing to do.
 */
function planDestroy(spec, identity, observed, context) {
    const { run } = context.actor;
    const nothing = { spec, client: undefined, adopted: false, run, steps: [], drift: false, foreign: [], warnings: [] };
    if (identity.kind === 'none')
        return nothing;
    const { client, by, twins } = identity;
    if (client.id === context.policy.adminClientId)
        throw isAdmin(client, 'would be deleted');
    protectTwin(twins, context.policy.adminClientId);
    const ledger = client.description.ledger;
    const ours = isOwner(ledger, spec, context.actor);
    if (by !== 'pin' && !(ours && ledger?.owner.origin === 'made'))
        throw ownedElsewhere(client, ours);
    const known = placesOf(spec, ledger);
    requireRead(known, observed, true);
    if (context.policy.mode !== 'plan')
        refuseHeld(spec, client, known, observed);
    const removals = known.flatMap((destination) => {
        const parts = partsToRemove(destination, spec, client, observed).filter((part) => !spec.spared?.has((0,shared_values/* valueKey */.zV)(destination, part)));
        return parts.length === 0 ? [] : [{ kind: 'remove-values', destination, parts }];
    });
    return {
        ...nothing,
        client,
        // The client goes last: its ledger knows the places, should this run stop before it is done.
        steps: [
            ...removals,
            ...[...twins, client].map(({ id, name }) => ({ kind: 'delete', clientId: id, name })),
        ],
        wait: leaseOfAnother(ledger, observed.now, context.actor.run),
        drift: true,
        foreign: [],
    };
}
/** Where something of a client may lie: what the spec names, what the ledger names, and where a run was about to deliver. */
function placesOf({ destinations }, ledger) {
    const places = [...destinations, ...(0,ledger_ledger/* droppedDestinations */.a6)(ledger, destinations)];
    const keys = new Set(places.map(model_destination/* destinationKey */.I));
    const announced = Object.keys(ledger?.announced?.stamps ?? {}).filter((key) => !keys.has(key));
    const recalled = announced.map((key) => (0,ledger_ledger/* recalledDestination */.pB)(key, { hint: '', stamp: -1 }, ledger.owner));
    // Of another repository an announcement knows the id alone, and so no address.
    return [
        ...places,
        ...recalled.filter(({ repository }) => (repository?.id ?? ledger.owner.repository) === ledger.owner.repository),
    ];
}
/** Where another client of the file is to follow and did not yet, the place would be left with a dead secret. */
function refuseHeld(spec, client, known, observed) {
    const held = known.find((destination) => spec.spared?.has((0,shared_values/* valueKey */.zV)(destination, 'secret')) && mayHoldOurs(destination, client, observed));
    if (held === undefined)
        return;
    throw new errors/* ActionError */.lZ('DELIVERY_FAILED', `${(0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(held))} may still hold a secret of ${clientLabel(client)}, for the client that is to be delivered there instead was not yet`, 'So the client stays for now. Mend what keeps the other one from being delivered, and run again for both.');
}
/** Does a place that this client was delivered to hold what nobody else's ledger accounts for? A run may have died before it noted it. */
function mayHoldOurs(destination, { id, description: { ledger } }, observed) {
    const key = (0,model_destination/* destinationKey */.I)(destination);
    const stamp = observed.destinations.get(key)?.secretStamp;
    const wasOurs = ledger?.destinations[key] !== undefined || ledger?.announced?.stamps[key] !== undefined;
    return stamp !== undefined && wasOurs && !isNotedElsewhere(key, id, observed);
}
/** Does another client's ledger say that what lies there is its own delivery? */
function isNotedElsewhere(key, id, { clients, destinations }) {
    const stamp = destinations.get(key)?.secretStamp;
    return clients
        .filter((other) => other.id !== id)
        .some(({ description: { ledger } }) => Object.keys(ledger?.destinations ?? {}).some((at) => at.toLowerCase() === key.toLowerCase() && isKnownWrite(stamp, at, ledger)));
}
/**
 * Where the variable shows another client's id, it belongs to whoever wrote that, and the secret beside it too, unless its stamp
 * is that of our own delivery. Of a place that only the ledger names, nothing else goes than what surely is ours: whoever may edit
 * the description on the tenant could name any secret there.
 */
function partsToRemove(destination, { destinations }, client, observed) {
    const key = (0,model_destination/* destinationKey */.I)(destination);
    const seen = observed.destinations.get(key);
    const delivered = client.description.ledger?.destinations[key];
    const isOurs = delivered !== undefined &&
        isKnownWrite(seen?.secretStamp, key, client.description.ledger) &&
        !isNotedElsewhere(key, client.id, observed);
    if (seen !== undefined && !destinations.includes(destination)) {
        const isOurId = destination.idAs === 'secret' ? isSame(delivered?.idStamp, seen.idStamp) : seen.idValue === client.id;
        return [...(isOurs ? ['secret'] : []), ...(isOurId ? ['id'] : [])];
    }
    const isAnothers = destination.idAs === 'variable' && seen?.idValue !== undefined && seen.idValue !== client.id;
    if (isAnothers)
        return isOurs ? ['secret'] : [];
    return destination.idAs === 'none' ? ['secret'] : ['secret', 'id'];
}
function isSame(recorded, seen) {
    return recorded !== undefined && recorded === seen;
}

;// CONCATENATED MODULE: ./build/plan/plan-issue.js







/** Announces, issues, proves, delivers and commits a fresh secret for a client as it is after the plan's other changes. */
function issueSteps({ spec, observed, context }, client, rotation, input) {
    if (input.kind === 'secret')
        refuseFullSlots(client, rotation);
    const base = owned(client.description.ledger, spec, context.actor);
    const kept = { ...base, destinations: onlyNamed(base.destinations, spec) };
    const ledger = announcing(kept, rotation, input);
    (0,ledger_description/* requireRoom */.hr)(client.description.user, ledger, spec.destinations);
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
    return observed.destinations.get((0,model_destination/* destinationKey */.I)(destination));
}

;// CONCATENATED MODULE: ./build/plan/warnings.js





/**
 * What somebody should know of a client that is to be as its spec says, whatever comes of the plan. `client`: undefined where it is
 * new; `postponed`: a fresh secret would be issued if there was a slot for it.
 */
function warningsOf(spec, client, observed, { adminClientId, postponed }) {
    const { scopes, grantTypes } = spec.fields;
    // What a client has already is told of once, when it is adopted.
    const kept = client?.description.ledger === undefined ? client?.scopes : undefined;
    return [
        ...(client?.description.note === 'mangled' ? [mangledLedger] : []),
        ...(postponed ? [allInUse] : []),
        ...(client !== undefined && client.id === adminClientId ? adminGoesTo(spec, client) : []),
        ...takenPlaces(spec, client, observed),
        ...noLongerServed(spec, client),
        ...scopeWarnings(scopes ?? kept ?? [], grantTypes ?? client?.grantTypes ?? []),
    ];
}
const allInUse = 'All five secrets of the client are in use, some of them left by runs that died or overlapped. The current one is in place; which of the others may go shows when their grace period is over.';
/** Whoever can read a place that gets the admin client's credentials has the tenant. */
function adminGoesTo({ destinations }, client) {
    return destinations
        .filter((destination) => client.description.ledger?.destinations[(0,model_destination/* destinationKey */.I)(destination)] === undefined)
        .map((destination) => `${(0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination))} gets the credentials of the client that this action signs in with: whoever can read that place can manage the tenant.`);
}
const mangledLedger = 'The action’s own line in the description can’t be read: somebody edited it. It is replaced, and no secret on the tenant is known to be ours any more.';
/** Where another client's id stands and this one was never delivered, its secret is about to be overwritten too. */
function takenPlaces({ destinations }, client, { destinations: seen }) {
    return destinations.flatMap((destination) => {
        const key = (0,model_destination/* destinationKey */.I)(destination);
        const id = seen.get(key)?.idValue;
        if (id === undefined || id === client?.id || client?.description.ledger?.destinations[key])
            return [];
        const place = (0,base_text/* plain */.p)((0,model_destination/* scopeLabel */.$o)(destination));
        return [
            `${place}: ${destination.idName} holds the id of another client (${(0,model_client/* clientIdText */._8)(id)}), which is overwritten with the secret ${destination.secretName}. If both are needed there, give this one a client-id-name and a client-secret-name of its own.`,
        ];
    });
}
/** With drop-destinations: without it that is refused. */
function noLongerServed({ destinations }, client) {
    const dropped = destinations.length === 0 ? [] : (0,ledger_ledger/* droppedDestinations */.a6)(client?.description.ledger, destinations);
    return dropped.map((destination) => `${(0,base_text/* plain */.p)((0,model_destination/* destinationLabel */.f4)(destination))} is no longer served: the secret there stays, and stops working with the grace period of the next rotation. Delete it where nobody needs it.`);
}

;// CONCATENATED MODULE: ./build/plan/plan-client.js















/**
 * What has to be done for one spec. Pure. Throws the refusals of identification, and `INPUT_INVALID`,
 * `DESTINATION_DROPPED`, `SECRET_SLOTS_FULL`, `CLIENT_IS_ADMIN`, all before anything is written.
 */
function planClient(spec, observed, context) {
    if (spec.refusal !== undefined)
        throw spec.refusal;
    const destroy = spec.state === 'absent';
    if (!destroy)
        requireRead(spec.destinations, observed);
    // What is pinned and already gone needs no destroying.
    const gone = destroy && spec.clientId !== undefined && observed.clients.every(({ id }) => id !== spec.clientId);
    const identity = gone ? { kind: 'none' } : identify(spec, observed.clients, context.actor, observed.now);
    if (destroy)
        return planDestroy(spec, identity, observed, context);
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
        throw keyless((0,base_text/* plain */.p)(spec.name));
    requireVisibility(spec.destinations, observed.destinations);
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
    (0,ledger_description/* requireRoom */.hr)(user, ledger, spec.destinations);
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
        warnings: warningsOf(spec, undefined, observed, policy),
    };
}
function newFields({ name, fields }) {
    const { scopes, grantTypes, authMethods, redirectUris, allowedOrigins, clientUri, logoUri } = fields;
    if (scopes === undefined || scopes.length === 0) {
        throw new errors/* ActionError */.lZ('INPUT_INVALID', `scopes: ${(0,base_text/* plain */.p)(name)} has to be created, and no scope is given`, 'Give at least one, such as user_default.');
    }
    return {
        ...{ name, scopes, redirectUris, allowedOrigins, clientUri, logoUri },
        grantTypes: grantTypes ?? ['client_credentials'],
        authMethods: authMethods ?? ['client_secret'],
    };
}
// --- a client that is there ------------------------------------------------------------------------------------------
function planExisting(spec, { client, twins }, observed, context) {
    const changes = (0,model_client/* fieldChanges */.wV)(spec.fields, client);
    const consentDiffers = client.consent !== spec.consent;
    const { adminClientId } = context.policy;
    if (client.id === adminClientId)
        protectAdmin(client, changes, spec.consent);
    protectTwin(twins, adminClientId);
    refuseDropped(spec, client, context.policy);
    requireVisibility(spec.destinations, observed.destinations);
    const input = rotationInput(spec, client, observed, context);
    const rotation = spec.destinations.length > 0 ? decideRotation(input) : undefined;
    const reasons = reasonsOf(rotation, changes, client, input.kind);
    const retirements = retireSteps(client, rotation?.retire ?? [], input.kind);
    const retireLast = retiresLast(client, context.policy);
    const after = (0,model_client/* changed */.tD)(client, changes);
    requireRoomForChange(spec, after, changes);
    const ids = idRepairs(spec, client.id, observed);
    const over = undeliverable(spec, input, after, context);
    const own = over.length > 0 ? over : ownSteps(spec, after, context);
    const planned = rotation && { ...rotation, reasons, retire: surelyGone(rotation, retireLast ? [] : retirements) };
    const issue = planned === undefined || reasons.length === 0 ? [] : issueSteps({ spec, observed, context }, after, planned, input);
    return {
        spec,
        client,
        adopted: client.description.ledger?.owner.repository !== context.actor.repository.id,
        run: context.actor.run,
        steps: [
            ...(retireLast ? [] : retirements),
            ...updateSteps(client, changes, consentDiffers ? spec.consent : undefined, issue.length > 0),
            // A delivery writes an id that is wrong, not one that only others should see.
            ...(issue.length > 0 ? [...ids.filter(({ before }) => before === client.id), ...issue] : [...ids, ...own]),
            ...(retireLast ? retirements : []),
            ...(issue.length > 0 ? [] : surplusMethod(after, rotation, spec)),
            // Last of all: should it have delivered before it died, the destinations hold a fresh secret by now.
            ...twins.map(({ id }) => ({ kind: 'delete-twin', clientId: id })),
        ],
        // Whatever writes the ledger, or beside it, waits like an issue does.
        wait: rotation?.wait ??
            (changes.length + own.length > 0 ? leaseOfAnother(input.ledger, input.now, input.run) : undefined),
        drift: changes.length > 0 || consentDiffers || ids.length > 0 || reasons.some(isDrift),
        foreign: rotation?.foreign ?? sortUnlisted(input).foreign,
        warnings: warningsOf(spec, client, observed, { adminClientId, postponed: rotation?.postponed }),
    };
}
/** One of its secrets is what we signed in with: it goes when nothing else is left to do, unless its slot is needed. */
function retiresLast(client, { adminClientId }) {
    return client.id === adminClientId && client.secrets.filter(({ hint }) => !(0,credential/* isKeyHint */.jP)(hint)).length < secretSlots;
}
function requireRoomForChange({ destinations }, { description }, changes) {
    const isChanged = changes.some(({ field }) => field === 'description');
    if (isChanged && description.ledger !== undefined)
        (0,ledger_description/* requireRoom */.hr)(description.user, description.ledger, destinations);
}
/**
 * Where nothing is delivered, what a dead run made when it created the client goes, if the tenant lets it. It is noted, so that what
 * the tenant keeps is not tried again and again.
 */
function undeliverable(spec, input, { id: clientId, description }, { actor }) {
    const { ledger, destinations } = input;
    if (destinations.length > 0)
        return [];
    const { lost, orphans } = sortUnlisted(input);
    const hints = [...lost, ...orphans];
    if (ledger === undefined || hints.length === 0 || Object.keys(ledger.announced?.stamps ?? {}).length > 0)
        return [];
    const suspects = (0,ledger_ledger/* added */.vN)(ledger.suspects, hints, Math.floor(input.now));
    const over = { ...owned(ledger, spec, actor), announced: undefined, suspects };
    return [
        ...hints.map((hint) => ({
            kind: 'retire',
            clientId,
            hint,
            why: 'never delivered',
            mayStay: true,
        })),
        { kind: 'own', clientId, user: description.user, ledger: over, what: 'over' },
    ];
}
/** Why to issue; a client that may not use secrets has none that works, whatever it lists. */
function reasonsOf(rotation, changes, client, kind) {
    const methodMissing = adds(changes, kind);
    if (rotation === undefined && methodMissing && kind === 'key')
        throw keyless(clientLabel(client));
    if (rotation === undefined)
        return [];
    if (!methodMissing && !client.authMethods.includes(credential/* methodOf */.NY[kind])) {
        throw new errors/* ActionError */.lZ('INPUT_INVALID', `auth-method: ${clientLabel(client)} signs in with ${(0,base_text/* plain */.p)(client.authMethods.join(', '))} only, so there is no client secret to deliver`, 'Set auth-method: client_secret to allow secrets beside it, auth-method: private_key_jwt to have a key made here, or deliver: false.');
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
/** Who keeps the client, and which places it no longer serves: only without a delivery, for that writes the ledger anyway. */
function ownSteps(spec, client, { actor, policy }) {
    const { ledger, user } = client.description;
    const isOurs = isOwner(ledger, spec, actor);
    const drops = policy.dropDestinations && spec.destinations.length > 0 && (0,ledger_ledger/* droppedDestinations */.a6)(ledger, spec.destinations).length > 0;
    if (isOurs && !drops)
        return [];
    const next = owned(ledger, spec, actor);
    const kept = drops ? { ...next, destinations: onlyNamed(next.destinations, spec) } : next;
    (0,ledger_description/* requireRoom */.hr)(user, kept, []);
    return [{ kind: 'own', clientId: client.id, user, ledger: kept, what: isOurs ? 'places' : 'owner' }];
}

;// CONCATENATED MODULE: ./build/plan/request-cost.js


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

;// CONCATENATED MODULE: ./build/report/outcome.js

function startProgress() {
    return { changed: false, created: false, done: [], retired: [], notes: [] };
}
/** The strongest result that these steps amount to. */
function resultOf(steps, mode, created = false) {
    if (created)
        return 'created';
    if (steps.length === 0)
        return 'unchanged';
    if (mode === 'plan')
        return 'planned';
    const kinds = new Set(steps.map(({ kind }) => kind));
    if (kinds.has('delete') || kinds.has('remove-values'))
        return 'deleted';
    if (kinds.has('create'))
        return 'created';
    return kinds.has('commit') ? 'rotated' : 'updated';
}
/** What came of one client: from what was planned, and what was carried out of it. */
function outcomeOf({ spec, mode, first, plan, now, progress, error }) {
    const steps = mode === 'plan' ? (plan?.steps ?? []) : progress.done;
    const current = progress.current ?? (plan && currentSecret(plan));
    const isLeft = ({ hint }) => !progress.retired.includes(hint);
    const live = (plan?.client?.secrets ?? []).filter(isLeft).map(({ hint }) => hint);
    const { after, grace } = spec.rotation;
    return {
        name: spec.name,
        mode,
        plan,
        clientId: progress.clientId ?? plan?.client?.id,
        result: error !== undefined && mode !== 'plan' && steps.length === 0 && !progress.created
            ? undefined
            : resultOf(steps, mode, progress.created),
        changed: progress.changed,
        drift: first?.drift ?? false,
        steps,
        current,
        secret: progress.secret,
        nextRotationAt: current === undefined || after === undefined ? undefined : current.issuedAt + after,
        botUserId: progress.botUserId,
        foreign: plan?.foreign.filter(isLeft) ?? [],
        retiring: retiringSecrets(progress.ledger ?? plan?.client?.description.ledger, live, grace),
        destinations: spec.destinations,
        warnings: first?.warnings ?? [],
        notes: progress.notes,
        now,
        error,
    };
}
/** The current secret as the tenant and the ledger have it before anything is done. */
function currentSecret({ client }) {
    const ledger = client?.description.ledger;
    const issuedAt = secretIssuedAt(ledger, client?.secrets ?? []);
    return ledger?.current === undefined || issuedAt === undefined ? undefined : { hint: ledger.current.hint, issuedAt };
}
/** Secrets of this ledger that are live and wait for the end of their grace. */
function retiringSecrets(ledger, live, grace) {
    const waiting = Object.entries(ledger?.retiring ?? {}).filter(([hint]) => live.includes(hint));
    return waiting.map(([hint, since]) => ({ hint, until: since + grace }));
}

;// CONCATENATED MODULE: ./build/run/reconcile-client.js














/** Seconds for which a run waits for others before it gives up, and how often it decides anew before it calls that a failure. */
const patienceWithOthers = 120;
const mostRounds = 6;
/**
 * Brings one client to what its spec says, or in plan mode says what that would take. `reading`: one of all; `now`: the tenant's time
 * where there is none. A failure is the outcome's `error`.
 */
async function settle(spec, { reading, now }, request, world, waiting) {
    const settling = { spec, request, world, waiting, progress: startProgress() };
    const { mode } = request.policy;
    let first;
    let latest;
    const outcome = (error) => {
        const { progress } = settling;
        return outcomeOf({ spec, mode, first, plan: latest?.plan, now: latest?.reading.now ?? now, progress, error });
    };
    try {
        const decision = await firstDecision(settling, await reading);
        latest = decision;
        first = decision.plan;
        tell(decision.plan, world);
        if (world.enter === undefined)
            return outcome(tellPlan(settling, decision.plan));
        await reconcile_client_carryOut(settling, decision, world.enter, (later) => {
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
async function reconcile_client_carryOut(settling, first, enter, decided) {
    const { world } = settling;
    let decision = first;
    let spent = 0;
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
        if (again.error !== undefined)
            spent = await outlast(again.error, { spent, round }, world);
        take(await decideAnew(settling, decision.plan));
    }
    if (world.stop.requested)
        throw cancelled();
    closingWords(settling, decision.plan);
}
/**
 * A lost answer may mean that the tenant is in trouble: it gets time as it asks, or half a minute in all. Throws the failure where
 * that is over. Returns the milliseconds that were spent so far.
 */
async function outlast(error, { spent, round }, world) {
    const { retryAfter } = error;
    const wait = retryAfter ?? 500 * 2 ** round;
    const after = spent + error.spent + (retryAfter === undefined ? wait : 0);
    const isLimited = error.code === 'RATE_LIMITED' && retryAfter === undefined;
    if (isLimited || after >= retry_policy/* patience */._L)
        throw error;
    if (wait > 0)
        world.reporter.step(`… waiting ${(0,duration/* secondsText */.Hd)(wait)}: ${error.message}`);
    await (0,pause/* pause */.v)(wait, world);
    return after;
}
function decide({ spec, request, seen }, reading) {
    return { reading, plan: planClient(spec, reading, { actor: request.actor, policy: request.policy, seen }) };
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
    return spec.state === 'absent' ? placesOf(spec, client?.description.ledger) : spec.destinations;
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
    reporter.notice(`Another run (${(0,base_text/* plain */.p)(decision.plan.wait.run, 60)}) is at work on ${(0,base_text/* plain */.p)(spec.name, 80)}; waiting for its end.`);
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
    const client = plan.client === undefined ? (0,base_text/* plain */.p)(plan.spec.name) : clientLabel(plan.client);
    return new errors/* ActionError */.lZ('CLIENT_BUSY', `other runs were at work on ${client} for two minutes (the last one is ${(0,base_text/* plain */.p)(plan.wait.run, 60)})`, 'Give the workflows that manage this client one concurrency group, and run again.');
}
function tooSlow(again) {
    return new errors/* ActionError */.lZ('CLIENT_BUSY', `decided ${mostRounds} times, and each time it was out of date at once: ${again.why}`, 'The tenant answers slowly, or others change the client all the time. Run again later.');
}
// --- telling ---------------------------------------------------------------------------------------------------------
function tell(plan, { reporter }) {
    const { spec, client } = plan;
    if (spec.state === 'absent')
        return;
    for (const warning of plan.warnings)
        reporter.warning(warning);
    if (client !== undefined && plan.adopted) {
        reporter.notice(`${clientLabel(client)} already existed: it is adopted. What the workflow or the spec file says is enforced from now on; the secrets it has are left alone.`);
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
        reporter.step(stepLine(step, 'planned'));
    if (steps.length > 0)
        reporter.step('This is a plan: nothing of it (○) was done.');
    if (!drift || !policy.failOnDrift)
        return undefined;
    const hint = 'Run with mode: apply to make these changes; the job summary shows them field by field.';
    return new errors/* ActionError */.lZ('DRIFT_FOUND', `${(0,base_text/* plain */.p)(spec.name)} differs from the spec`, hint);
}
/** Of several clients each line says whose it is anyway. */
function nothingToDo({ spec, request }) {
    return request.clients.length > 1 ? 'nothing to do' : `${(0,base_text/* plain */.p)(spec.name, 80)}: nothing to do`;
}

;// CONCATENATED MODULE: ./build/run/run-clients.js







/** Clients under way at a time: enough to wait for several answers at once, few enough to end in time when asked to stop. */
const mostAtOnce = 8;
/**
 * Brings every client to what its spec says, or in plan mode says what that would take: several clients side by side, the steps of
 * each in order. `first`: one reading of all. One client's failure is its outcome's `error`, and stops no other.
 */
async function run(given, first, world) {
    const { request, first: reading } = await named(given, first, world);
    return settleAll(request, reading, world);
}
/** Where a client turns out to sign in with a key, and nobody says what that is called: its places are read by that name. */
async function named(request, first, world) {
    const clients = request.clients.map((spec) => namedByMethod(spec, clientOf(spec, first, request.actor)));
    if (clients.every((spec, index) => spec === request.clients[index]))
        return { request, first };
    const reading = await (0,observe/* observe */.l)((0,client_spec/* placesOfAll */.x7)(clients), world.readers, world.clock);
    return { request: { ...request, clients: (0,shared_values/* sparingAll */.sK)(clients) }, first: reading };
}
async function settleAll(request, first, world) {
    const { clients } = request;
    const tally = startTally(clients.length, world);
    const outcomes = new Map();
    for (const group of inOrder(clients, first, request)) {
        // Those who waited for others decide from what is there by then: read once for all of them, if anything was written.
        const isOld = [...outcomes.values()].some(({ changed }) => changed);
        const reading = isOld ? (0,observe/* observe */.l)((0,client_spec/* placesOfAll */.x7)(group), world.readers, world.clock) : Promise.resolve(first);
        await sideBySide(group, mostAtOnce, async (spec) => {
            tally.begun();
            const reporter = clients.length > 1 ? namedReporter(spec.name, world.reporter) : world.reporter;
            const known = { reading, now: first.now };
            outcomes.set(spec, await settle(spec, known, request, { ...world, reporter }, tally.waiting));
            tally.ended();
        });
    }
    return clients.map((spec) => outcomes.get(spec));
}
/** Work on each item, so many at a time, begun in their order. */
async function sideBySide(items, most, work) {
    const rest = items.values();
    const worker = async () => {
        for (const item of rest)
            await work(item);
    };
    await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
}
/** Lines of several clients mingle: each says whose it is. */
function namedReporter(name, { step, notice, warning }) {
    const named = (say) => (line) => say(`${(0,base_text/* plain */.p)(name, 80)} · ${line}`);
    return { step: named(step), notice: named(notice), warning: named(warning) };
}
/** Milliseconds between two lines about how far a run is, and between two about what it waits for. */
const tellEvery = 10_000;
/** Says from time to time how far a run of several clients is; and what any run waits for. */
function startTally(all, { clock, reporter }) {
    let [begun, ended] = [0, 0];
    const told = { counts: clock.elapsed(), waiting: Number.NEGATIVE_INFINITY };
    const tell = (why) => {
        const counts = all === 1 ? undefined : `${ended} of ${all} clients done, ${begun - ended} under way, ${all - begun} to go`;
        told.counts = clock.elapsed();
        reporter.step(`… ${[counts, why].filter(Boolean).join('; ')}`);
    };
    return {
        begun: () => void begun++,
        ended: () => {
            ended++;
            if (ended < all && clock.elapsed() - told.counts >= tellEvery)
                tell(undefined);
        },
        waiting: (why) => {
            if (clock.elapsed() - told.waiting < tellEvery)
                return;
            told.waiting = clock.elapsed();
            tell(why);
        },
    };
}

;// CONCATENATED MODULE: ./build/run/lazy.js
// All that works with answers. It is loaded while the first ones are under way, and as one file: a run needs all of it, or nothing.





/***/ })

};
