export const id = 538;
export const ids = [538];
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

/***/ 7538:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  readSpec: () => (/* binding */ readSpec)
});

// EXTERNAL MODULE: external "node:buffer"
var external_node_buffer_ = __webpack_require__(4573);
// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(1455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(6760);
// EXTERNAL MODULE: ./build/base/diagnostics.js
var diagnostics = __webpack_require__(2748);
// EXTERNAL MODULE: ./build/base/did-you-mean.js
var did_you_mean = __webpack_require__(3237);
// EXTERNAL MODULE: ./build/base/text.js
var base_text = __webpack_require__(1497);
// EXTERNAL MODULE: ./build/ledger/ledger-size.js
var ledger_size = __webpack_require__(5305);
;// CONCATENATED MODULE: ./build/spec/cross-client-checks.js

/** What is wrong between clients, also of several files, and with where they go. */
function checkTogether(files, rules) {
    return [...sameNames(files, rules), ...samePlaces(files, rules), ...outside(files, rules)];
}
function sameNames(files, { tenantOf }) {
    const seen = new Map();
    return files.flatMap((file) => {
        const repeated = (what, value, at, message) => {
            const key = JSON.stringify([tenantOf(file), what, value]);
            const first = seen.get(key);
            if (first === undefined)
                seen.set(key, `${(0,base_text/* plain */.p)(file.file)}:${at.line}`);
            return first === undefined ? [] : [{ file: file.file, ...at, message: `${what}: ${message} already (${first})` }];
        };
        return file.drafts.flatMap(({ name, at, pin }) => [
            ...(name === undefined ? [] : repeated('name', name, at, `there is a client ${(0,base_text/* plain */.p)(name, 80)}`)),
            ...(pin === undefined ? [] : repeated('client-id', pin.id, pin.at, 'another client pins the same')),
        ]);
    });
}
/** Values of two clients in one place would take turns, and each run would find the other's. */
function samePlaces(files, { here }) {
    const seen = new Map();
    const mistakes = [];
    for (const { file, drafts } of files) {
        for (const draft of drafts.filter(({ absent }) => !absent)) {
            for (const { at, delivery } of draft.deliveries) {
                const taken = slots(delivery, draft.secretName, here).flatMap(({ slot, role }) => {
                    const first = seen.get(slot);
                    if (first === undefined)
                        seen.set(slot, { file, at, owner: draft, role, name: draft.name ?? '' });
                    // One client's id is the same wherever it is written twice.
                    const fine = first === undefined || (first.owner === draft && first.role === 'id' && role === 'id');
                    return fine ? [] : [{ first, role }];
                });
                const [clash] = taken;
                if (clash === undefined)
                    continue;
                const { first, role } = clash;
                const by = first.owner === draft ? 'another entry of this list' : `client ${(0,base_text/* plain */.p)(first.name, 80)}`;
                const message = `deliver: its ${role === 'id' ? 'client id' : 'client secret'} goes where ${by} is delivered (${(0,base_text/* plain */.p)(first.file)}:${first.at.line}); give one of them another place or name`;
                mistakes.push({ file, ...at, message });
            }
        }
    }
    return mistakes;
}
/** The secrets and variables that a delivery writes. Names of repositories and environments know no case. */
function slots(delivery, usualName, here) {
    const { store, environment = '' } = delivery;
    const place = [store, subjectOf(delivery, here).toLowerCase(), environment.toLowerCase()];
    const slot = (kind, name) => JSON.stringify([...place, kind, name]);
    const idAs = delivery['client-id-as'];
    return [
        { slot: slot('secret', delivery['client-secret-name'] ?? usualName), role: 'secret' },
        ...(idAs === 'none' ? [] : [{ slot: slot(idAs, delivery['client-id-name']), role: 'id' }]),
    ];
}
/** `owner/name` of a repository, or the name of an organization. */
function subjectOf({ organization, repository }, here) {
    return organization ?? repository ?? here;
}
function outside(files, { here, allowed }) {
    return files.flatMap(({ file, drafts }) => drafts
        .flatMap(({ deliveries }) => deliveries)
        .filter(({ delivery }) => !isAllowed(subjectOf(delivery, here), allowed, here))
        .map(({ at }) => ({
        file,
        ...at,
        message: 'deliver: goes to a repository or organization that the input allow-destinations does not name',
    })));
}
/**
 * May a spec file deliver to this repository (`owner/name`) or organization? The running repository is always allowed. A `*`
 * stands for any part of a name; case does not count.
 */
