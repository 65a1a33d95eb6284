import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { tenantOrigin } from '../../probe/ask.ts'
import { defect, facts } from '../../probe/run.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { defaultSettings, type Settings } from '../../sandbox/settings.ts'
import { TransportError } from '../../src/io/http/network-failures.ts'
import { saysSecret } from '../support/no-secret-in-text.ts'
import { type Meddle, type Probing, probing, tenant } from './probing.ts'

const alias = { issuer: 'https://original.eu.qlikcloud.com' }

/** Every switch that stands for something unknown, with values that it may have besides what else they need. */
const switches: { [Name in keyof Settings]?: [Settings[Name], Partial<Settings>?][] } = {
  issuer: [[undefined], [alias.issuer]],
  pageLimit: [[2], [5]],
  filterCase: [['sensitive'], ['insensitive']],
  listDelay: [[0], [4], [25]],
  deletedClients: [['hidden'], ['shown']],
  duplicateNames: [['accepted'], ['refused']],
  createConsent: [['honoured'], ['ignored'], ['ignored', { consentDelay: 6 }]],
  legacyHint: [[false], [true]],
  unknownScopes: [['accepted'], ['refused']],
  unknownFields: [['refused'], ['ignored']],
  createdByTypeOfBots: [['user'], ['service']],
  scopesToManage: [['admin_classic'], ['admin_classic user_default']],
  getShowsSecrets: [[true], [false]],
  replaceAbsent: [['allowed'], ['refused']],
  publicKeysPatch: [['allowed'], ['refused']],
  secretForKeys: [['none'], ['made']],
  unconfirmedDeleteStatus: [[400], [412], [428]],
  hints: [['prefix'], ['suffix'], ['opaque']],
  lastSecret: [['deletable'], ['kept']],
  stampsOfSecrets: [['present'], ['absent']],
  secretDelay: [[0], [5], [45], [5, { consentDelay: 9 }]],
  consentDelay: [[0], [5], [45], [5, { secretDelay: 9 }]],
  untrustedStatus: [[400], [401], [403], [401, { secretDelay: 20 }]],
  untrustedCode: [['OAUTH-14'], ['AUTH-7']],
  audiences: [
    ['asked', alias],
    ['issuer', alias],
    ['either', alias],
  ],
  tokensDieWithSecret: [[false], [true], [true, { tokensDieWithClient: true }]],
  tokensDieWithClient: [[false], [true]],
  scopeChanges: [['immediate'], ['next-token']],
  usersMe: [['answers'], ['refuses']],
  botAppears: [['with-token'], ['with-client']],
  typeOfBots: [['user'], ['bot'], ['either', { unseenSpace: 'missing' }]],
  wrongTypeStatus: [[400], [404], [422, { typeOfBots: 'bot' }]],
  unseenSpace: [['forbidden'], ['missing']],
  usersMeRedirects: [[false], [true], [true, { usersMe: 'refuses' }]],
  nameOfTokenEvents: [['new'], ['old'], ['both']],
  usersOfTokenEvents: [['told'], ['not told'], ['not told', { nameOfTokenEvents: 'old' }]],
}

const exceptions: { [Name in keyof Settings]?: string } = {
  clock: 'of the sandbox itself',
  startAt: 'of the sandbox itself',
  tenantUrl: 'known to whoever probes',
  secretClockAhead: 'nothing of the tenant’s rules: clocks of one tenant that differ',
  maxClients: 'a limit: to find it would fill up the tenant',
  deletionOfBots: 'to find it would delete a user',
  maxTokensPerUser: 'a limit: to find it would use up the tokens',
  tier1PerMinute: 'a limit: to find it would get in others’ way',
  tier2PerMinute: 'a limit: to find it would get in others’ way',
  cursors: 'to find it would need more than a page of clients; the program reads again after a deletion',
  consentShown: 'the program asks, if the list does not show it',
  closed: 'of who asks, not of the tenant',
  strangers: 'entries that are passed over, whatever they are',
  githubUrl: 'of GitHub',
  strangeValues: 'of GitHub',
  wrongKey: 'of GitHub',
  stampDelay: 'of GitHub',
  githubDateAhead: 'of GitHub',
  readsBehind: 'the program looks again, however long it is',
  primaryPerHour: 'of GitHub',
  secondaryPointsPerMinute: 'of GitHub',
  githubLimitStatus: 'of GitHub',
  githubEdition: 'of GitHub',
  writesPerMinute: 'of GitHub',
  writesPerHour: 'of GitHub',
  tenantWritesPerMinute: 'a limit: to find it would get in others’ way',
  githubRetryAfter: 'of GitHub',
}

