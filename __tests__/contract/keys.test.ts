import { createPrivateKey } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { keyOf } from '../../sandbox/tenant/model.ts'
import { publicHalf } from '../../src/io/qlik/signing-key.ts'
import { expectFailure, expectRefusal, expectSuccess, writes } from '../support/contract.ts'
import { eachTest, simulation } from '../support/each-test.ts'
import { expectSettled, expectUsable, type Place, theClient, Watch } from '../support/promises.ts'

const keyPlace: Place = { repository: 'acme/app', name: 'QLIK_PRIVATE_KEY' }
const byKey = { 'auth-method': 'private_key_jwt' }
const bySecret = { 'auth-method': 'client_secret' }
const samePlace = { 'client-secret-name': 'QLIK_PRIVATE_KEY' }
const theirs = { kid: 'theirs', kty: 'EC', alg: 'ES384', use: 'sig', crv: 'P-384', x: 'AA', y: 'AA', extra: ['as', 1] }

let watch: Watch
eachTest()
beforeEach(() => {
  watch = new Watch(simulation, [keyPlace])
})

function held(): string {
  return simulation.sandbox.github.secretValue(keyPlace) ?? ''
}

function kids(): string[] {
  return (theClient(simulation).publicKeys ?? []).map(({ kid }) => kid)
}

async function good(inputs: Record<string, string>, result: string) {
  const done = await simulation.run(inputs)
  expectSuccess(done, { result })
  expect(watch.broken).toEqual([])
  return done
}

describe('a client that signs in with a key', () => {
  it('is created with a public key of ours, and its private half delivered as QLIK_PRIVATE_KEY', async () => {
    const { outputs, asked, masks } = await good({ ...byKey, 'output-client-secret': 'true' }, 'created')
    const client = theClient(simulation)
    expect(client.allowedAuthMethods).toEqual(['private_key_jwt'])
    expect(client.secrets).toEqual([])
    expect(held()).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    const half = publicHalf(createPrivateKey(held()))
    expect(client.publicKeys).toEqual([{ ...half, kid: await calculateJwkThumbprint(half), alg: 'ES384', use: 'sig' }])
    expect(outputs).toMatchObject({ 'secret-hint': await calculateJwkThumbprint(half) })
    expect(outputs!['secret-issued-at']).toMatch(/^2026/)
    expect(asked?.open()).toBe(held())
    for (const line of held().trimEnd().split('\n').slice(1, -1)) expect(masks).toContain(line)
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, byKey)
  })

  it('signs the next run in with no key id, where it may manage clients', async () => {
    await good({ ...byKey, scopes: 'admin_classic' }, 'created')
    const own = { 'api-key': '', 'admin-client-id': theClient(simulation).clientId, 'admin-private-key': held() }
    await good({ ...byKey, ...own, scopes: 'admin_classic' }, 'unchanged')
    simulation.advance(1)
    watch = new Watch(simulation, [keyPlace], 0)
    await good({ ...byKey, ...own, scopes: 'admin_classic', rotate: 'now', 'grace-period': '0' }, 'rotated')
    expect(kids()).toHaveLength(1)
    expectUsable(simulation, [keyPlace])
  })

  it('gets a fresh key beside the previous one, which is retired after its grace', async () => {
    await good(byKey, 'created')
    const first = held()
    simulation.advance(24 * 31)
    await good({ ...byKey, 'rotate-after': '30d' }, 'rotated')
    expect(held()).not.toBe(first)
    expect(kids()).toHaveLength(2)
    simulation.advance(25)
    await good(byKey, 'updated')
    expect(keyOf(theClient(simulation), first)).toBeUndefined()
    expect(kids()).toHaveLength(1)
    await expectSettled(simulation, byKey)
  })

  it('is rotated and changed where the single read hides credentials, and absent fields can’t be replaced', async () => {
    Object.assign(simulation.sandbox.settings, { getShowsSecrets: false, replaceAbsent: 'refused', pageLimit: 3 })
    await good({ ...bySecret, ...samePlace }, 'created')
    for (const inputs of [byKey, byKey, bySecret, byKey]) {
      simulation.advance(25)
      await good({ ...inputs, ...samePlace, rotate: 'now' }, 'rotated')
      expectUsable(simulation, [keyPlace])
    }
    simulation.advance(25)
    await good({ ...byKey, ...samePlace }, 'updated')
    await expectSettled(simulation, { ...byKey, ...samePlace })
    const { secrets, allowedAuthMethods } = theClient(simulation)
    expect([kids().length, secrets.length, allowedAuthMethods]).toEqual([1, 0, ['private_key_jwt']])
  })

  it('is proven where the runner’s clock is off', async () => {
    simulation.skew = -7_200_000
    await good(byKey, 'created')
    expectUsable(simulation, [keyPlace])
  })

  it('loses the previous key at once without grace', async () => {
    await good(byKey, 'created')
    watch = new Watch(simulation, [keyPlace], 0)
    simulation.advance(1)
    await good({ ...byKey, rotate: 'now', 'grace-period': '0' }, 'rotated')
    expect(kids()).toHaveLength(1)
    expectUsable(simulation, [keyPlace])
  })

  it('keeps keys of other people to the letter, names them, and retires them where that is asked', async () => {
    await good(byKey, 'created')
    theClient(simulation).publicKeys!.push(structuredClone(theirs))
    simulation.advance(1)
    await good({ ...byKey, rotate: 'now' }, 'rotated')
    simulation.advance(25)
    const { summary } = await good(byKey, 'updated')
    expect(theClient(simulation).publicKeys).toContainEqual(theirs)
    expect(kids()).toHaveLength(2)
    expect(summary).toContain('<code>key&#58;theirs</code>')
    await good({ ...byKey, 'retire-hints': 'key:theirs' }, 'updated')
    expect(kids()).toHaveLength(1)
    expectUsable(simulation, [keyPlace])
  })

  it('is healed where its key was removed on the tenant', async () => {
    await good(byKey, 'created')
    theClient(simulation).publicKeys = [structuredClone(theirs)]
    watch.excuse()
    simulation.advance(1)
    await good(byKey, 'rotated')
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, byKey)
  })

  it('is left as it was where a fresh key can’t be proven', async () => {
    await good(byKey, 'created')
    const [before] = [held(), simulation.advance(1)]
    simulation.sandbox.tenant.disable(theClient(simulation).clientId, 'suspended')
    expectFailure(await simulation.run({ ...byKey, rotate: 'now' }), 'VERIFY_FAILED')
    expect([held(), kids().length]).toEqual([before, 1])
    simulation.sandbox.tenant.disable(theClient(simulation).clientId, undefined)
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, byKey)
  })

  it('can’t be rotated where the tenant takes no keys, which says what to do, and leaves all as it was', async () => {
    await good(byKey, 'created')
    simulation.sandbox.settings.publicKeysPatch = 'refused'
    simulation.advance(1)
    const result = await simulation.run({ ...byKey, rotate: 'now' })
    expectFailure(result, 'TENANT_REJECTED', { hint: /does not let the keys of a client be changed.*client_secret/ })
    expect(kids()).toHaveLength(1)
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, byKey)
  })

  it('is not made where nothing is delivered: nobody would have its key', async () => {
    expectRefusal(await simulation.run({ ...byKey, deliver: 'false' }), 'INPUT_INVALID', { message: /^auth-method: / })
    simulation.sandbox.tenant.addClient({ clientName: 'deployer' })
    expectRefusal(await simulation.run({ ...byKey, deliver: 'false' }), 'INPUT_INVALID', { message: /private half/ })
  })

  it('is planned without a key being made, and destroyed with its values', async () => {
    const plan = await simulation.run({ ...byKey, mode: 'plan' })
    expect(writes(plan)).toEqual([])
    expect(plan.log.join()).toContain('with its first key')
    await good(byKey, 'created')
    expectSuccess(await simulation.run({ ...byKey, mode: 'destroy' }), { result: 'deleted' })
    expect(simulation.sandbox.github.secretNames(keyPlace)).toEqual([])
  })
})

