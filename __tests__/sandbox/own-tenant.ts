import { beforeEach } from 'vitest'
import { Sandbox } from '../../sandbox/sandbox.ts'
import type { Settings } from '../../sandbox/settings.ts'
import { type Answer, call } from './calls.ts'

// What tests of the tenant’s OAuth clients share: a sandbox for each test, and an administrator’s key.

export const path = '/api/v1/oauth-clients'

/** The sandbox of the test that is running, in files that call `eachTenant`, and the key of its administrator. */
export let sandbox: Sandbox
let bearer: string

export function eachTenant(): void {
  beforeEach(() => start())
}

/** A fresh sandbox, also in the midst of a test. */
export function start(settings: Partial<Settings> = {}): void {
  sandbox = new Sandbox({ clock: 'frozen', ...settings })
  signIn(true)
}

/** Requests are sent from now on by an administrator, or by somebody else. */
export function signIn(admin: boolean): void {
  bearer = sandbox.tenant.issueApiKey({ admin }).value
}

export function send(method: string, at: string, content?: unknown, headers: Record<string, string> = {}): Answer {
  return call(sandbox, 'tenant', method, at, { bearer, headers, ...(content === undefined ? {} : { body: content }) })
}

export function create(extra: object = {}): Answer {
  const usual = { appType: 'web', clientName: 'etl', allowedGrantTypes: ['client_credentials'] }
  return send('POST', path, { ...usual, allowedScopes: ['apps'], ...extra })
}
