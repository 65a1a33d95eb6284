import { readDescription } from '../../src/ledger/description.ts'
import { ledgerLine } from '../../src/ledger/ledger-codec.ts'
import type { ObservedClient } from '../../src/model/client.ts'
import type { Destination } from '../../src/model/destination.ts'
import type { Ledger } from '../../src/model/ledger-shape.ts'
import type { Outcome } from '../../src/report/outcome.ts'
import type { Actor, ClientSpec } from '../../src/spec/client-spec.ts'

/** Noon of some day, in epoch seconds: the tenant's time in tests of values. */
export const now = 1_793_600_000

export const here = { owner: 'acme', name: 'app', id: '123' }
export const actor: Actor = { repository: here, run: { id: '9', attempt: 1, process: 'p' } }

export const destination = {
  store: 'actions',
  repository: here,
  secretName: 'QLIK_CLIENT_SECRET',
  idName: 'QLIK_CLIENT_ID',
  idAs: 'variable',
} satisfies Destination
export const key = '123///QLIK_CLIENT_SECRET'

export function ledgerOf(more: Partial<Ledger> = {}): Ledger {
  return {
    version: 1,
    owner: { repository: '123', name: 'acme/app', client: 'deployer', origin: 'made' },
    current: { hint: 'aaaaa', since: now - 86_400 },
    retiring: {},
    suspects: {},
    destinations: { [key]: { hint: 'aaaaa', stamp: 500, id: 'variable:QLIK_CLIENT_ID' } },
    ...more,
  }
}

export function specOf(more: Partial<ClientSpec> = {}): ClientSpec {
  const name = more.name ?? 'deployer'
  return {
    name,
    state: 'present',
    fields: { name, scopes: ['user_default'] },
    consent: 'trusted',
    destinations: [destination],
    rotation: { grace: 86_400 },
    ...more,
  }
}

export function clientOf(more: Partial<Omit<ObservedClient, 'description'>> & { ledger?: Ledger; text?: string } = {}) {
  const { ledger, text, ...fields } = more
  const client: ObservedClient = {
    id: 'c1',
    name: 'deployer',
    appType: 'web',
    description: readDescription(text ?? (ledger === undefined ? '' : ledgerLine(ledger))),
    scopes: ['user_default'],
    grantTypes: ['client_credentials'],
    authMethods: ['client_secret'],
    redirectUris: [],
    allowedOrigins: [],
    consent: 'trusted',
    secrets: [{ hint: 'aaaaa', createdAt: now - 86_400, createdBy: 'us' }],
    createdAt: now - 86_400,
    shownToAdmin: true,
    ...fields,
  }
  return client
}

export function outcomeOf(more: Partial<Outcome> = {}): Outcome {
  return {
    name: 'deployer',
    mode: 'apply',
    clientId: 'c1',
    result: 'unchanged',
    changed: false,
    drift: false,
    steps: [],
    foreign: [],
    retiring: [],
    destinations: [destination],
    warnings: [],
    notes: [],
    now,
    ...more,
  }
}