const cases = Object.entries(switches).flatMap(([name, values]) =>
  values.map(([value, besides]) => ({ name: name as keyof Settings, value, settings: { ...besides, [name]: value } })),
)

describe('every switch for an unknown', () => {
  it('is found by the probe, or excepted for a reason', () => {
    const covered = [...Object.keys(switches), ...Object.keys(exceptions)]
    expect(covered.sort()).toEqual(Object.keys(defaultSettings).sort())
    expect(facts.flatMap(({ settings }) => settings).sort()).toEqual(Object.keys(switches).sort())
  })

  it.each(cases)('$name: $value', async ({ name, value, settings }) => {
    const sandbox = await peopled(settings)
    const { result, report } = await probing(sandbox)
    const told = toldSettings(result)
    if (name !== 'issuer')
      expect(report).toContain(`\`${name}: ${typeof value === 'string' ? `'${value}'` : told[name]}\``)
    expect(told).toHaveProperty(name)
    // All else reads as it is, too: one switch is not taken for another.
    for (const [other, seen] of Object.entries(told)) {
      const actual = sandbox.settings[other as keyof Settings]
      if (!other.endsWith('Delay')) expect([other, seen]).toEqual([other, actual])
      else expect(seen, other).toSatisfy((it: number) => it >= Number(actual) && it <= Number(actual) * 1.5)
    }
    expect(result.answers.flatMap(({ untold }) => untold ?? []).filter((it) => it.includes(defect))).toEqual([])
    nothingIsLeft(sandbox, result)
  })

  it('is named as open where the tenant does not show it', async () => {
    const { report } = await probing(await tenant())
    expect(report).toMatch(/at least.*`pageLimit` open/)
    expect(report).toMatch(/not told.*`audiences` open/)
  })
})

