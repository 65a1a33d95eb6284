export const id = 722;
export const ids = [722];
export const modules = {

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


/***/ })

};