function isAllowed(subject, patterns, here) {
    return [here, ...patterns].some((pattern) => {
        const [parts, names] = [pattern, subject].map((text) => text.toLowerCase().split('/'));
        return parts.length === names.length && parts.every((part, index) => matches(part, names[index]));
    });
}
/** A name against a pattern, from star to star: each part as early as it can stand, so that nothing is tried twice. */
function matches(pattern, name) {
    const [start = '', ...rest] = pattern.split('*');
    const end = rest.pop();
    if (end === undefined)
        return name === pattern;
    let at = start.length;
    for (const part of rest) {
        const found = name.indexOf(part, at);
        if (found < 0)
            return false;
        at = found + part.length;
    }
    return name.startsWith(start) && name.endsWith(end) && name.length - end.length >= at;
}

// EXTERNAL MODULE: ./node_modules/zod/v4/mini/schemas.js + 5 modules
var schemas = __webpack_require__(8395);
// EXTERNAL MODULE: ./node_modules/zod/v4/core/api.js + 1 modules
var api = __webpack_require__(3305);
// EXTERNAL MODULE: ./build/spec/client-spec.js
var client_spec = __webpack_require__(8947);
// EXTERNAL MODULE: ./build/spec/destination-schema.js
var destination_schema = __webpack_require__(1836);
;// CONCATENATED MODULE: ./build/spec/spec-file.js