describe('changing the method', () => {
  it('from secret to key is a rotation: the secret works for its grace, and its method is removed with it', async () => {
    await good({ ...bySecret, ...samePlace }, 'created')
    const secret = held()
    simulation.advance(1)
    const { log } = await good({ ...byKey, ...samePlace }, 'rotated')
    expect(log.join('\n')).toContain('issue a fresh key: auth-method has changed')
    const client = theClient(simulation)
    expect(simulation.sandbox.tenant.canAuthenticate(client.clientId, secret)).toBe(true)
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, { ...byKey, ...samePlace })
    simulation.advance(25)
    await good({ ...byKey, ...samePlace }, 'updated')
    expect(client.secrets).toEqual([])
    expect(client.allowedAuthMethods).toEqual(['private_key_jwt'])
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, { ...byKey, ...samePlace })
  })

  it('from key to secret is one too', async () => {
    await good({ ...byKey, ...samePlace }, 'created')
    const key = held()
    simulation.advance(1)
    await good({ ...bySecret, ...samePlace }, 'rotated')
    const client = theClient(simulation)
    expect(simulation.sandbox.tenant.canAuthenticate(client.clientId, key)).toBe(true)
    expect(client.secrets).toHaveLength(1)
    expectUsable(simulation, [keyPlace])
    simulation.advance(25)
    await good({ ...bySecret, ...samePlace }, 'updated')
    expect(client.publicKeys ?? []).toEqual([])
    expect(client.allowedAuthMethods).toEqual(['client_secret'])
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, { ...bySecret, ...samePlace })
  })

  it('keeps the method that somebody else’s credential needs', async () => {
    await good({ ...bySecret, ...samePlace }, 'created')
    const client = theClient(simulation)
    watch.addForeign(client.clientId)
    simulation.advance(1)
    await good({ ...byKey, ...samePlace }, 'rotated')
    simulation.advance(25)
    await good({ ...byKey, ...samePlace }, 'updated')
    expect(client.secrets).toHaveLength(1)
    expect(client.allowedAuthMethods).toEqual(['client_secret', 'private_key_jwt'])
    await expectSettled(simulation, { ...byKey, ...samePlace })
  })

  it('comes to its end where the tenant keeps the last secret: nobody can use it any more', async () => {
    simulation.sandbox.settings.lastSecret = 'kept'
    await good({ ...bySecret, ...samePlace }, 'created')
    const secret = held()
    simulation.advance(1)
    await good({ ...byKey, ...samePlace }, 'rotated')
    simulation.advance(25)
    await good({ ...byKey, ...samePlace }, 'updated')
    expect(simulation.sandbox.tenant.canAuthenticate(theClient(simulation).clientId, secret)).toBe(false)
    await expectSettled(simulation, { ...byKey, ...samePlace })
  })

  it('settles in one run where the last secret is kept while a fresh key is issued', async () => {
    simulation.sandbox.settings.lastSecret = 'kept'
    await good({ ...bySecret, ...samePlace }, 'created')
    simulation.advance(1)
    await good({ ...byKey, ...samePlace }, 'rotated')
    simulation.advance(25)
    const { log } = await good({ ...byKey, ...samePlace, rotate: 'now' }, 'rotated')
    expect(log.join('\n')).not.toContain('Another run was at work')
    simulation.advance(25)
    await good({ ...byKey, ...samePlace }, 'updated')
    expect([kids().length, theClient(simulation).allowedAuthMethods]).toEqual([1, ['private_key_jwt']])
    await expectSettled(simulation, { ...byKey, ...samePlace })
  })

  it.each(['24h', '0'])(
    'and back again does not bring a secret to life that the tenant kept: grace %s',
    async (grace) => {
      const inputs = { ...samePlace, 'grace-period': grace }
      watch = new Watch(simulation, [keyPlace], grace === '0' ? 0 : undefined)
      simulation.sandbox.settings.lastSecret = 'kept'
      await good({ ...bySecret, ...inputs }, 'created')
      const { secrets, clientId } = theClient(simulation)
      const [{ value: first }] = secrets as [(typeof secrets)[number]]
      for (const method of [byKey, bySecret, byKey, bySecret]) {
        simulation.advance(25)
        await good({ ...method, ...inputs }, 'rotated')
        simulation.advance(25)
        await simulation.run({ ...method, ...inputs })
        expect(simulation.sandbox.tenant.canAuthenticate(clientId, first)).toBe(false)
        await expectSettled(simulation, { ...method, ...inputs })
      }
      expect(theClient(simulation).secrets.map(({ value }) => value)).toEqual([held()])
    },
  )

  it('that stopped half-way leaves no secret behind where the tenant keeps the last one', async () => {
    simulation.sandbox.settings.lastSecret = 'kept'
    await good({ ...byKey, ...samePlace }, 'created')
    simulation.advance(1)
    const half = await simulation.run({ ...bySecret, ...samePlace }, { at: /^PATCH/, nth: 2, kind: 'killed after' })
    expect([half.outputs, theClient(simulation).secrets.length]).toEqual([undefined, 1])
    for (let day = 0; day < 3; day++) {
      simulation.advance(25)
      expectSuccess(await simulation.run({ ...bySecret, ...samePlace }))
    }
    expect(theClient(simulation).secrets.map(({ value }) => value)).toEqual([held()])
    await expectSettled(simulation, { ...bySecret, ...samePlace })
  })

  it('under the usual names leaves the old place behind, which is asked about first', async () => {
    await good({}, 'created')
    simulation.advance(1)
    expectRefusal(await simulation.run(byKey), 'DESTINATION_DROPPED', { message: /QLIK_CLIENT_SECRET/ })
    await good({ ...byKey, 'drop-destinations': 'true' }, 'rotated')
    expectUsable(simulation, [keyPlace])
    await expectSettled(simulation, byKey)
  })

  it('without grace ends the secret at once, and its method with the next run', async () => {
    simulation.sandbox.settings.lastSecret = 'kept'
    await good({ ...bySecret, ...samePlace }, 'created')
    const secret = held()
    watch = new Watch(simulation, [keyPlace], 0)
    simulation.advance(1)
    await good({ ...byKey, ...samePlace, 'grace-period': '0' }, 'rotated')
    simulation.sandbox.settings.lastSecret = 'deletable'
    await good({ ...byKey, ...samePlace, 'grace-period': '0' }, 'updated')
    expect(simulation.sandbox.tenant.secretIsLive(theClient(simulation).clientId, secret)).toBe(false)
    expect(theClient(simulation).allowedAuthMethods).toEqual(['private_key_jwt'])
    await expectSettled(simulation, { ...byKey, ...samePlace, 'grace-period': '0' })
  })

  it('needs no word where the client has a key already: it keeps what it has', async () => {
    await good({ ...byKey, ...samePlace }, 'created')
    await good(samePlace, 'unchanged')
    simulation.advance(1)
    await good({ ...samePlace, rotate: 'now' }, 'rotated')
    expect(held()).toMatch(/^-----BEGIN/)
  })
})
