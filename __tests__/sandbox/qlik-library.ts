import { createQlikApi } from '@qlik/api'
import { afterAll, beforeAll } from 'vitest'
import { type StartedSandbox, startSandbox } from '../../sandbox/server.ts'

// What tests with Qlik’s own library share: a sandbox for each file, and ways to sign in there.

type Api = ReturnType<typeof createQlikApi>

/** The sandbox of the file that is running, if it calls `eachFile`. */
export let started: StartedSandbox

/** Answers to GET are cached by default in this library. */
export const fresh = { noCache: true }

export function eachFile(): void {
  beforeAll(async () => {
    started = await startSandbox()
  })
  afterAll(() => started.close())
}

export function byKey(admin = true): Api {
  const apiKey = started.sandbox.tenant.issueApiKey({ admin }).value
  return createQlikApi({ hostConfig: { authType: 'apikey', host: started.tenantUrl, apiKey } })
}

/** `scope`: what to ask for; by default all that the client may do. */
export function as(login: { clientId: string; clientSecret: string; scope?: string }): Api {
  return createQlikApi({ hostConfig: { authType: 'oauth2', host: started.tenantUrl, noCache: true, ...login } })
}