/** What a client leaves out; what makes a client the one it is, or says where it goes, is each client's own. */
const defaultsSchema = schemas/* partial */.OH3(schemas/* omit */.cJW(client_spec/* clientSchema */.bF, { name: true, 'client-id': true, state: true, deliver: true }));
/** A spec file as users write it. */
const fileSchema = schemas/* strictObject */.rej({
    version: schemas/* literal */.euz(1),
    tenant: schemas/* optional */.lqM(schemas/* string */.YjP().check(api/* _minLength */.m9(1))),
    environment: schemas/* optional */.lqM(schemas/* string */.YjP()
        .check(api/* _minLength */.m9(1), api/* _maxLength */.Eb(255, 'has at most 255 characters'), schemas/* refine */.YPB(base_text/* isPrintable */.C, 'holds control characters'))),
    defaults: schemas/* optional */.lqM(defaultsSchema),
    clients: schemas/* array */.YOg(client_spec/* clientSchema */.bF).check(api/* _minLength */.m9(1)),
});
/** Checks what a file holds, by itself. `found` is what was wrong in the way it is written. */
function checkFile(file, root, found) {
    const nothing = { file, environment: '', drafts: [], clients: [] };
    if (!isMapping(root.value) || !('clients' in root.value)) {
        // Whatever it is: nothing of it is quoted.
        return {
            ...nothing,
            mistakes: [{ file, ...root.at, message: 'is no spec file: it has no `version` and `clients`' }],
        };
    }
    const result = fileSchema.safeParse(root.value);
    const issues = (result.error?.issues ?? []).flatMap((issue) => mistakesOf(issue, root));
    const written = Array.isArray(root.value.clients) ? root.value.clients : [];
    const mistakes = [...found, ...issues, ...undelivered(written, root)].map((mistake) => ({ file, ...mistake }));
    const { tenant, environment, defaults } = root.value;
    const completed = mistakes.length === 0 ? written.map((client, index) => complete(defaults, client, file, index, root)) : [];
    return {
        file,
        tenant: typeof tenant === 'string' && tenant !== '' ? { text: tenant, at: (0,diagnostics/* locate */.x5)(root, ['tenant']).at } : undefined,
        environment: typeof environment === 'string' ? environment : '',
        drafts: written.map((client, index) => draftOf(client, index, root, defaults)),
        clients: completed.flatMap((it) => ('name' in it ? [it] : [])),
        mistakes: [...mistakes, ...completed.flatMap((it) => ('name' in it ? [] : it.mistakes))],
    };
}
function isMapping(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function mistakesOf(issue, root) {
    if (issue.code !== 'unrecognized_keys') {
        return [{ ...(0,diagnostics/* locate */.x5)(root, issue.path).at, message: `${(0,diagnostics/* pathText */.LF)(issue.path)}: ${complaint(issue, root)}` }];
    }
    return issue.keys.map((key) => {
        const path = [...issue.path, key];
        return { ...(0,diagnostics/* locateKey */.EM)(root, path), message: `${(0,diagnostics/* pathText */.LF)(path)}: is no key of a spec${suggestion(key, issue.path)}` };
    });
}
/** Words that are sure to hold nothing of the file. */
function complaint(issue, root) {
    const value = valueAt(root, issue.path);
    if (value === undefined)
        return 'is missing';
    if (value === null)
        return 'is empty; give a value, or leave the key out';
    switch (issue.code) {
        case 'invalid_type':
            return `must be ${nouns[issue.expected] ?? issue.expected}, not ${nounOf(value)}${value !== null && issue.expected === 'string' && typeof value !== 'object' ? '; put it in quotes' : ''}`;
        case 'invalid_value':
            return `accepted are ${issue.values.map(String).join(', ')}`;
        case 'too_small':
            return issue.origin === 'array' ? 'names none' : 'is empty';
        default:
            return (0,base_text/* plain */.p)(issue.message);
    }
}
const nouns = { string: 'a text', array: 'a list', object: 'a mapping', number: 'a number' };
function nounOf(value) {
    const kind = Array.isArray(value) ? 'array' : typeof value;
    return nouns[kind] ?? (kind === 'boolean' ? 'true or false' : 'this');
}
function valueAt(root, path) {
    return path.reduce((value, step) => typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? value[step]
        : undefined, root.value);
}
/** Inputs of a step that have another place in a file. */
const moved = {
    'rotate-after': '; it is `after` in `rotation`',
    'grace-period': '; it is `grace` in `rotation`',
    deliver: '; each client says where it goes',
};
function suggestion(key, path) {
    const last = path.at(-1);
    const known = path.includes('deliver') ? destination_schema/* deliveryKeys */.bH : Object.keys(shapeAt(last, path.length === 0));
    if (Object.hasOwn(moved, key))
        return moved[key];
    if (path[0] === 'clients' && path.length === 2 && destination_schema/* deliveryKeys */.bH.includes(key))
        return '; it belongs in `deliver`';
    const closest = (0,did_you_mean/* nearest */.p)(key.replaceAll('_', '-').toLowerCase(), known);
    return closest === undefined ? '' : `; did you mean ${closest}?`;
}
function shapeAt(key, isRoot) {
    if (key === 'rotation')
        return client_spec/* rotationSchema */.ER.shape;
    if (key === 'defaults')
        return defaultsSchema.shape;
    return isRoot ? fileSchema.shape : client_spec/* clientSchema */.bF.shape;
}
/** Where a client goes has to be said: a list left out is easily one forgotten. */
function undelivered(clients, root) {
    return clients.flatMap((client, index) => {
        if (!isMapping(client) || client.state === 'absent' || 'deliver' in client)
            return [];
        const path = ['clients', index];
        return [
            { ...(0,diagnostics/* locate */.x5)(root, path).at, message: `${(0,diagnostics/* pathText */.LF)([...path, 'deliver'])}: is missing; \`[]\` delivers nowhere` },
        ];
    });
}
// --- what is right ---------------------------------------------------------------------------------------------------
function complete(defaults, client, file, index, root) {
    const [common, own] = [defaults ?? {}, client];
    const result = client_spec/* clientSchema */.bF.safeParse({ ...common, ...own, rotation: { ...common.rotation, ...own.rotation } });
    if (result.success)
        return result.data;
    const { at } = (0,diagnostics/* locate */.x5)(root, ['clients', index]);
    const mistakes = result.error.issues.map((issue) => {
        const message = `${(0,diagnostics/* pathText */.LF)(['clients', index, ...issue.path])}: with the defaults: ${complaint(issue, root)}`;
        return { file, ...at, message };
    });
    return { mistakes };
}
function draftOf(client, index, root, defaults) {
    const path = ['clients', index];
    const { name, state, deliver, 'client-id': pin } = isMapping(client) ? client : {};
    const deliveries = (Array.isArray(deliver) ? deliver : []).flatMap((delivery, place) => {
        const result = destination_schema/* deliverySchema */.oU.safeParse(delivery);
        return result.success ? [{ at: (0,diagnostics/* locate */.x5)(root, [...path, 'deliver', place]).at, delivery: result.data }] : [];
    });
    const method = methodIn(client) ?? methodIn(defaults);
    return {
        name: typeof name === 'string' ? name : undefined,
        at: (0,diagnostics/* locate */.x5)(root, [...path, 'name']).at,
        pin: typeof pin === 'string' ? { id: pin, at: (0,diagnostics/* locate */.x5)(root, [...path, 'client-id']).at } : undefined,
        absent: state === 'absent',
        description: descriptionAt(root, [...path, 'description']) ?? descriptionAt(root, ['defaults', 'description']),
        method,
        secretName: (0,destination_schema/* usualName */.gy)(method),
        deliveries,
    };
}
function descriptionAt(root, path) {
    const text = valueAt(root, path);
    return typeof text === 'string' ? { text, at: (0,diagnostics/* locate */.x5)(root, path).at } : undefined;
}
function methodIn(written) {
    const method = isMapping(written) ? written['auth-method'] : undefined;
    return method === 'client_secret' || method === 'private_key_jwt' ? method : undefined;
}

// EXTERNAL MODULE: external "node:v8"
var external_node_v8_ = __webpack_require__(8877);
;// CONCATENATED MODULE: ./build/io/inputs/memory.js

/**
 * Keeps the space for new objects at the size that it has. V8 doubles it as long as work comes in bursts, up to 128 MB; bursts are what
 * the services' limits make of any long run, and what they leave is garbage (docs/performance.md has numbers). Without effect on what
 * is kept. An engine that knows this setting no more would say so on stderr, where a test looks.
 */
function keepMemorySmall() {
    (0,external_node_v8_.setFlagsFromString)('--semi-space-growth-factor=1');
}

// EXTERNAL MODULE: ./build/io/inputs/tenant-address.js
var tenant_address = __webpack_require__(2014);
// EXTERNAL MODULE: ./node_modules/yaml/browser/dist/index.js + 70 modules
var dist = __webpack_require__(4844);
;// CONCATENATED MODULE: ./build/io/inputs/yaml-tree.js
// The build for browsers: that for Node prints what it reads where LOG_STREAM or LOG_TOKENS is set.


/** A spec has a few thousand values and six levels; aliases could make billions of a few lines. */
const mostValues = 50_000;
const deepest = 20;
/** YAML 1.2, and so JSON, as plain data. Nothing of the text itself gets into messages but keys. */
function parseTree(text) {
    const lines = new dist/* LineCounter */.HN();
    const at = (offset) => {
        const { line, col } = lines.linePos(offset);
        return { line: Math.max(1, line), column: Math.max(1, col) };
    };
    const documents = parsed(text, lines);
    if (documents === undefined)
        return { mistakes: [{ ...at(0), message: 'can’t be read as YAML or JSON' }] };
    const [document, second] = documents;
    if (document === undefined)
        return { mistakes: [{ ...at(0), message: 'is empty' }] };
    if (document.errors.length > 0) {
        // One slip leads to others behind it: of each line the first, and of all a few.
        const first = new Map(document.errors.toReversed().map(({ code, pos }) => [at(pos[0]).line, { code, pos }]));
        const few = [...first.values()].sort((a, b) => a.pos[0] - b.pos[0]).slice(0, 5);
        return { mistakes: few.map(({ code, pos }) => ({ ...at(pos[0]), message: syntaxText(code) })) };
    }
    const walk = { at, anchors: new Map(), mistakes: [], left: mostValues };
    const root = located(document.contents, [], walk);
    for (const { pos } of document.warnings)
        walk.mistakes.push({ ...at(pos[0]), message: 'has a tag or directive; a spec file needs none' });
    if (second !== undefined)
        walk.mistakes.push({ ...at(second.range[0]), message: 'begins a second document; a spec file is one' });
    return { root, mistakes: walk.mistakes };
}
function parsed(text, lineCounter) {
    try {
        // Equal keys are looked for here, in one pass.
        const documents = (0,dist/* parseAllDocuments */.hR)(text, {
            lineCounter,
            prettyErrors: false,
            uniqueKeys: false,
            schema: 'core',
            merge: false,
            resolveKnownTags: false,
            logLevel: 'silent',
        });
        return 'empty' in documents ? [] : documents;
    }
    catch {
        // The parser is recursive: what is nested absurdly exhausts the stack.
        return undefined;
    }
}
/** Our own words: the parser's quote the file. */
function syntaxText(code) {
    const texts = {
        TAB_AS_INDENT: 'is indented with a tab; YAML wants spaces',
        BAD_INDENT: 'is indented wrongly',
        MISSING_CHAR: 'lacks a closing quote, bracket or comma, or a space',
        BAD_SCALAR_START: 'begins with a character that needs quotes',
        BLOCK_AS_IMPLICIT_KEY: 'has a second colon; texts with a colon and a space need quotes',
        RESOURCE_EXHAUSTION: 'is nested too deeply',
    };
    return texts[code] ?? 'is no YAML';
}
function located(node, path, walk) {
    const at = walk.at(node?.range?.[0] ?? 0);
    if (walk.left <= 0)
        return { value: undefined, at };
    if (--walk.left === 0 || path.length > deepest) {
        walk.left = 0;
        walk.mistakes.push({ ...at, message: 'is nested too deeply, or has too many values (by aliases, perhaps)' });
        return { value: undefined, at };
    }
    if ((0,dist/* isAlias */.Vj)(node)) {
        const target = walk.anchors.get(node.source);
        if (target === undefined)
            walk.mistakes.push({ ...at, message: 'is an alias without an anchor before it' });
        return target === undefined ? { value: undefined, at } : { ...located(target, path, walk), at };
    }
    if (node?.anchor !== undefined)
        walk.anchors.set(node.anchor, node);
    if ((0,dist/* isMap */.jh)(node))
        return mapping(node, path, walk);
    if ((0,dist/* isSeq */.oP)(node)) {
        const items = node.items.map((item, index) => located(item, [...path, index], walk));
        const parts = new Map(items.map((item, index) => [index, { key: item.at, node: item }]));
        return { value: items.map(({ value }) => value), at, parts };
    }
    return { value: (0,dist/* isScalar */.jn)(node) ? node.value : null, at };
}
function mapping(node, path, walk) {
    const at = walk.at(node.range[0]);
    // Without a prototype, __proto__ is a key like others.
    const value = Object.create(null);
    const parts = new Map();
    for (const { key, value: item } of node.items) {
        const keyAt = walk.at(key?.range?.[0] ?? node.range[0]);
        const name = (0,dist/* isScalar */.jn)(key) && typeof key.value === 'string' ? key.value : undefined;
        if (name === undefined || parts.has(name)) {
            const where = name === undefined ? 'has a key that is no text' : `${(0,diagnostics/* pathText */.LF)([...path, name])}: stands here twice`;
            walk.mistakes.push({ ...keyAt, message: where });
            continue;
        }
        const found = item === null ? { value: null, at: keyAt } : located(item, [...path, name], walk);
        value[name] = found.value;
        parts.set(name, { key: keyAt, node: found });
    }
    return { value, at, parts };
}

;// CONCATENATED MODULE: ./build/io/inputs/spec-files.js












/** Two hundred clients, as many as a tenant has, with twenty places each are some 600 KiB. */
const largest = 1_048_576;
const mostFiles = 100;
/** Of all files together: reading what is no YAML takes the parser a second for some ten thousand mistakes. */
const largestAll = 2 * largest;
/** Reads and checks all files together. What is wrong with them are `mistakes`; with the inputs, problems. */
async function readSpec(given, problems) {
    // Several clients: a run of minutes, and before that the most that is ever read at once.
    keepMemorySmall();
    const files = await readAll(await find(given, problems), problems);
    const { tenants, mistakes } = tenantsOf(files, given, problems);
    const tenantOf = (file) => tenants.get(file) ?? '';
    const rules = { here: given.here, allowed: given.allowed, tenantOf };
    const wrong = (0,diagnostics/* sorted */.IP)([
        ...files.flatMap((file) => file.mistakes),
        ...mistakes,
        ...checkTogether(files, rules),
        ...(0,ledger_size/* tooLong */.g)(files, given.here),
    ], files.map(({ file }) => file));
    const names = files.flatMap(({ drafts }) => drafts.flatMap(({ name }) => name ?? []));
    const chosen = chosenNames(given.only, names, problems);
    const all = files.flatMap((file) => file.clients);
    const clients = all.filter(({ name }) => chosen?.has(name) ?? true);
    return {
        files: files.map((file) => ({
            file: file.file,
            tenant: tenantOf(file),
            environment: file.environment,
            clients: file.clients.filter(({ name }) => chosen?.has(name) ?? true),
        })),
        tenant: [...tenants.values()].find(Boolean) ?? given.tenant,
        clients,
        others: all.filter((client) => !clients.includes(client)),
        delivers: clients.some(({ deliver }) => deliver.length > 0),
        mistakes: wrong,
    };
}
/** Every file once, in the order of its name within a pattern. */
async function find({ files, workspace }, problems) {
    const base = await (0,promises_.realpath)(workspace || '.').catch(() => undefined);
    if (base === undefined)
        problems.add('GITHUB_WORKSPACE', 'is no folder; the runner sets it');
    // A comma within braces belongs to its pattern.
    const patterns = [...files.matchAll(/(?:\{[^{}]*\}|[^\s,])+/g)].map(([pattern]) => pattern);
    if (patterns.length === 0)
        problems.add('spec-file', 'holds no path, only separators', files);
    const found = new Map();
    for (const pattern of base === undefined ? [] : patterns) {
        const { matches, complaint } = await matching(pattern, workspace, base);
        if (complaint !== undefined)
            problems.add('spec-file', complaint, pattern);
        for (const match of matches)
            found.set(match.real, found.get(match.real) ?? match);
    }
    if (found.size > mostFiles)
        problems.add('spec-file', `matches more than ${mostFiles} files`);
    return [...found.values()].slice(0, mostFiles);
}
/** What a pattern matches within the workspace, links followed; what lies outside is not even looked at. */
async function matching(pattern, workspace, base) {
    const leaves = (relative) => relative.split(/[\\/]/)[0] === '..' || external_node_path_.isAbsolute(relative);
    // An absolute path may name the workspace as the runner does, or as it really is.
    const ways = external_node_path_.isAbsolute(pattern)
        ? [external_node_path_.relative(external_node_path_.resolve(workspace), pattern), external_node_path_.relative(base, pattern)]
        : [external_node_path_.normalize(pattern)];
    const inside = ways.find((way) => !leaves(way));
    if (inside === undefined)
        return { matches: [], complaint: 'lies outside of the workspace' };
    const isThere = await (0,promises_.stat)(external_node_path_.join(base, inside)).then(() => true, () => false);
    const names = isThere ? [inside] : [];
    if (!isThere) {
        const exclude = (name) => ['.git', 'node_modules'].includes(external_node_path_.basename(name));
        for await (const name of (0,promises_.glob)(inside, { cwd: base, exclude }))
            names.push(name);
    }
    const matches = [];
    for (const name of names.sort()) {
        const real = await (0,promises_.realpath)(external_node_path_.join(base, name)).catch(() => undefined);
        if (real === undefined || leaves(external_node_path_.relative(base, real)))
            return { matches, complaint: 'leads outside of the workspace, or nowhere' };
        const isFile = (await (0,promises_.stat)(real)).isFile();
        // The output `matrix` passes names on to spec-file.
        if (/[\s,]/.test(name))
            return { matches, complaint: `${(0,base_text/* plain */.p)(name)} has a space or comma in its name: rename it` };
        if (isFile)
            matches.push({ file: name.replaceAll('\\', '/'), real });
        else if (isThere)
            return { matches, complaint: `${(0,base_text/* plain */.p)(name)} is no file` };
    }
    return matches.length > 0 ? { matches } : { matches, complaint: 'matches no file; was the repository checked out?' };
}
// --- reading ---------------------------------------------------------------------------------------------------------
async function readAll(found, problems) {
    const texts = await Promise.all(found.map(async ({ file, real }) => ({ file, text: await readText(real) })));
    const size = texts.reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0);
    if (size <= largestAll)
        return texts.map(({ file, text }) => checked(file, text));
    problems.add('spec-file', `matches more than ${largestAll / 1024} KiB: give some of the files at a time`);
    return [];
}
function checked(file, text) {
    const nothing = { file, environment: '', drafts: [], clients: [] };
    const start = { file, line: 1, column: 1 };
    if (typeof text !== 'string')
        return { ...nothing, mistakes: [{ ...start, message: text.complaint }] };
    const { root, mistakes } = parseTree(text);
    if (root !== undefined)
        return checkFile(file, root, mistakes);
    return { ...nothing, mistakes: mistakes.map((mistake) => ({ file, ...mistake })) };
}
/** Reads no more than a spec can have: a file may be larger by the time it is read. */
async function readText(real) {
    const buffer = Buffer.alloc(largest + 1);
    let size = 0;
    try {
        const handle = await (0,promises_.open)(real);
        try {
            for (let got = -1; got !== 0 && size < buffer.length; size += got)
                got = (await handle.read(buffer, size, buffer.length - size)).bytesRead;
        }
        finally {
            await handle.close();
        }
    }
    catch {
        return { complaint: 'can’t be read' };
    }
    if (size > largest)
        return { complaint: `is larger than ${largest / 1024} KiB` };
    const bytes = buffer.subarray(0, size);
    // A byte order mark goes with this.
    return (0,external_node_buffer_.isUtf8)(bytes) ? new TextDecoder().decode(bytes) : { complaint: 'is no text in UTF-8' };
}
// --- which tenant, which clients -------------------------------------------------------------------------------------
/** The origin for each file: its own, else the input's. */
function tenantsOf(files, given, problems) {
    const mistakes = [];
    const tenants = new Map();
    let first;
    for (const file of files) {
        const complain = (at, message) => mistakes.push({ file: file.file, ...at, message });
        const own = file.tenant && (0,tenant_address/* readTenant */.R)(file.tenant.text, given.allowCustomHost);
        const origin = own?.origin ?? given.tenant;
        tenants.set(file, origin);
        if (own?.complaint !== undefined)
            complain(file.tenant.at, `tenant: ${own.complaint}`);
        else if (own !== undefined && given.tenant !== '' && own.origin !== given.tenant)
            complain(file.tenant.at, 'tenant: is another than that of the input');
        if (own?.complaint !== undefined || origin === '')
            continue;
        first ??= { file: file.file, origin };
        if (given.oneTenant && first.origin !== origin)
            complain(file.tenant.at, `tenant: is another than that of ${(0,base_text/* plain */.p)(first.file)}; a run speaks to one, so give each its job: \`mode: validate\` outputs a matrix`);
    }
    const lacks = files.some((file) => file.tenant === undefined && file.mistakes.length === 0 && !tenants.get(file));
    if (given.oneTenant && lacks)
        problems.add('tenant', 'is missing; give it here or in the spec file');
    return { tenants, mistakes };
}
/** Names may hold spaces: a line that is a name is one, any other is a list. Undefined: all. */
function chosenNames(only, names, problems) {
    const wanted = only
        .split(/\r?\n/)
        .map((line) => line.trim())
        .flatMap((line) => (names.includes(line) ? [line] : line.split(/[\s,]+/)))
        .filter(Boolean);
    for (const [index, name] of wanted.entries()) {
        if (names.includes(name) || names.length === 0)
            continue;
        const closest = (0,did_you_mean/* nearest */.p)(name, names);
        const help = closest === undefined ? '' : `; did you mean ${(0,base_text/* plain */.p)(closest, 80)}?`;
        problems.add('only', `no client of the spec file has name ${index + 1} of the list${help}`, name);
    }
    return wanted.length === 0 ? undefined : new Set(wanted);
}


/***/ })

};