describe('the report', () => {
  it.each([
    ['signed in by a key', undefined],
    ['signed in by a client', 'client'],
  ] as const)('has no secret, id, or name of the tenant, %s', async (_what, by) => {
    const sandbox = await peopled({ ...alias, audiences: 'either', untrustedCode: 'sandbox.eu.qlikcloud.com' })
    const { report, said, secrets, requests } = await probing(sandbox, undefined, by)
    const ids = [...sandbox.tenant.clients.keys(), ...sandbox.tenant.users.keys(), sandbox.tenant.tenantId]
    expect(secrets.size).toBeGreaterThan(15)
    expect([...sandbox.tenant.tokens.values()]).toEqual([])
    const spoken = `${report}\n${said.join('\n')}`
    expect(saysSecret(spoken, [...secrets, ...ids])).toEqual([])
    expect(spoken).not.toMatch(/sandbox\.eu|original|Maria|\bc0ffee/)
    expect(requests.map((request) => request.path).filter((it) => saysSecret(it, secrets).length > 0)).toEqual([])
  })

  it('quotes a tenant that quotes secrets, people and markup, without any of them', async () => {
    const sandbox = await tenant()
    const meddle: Meddle = (_index, { send }) =>
      send().then((answer) => {
        const secrets = [...sandbox.tenant.clients.values()].flatMap((client) => client.secrets)
        const detail = `${secrets.map(({ value, hint }) => `${value} ${hint}`).join()} a|b \n\`<b>\` @maria maria@acme.com sandbox`
        const body = JSON.stringify({ errors: [{ code: 'X-1', title: 'No', detail }] })
        return answer.status >= 400 && answer.status < 500 ? { ...answer, body } : answer
      })
    const { report, secrets } = await probing(sandbox, meddle)
    expect(saysSecret(report, secrets)).toEqual([])
    const hints = [...sandbox.tenant.clients.values()].flatMap((client) => client.secrets.map(({ hint }) => hint))
    expect(hints.filter((hint) => report.includes(hint))).toEqual([])
    expect(report).toContain('X-1, No')
    expect(report).not.toMatch(/[^`]<b>|@maria|acme\.com|a\|b/)
    for (const line of report.split('\n').filter((it) => it.startsWith('| '))) expect(line.split('|')).toHaveLength(6)
  })

  it('is the example of docs/probe.md', async () => {
    const sandbox = await tenant()
    sandbox.tenant.createAdminClient('Automation')
    const { report } = await probing(sandbox)
    const docs = readFileSync(path.join(import.meta.dirname, '../../docs/probe.md'), 'utf8')
    const rows = (text: string) => text.split('\n').filter((line) => /^\| [✓?] \|/.test(line))
    expect(rows(docs)).toEqual(rows(report))
  })
})

describe('a probe', () => {
  it('changes no client but its own, and leaves nothing', async () => {
    const sandbox = await peopled({})
    const before = others(sandbox)
    const { requests, result } = await probing(sandbox)
    nothingIsLeft(sandbox, result)
    expect(others(sandbox)).toEqual(before)
    const touched = requests.filter(({ method }) => method !== 'GET').map((request) => request.path)
    expect(touched.filter((at) => before.some(({ clientId }) => at.includes(clientId)))).toEqual([])
  })

  it('keeps well below the limits of the tenant', async () => {
    const sandbox = await peopled({
      ...alias,
      secretDelay: 40,
      consentDelay: 40,
      tier1PerMinute: 500,
      tier2PerMinute: 50,
    })
    const { requests, result } = await probing(sandbox)
    const writes = requests.filter(({ method }) => method !== 'GET')
    const perMinute = writes.map(({ at }) => writes.filter((other) => other.at > at - 60_000 && other.at <= at).length)
    expect(Math.max(...perMinute)).toBeLessThanOrEqual(25)
    expect(result.answers.filter(({ untold }) => untold !== undefined)).toEqual([])
    expect(sandbox.requests.filter(({ status }) => status === 429)).toEqual([])
  })

  it('has few clients and tokens at a time', async () => {
    const sandbox = await tenant({ maxClients: 3, maxTokensPerUser: 1 })
    const { result } = await probing(sandbox)
    expect(result.answers.flatMap(({ untold }) => untold ?? [])).toHaveLength(1)
  })

  it('creates nothing for somebody who may not', async () => {
    const sandbox = await peopled({})
    for (const status of [401, 403]) {
      const meddle: Meddle = () =>
        Promise.resolve({ status, headers: {}, body: '{"errors":[{"code":"X","title":"No"}]}' })
      const { requests, report } = await probing(sandbox, meddle)
      expect([requests.length, requests[0]!.method]).toEqual([1, 'GET'])
      expect(report).toContain(`${status}, X, No`)
    }
  })
})

const lost = () => Promise.reject(new TransportError('lost', 'the connection broke'))
const odd = (status: number, body: string) => ({ status, headers: { 'retry-after': '3' }, body })

/** What may happen at one request. */
const troubles: Record<string, ReturnType<typeof at>> = {
  'is lost': at(lost),
  'has its answer lost': at((act) => act.send().then(lost)),
  'is answered 500 and takes effect': at((act) => act.send().then(() => odd(500, '{}'))),
  'is answered with a page, and takes effect': at((act) => act.send().then(() => odd(200, '<html>'))),
  'comes too soon': at(() => Promise.resolve(odd(429, '{}'))),
  'is refused': at(() => Promise.resolve(odd(403, '{}'))),
  'meets Ctrl-C': at((act) => stopped(act).send()),
  'meets Ctrl-C, and its answer is lost': at((act) => stopped(act).send().then(lost)),
}

describe.each(Object.entries(troubles))('a probe of which any one request %s', (_what, trouble) => {
  it('leaves no client behind, touches no other, and says so', async () => {
    for (let n = 0, count = 1; n < count; n++) {
      const sandbox = await peopled({ ...alias, listDelay: n % 2 === 0 ? 0 : 20 })
      const before = others(sandbox)
      const { result, report, requests, secrets } = await probing(sandbox, trouble(n))
      count = Math.max(count, requests.length)
      // Of a creation without an answer that is never listed nobody can know more than that.
      const left = result.left.filter((it) => !it.startsWith('perhaps'))
      expect([n, sandbox.tenant.liveClients().length, left]).toEqual([n, before.length, []])
      expect(result.left.length).toBeLessThanOrEqual(1)
      expect([n, sandbox.tenant.spaces.all.size]).toEqual([n, 0])
      expect(others(sandbox)).toEqual(before)
      expect(report).not.toContain(defect)
      expect(saysSecret(report, secrets)).toEqual([])
    }
  }, 120_000)
})

describe('a probe that was stopped', () => {
  it.each(Object.entries(troubles))('cleans up although a request of the cleaning %s', async (_what, trouble) => {
    for (let n = 0; n < 8; n++) {
      const sandbox = await peopled({})
      let since = -1
      const { result } = await probing(sandbox, (index, act) => {
        // Two clients and a token are there by then.
        if (since < 0 && act.wire.path.endsWith('/client-secrets')) {
          since = index
          return stopped(act).send()
        }
        return since < 0 ? undefined : trouble(since + 1 + n)(index, act)
      })
      expect([n, result.stopped, sandbox.tenant.liveClients().length, result.left]).toEqual([n, true, 7, []])
    }
  })
})

describe('a probe that can’t clean up', () => {
  it.each([
    ['its key is refused', () => Promise.resolve(odd(401, '{}'))],
    ['the tenant is gone', lost],
  ])('says exactly what is left: %s from any request on', async (_what, answer) => {
    for (let n = 0, count = 1; n < count; n += 7) {
      const sandbox = await peopled({})
      const before = new Set(sandbox.tenant.liveClients().map(({ clientId }) => clientId))
      const { result, report } = await probing(sandbox, (index) => (index >= n ? answer() : undefined))
      count = 80
      const mine = sandbox.tenant.liveClients().filter(({ clientId }) => !before.has(clientId))
      for (const { clientId } of mine) expect(result.left.filter((it) => it.includes(clientId))).toHaveLength(1)
      // Beyond that, at most the one whose creation was under way.
      const unsure = result.left.filter((it) => it.startsWith('perhaps'))
      expect(result.left).toHaveLength(mine.length + unsure.length)
      if (result.left.length > 0) expect(report).toContain(`left behind: ${result.left.length}`)
    }
  })

  it('names a client of which it never got to know the id', async () => {
    const sandbox = await tenant()
    let creating = false
    const { result } = await probing(sandbox, (_index, { send }) => {
      creating ||= sandbox.tenant.clients.size > 0
      return creating ? lost() : send().then((answer) => (sandbox.tenant.clients.size > 0 ? lost() : answer))
    })
    expect(result.left[0]).toMatch(/^perhaps a client named “qlik-oauth-client probe c0ffee123456”/)
    expect(result.left.length).toBeLessThanOrEqual(3)
  })
})

describe('npm run probe', () => {
  const script = path.join(import.meta.dirname, '../../probe/main.ts')
  const run = (args: string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [script, ...args], {
      env: { PATH: process.env.PATH ?? '', ...env },
      encoding: 'utf8',
      input: '',
    })

  it('takes no credential as an argument, and does not repeat one', () => {
    const { status, stdout, stderr } = run(['--api-key=hush-hush'])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('QLIK_API_KEY')
    expect(stderr).not.toContain('hush')
  })

  it('cleans up on Ctrl-C, which a terminal sends to every process of npm', async () => {
    const { sandbox, tenantUrl, close } = await startSandbox()
    const env = { QLIK_TENANT: tenantUrl, QLIK_API_KEY: sandbox.tenant.issueApiKey({ admin: true }).value }
    const child = spawn(process.execPath, [script, '--yes'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const spoken: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => spoken.push(String(chunk)))
    sandbox.faults.onRequest = ({ method }) => {
      // The second one is Ctrl-C once more: npm and the wrapper around Node pass on what the terminal sends to all.
      if (method === 'PATCH' || method === 'DELETE') child.kill('SIGINT')
    }
    const [code] = await once(child, 'close')
    await close()
    expect([code, sandbox.tenant.liveClients()]).toEqual([130, []])
    expect(sandbox.tenant.clients.size).toBeGreaterThan(0)
    expect(spoken.join('')).toContain('All clients of this probe are removed')
    expect(spoken.join('')).toContain('it was stopped')
  })

  it('sends nothing before somebody agreed', async () => {
    const { sandbox, tenantUrl, close } = await startSandbox()
    const { value } = sandbox.tenant.issueApiKey({ admin: true })
    const { status, stdout, stderr } = run([], { QLIK_TENANT: tenantUrl, QLIK_API_KEY: value })
    await close()
    expect([status, stdout, sandbox.requests.length]).toEqual([1, '', 0])
    expect(stderr).toContain(`works on the tenant ${tenantUrl}`)
    expect(stderr).not.toContain(value)
  })

  it.each([
    ['acme.eu.qlikcloud.com', 'https://acme.eu.qlikcloud.com'],
    ['https://acme.us.qlikcloudgov.com/', 'https://acme.us.qlikcloudgov.com'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ])('goes to %s', (text, origin) => {
    expect(tenantOrigin(text)).toBe(origin)
  })

  it.each([
    ...['', 'http://acme.eu.qlikcloud.com', 'acme.example.com', 'https://acme.eu.qlikcloud.com.example.com'],
    ...['https://user@acme.eu.qlikcloud.com', 'https://acme.eu.qlikcloud.com/path', 'file:///etc', 'https://x:y'],
  ])('does not go to “%s”', (text) => {
    expect(() => tenantOrigin(text)).toThrow('The tenant must be')
  })
})

/** A tenant with clients of other people, some of which are named like the probe's. */
async function peopled(settings: Partial<Settings>): Promise<Sandbox> {
  const sandbox = await tenant(settings)
  const names = [
    'Maria’s',
    'qlik-oauth-client probe',
    'qlik-oauth-client probe c0ffee12345',
    'qlik-oauth-client probe x 2',
  ]
  for (const clientName of [...names, 'reports', 'reports', 'ETL'])
    sandbox.tenant.addClient({ clientName, allowedScopes: ['user_default'], description: 'kept', secrets: 2 })
  return sandbox
}

function others(sandbox: Sandbox) {
  return structuredClone(sandbox.tenant.liveClients().slice(0, 7))
}

function stopped<Act extends { stop: () => void }>(act: Act): Act {
  act.stop()
  return act
}

function toldSettings(result: Probing['result']): Partial<Settings> {
  return Object.assign({}, ...result.answers.map(({ settings }) => settings))
}

function nothingIsLeft(sandbox: Sandbox, result: Probing['result']): void {
  expect(result.left).toEqual([])
  expect(sandbox.tenant.liveClients()).toHaveLength(7)
  expect(sandbox.tenant.spaces.all.size).toBe(0)
}

function at(trouble: (act: Parameters<Meddle>[1]) => ReturnType<Meddle>): (n: number) => Meddle {
  return (n) => (index, act) => (index === n ? trouble(act) : undefined)
}
